"""The switch of the risk score. The score itself is kept nowhere: it is worked out when somebody looks."""

from datetime import datetime

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only


class RiskSwitch(Base):
    """The score was turned on or off for the whole company; the newest row holds, and without one it is off."""

    __tablename__ = "risk_switch"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[intpk]
    is_on: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int | None] = mapped_column(BigId)


append_only(RiskSwitch.__table__, keys=("id",))  # type: ignore[arg-type]
