"""What the kernel itself keeps: how much was asked lately, by whom."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class RequestCount(Base):
    """Requests of one key in its newest minute and in the one before; a technical table. Keys are hashed."""

    __tablename__ = "request_count"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    minute: Mapped[int] = mapped_column(BigId, index=True)  # whole minutes since 1970
    now_count: Mapped[int] = mapped_column(BigId)
    before_count: Mapped[int] = mapped_column(BigId)
