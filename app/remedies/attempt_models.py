"""What somebody wanted to give and the policy refused: nothing came of it, but another policy may be tried on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only


class RefusedOffer(Base):
    """One refused attempt. `decision` is the judge's whole answer with all that it depended on, as remedies keep it."""

    __tablename__ = "refused_offer"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount"),
        Index("ix_refused_offer_site", "site_id", "at"),
        Index("ix_refused_offer_case", "case_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    customer_id: Mapped[int | None] = mapped_column(BigId)
    employee_id: Mapped[int | None] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId)
    team_id: Mapped[int | None] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(40))
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    decision: Mapped[dict[str, Any]] = mapped_column(JSONText)
    policy_version_id: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(RefusedOffer.__table__, keys=("id",))  # type: ignore[arg-type]
