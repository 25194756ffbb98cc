"""Checking back: whom somebody will ask, when and how, whether it is all right now."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

_OPEN = text("done_at IS NULL")
_UNTOLD = text("done_at IS NULL AND reminded_at IS NULL")


class CheckBack(Base):
    """A task to ask a customer again, e.g. by telephone on Tuesday; done with a note of what they said."""

    __tablename__ = "check_back"
    __table_args__ = (
        CheckConstraint("channel IN ('phone','email','letter','desk')", name="channel"),
        CheckConstraint("(done_at IS NULL) = (note IS NULL)", name="done"),
        Index("ix_check_back_owner", "owner_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_check_back_site", "site_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_check_back_remind", "due_at", "id", sqlite_where=_UNTOLD, postgresql_where=_UNTOLD),
        Index("ix_check_back_customer", "customer_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case_file.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    channel: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(300))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    planned_at: Mapped[datetime] = mapped_column(UTCDateTime)
    planned_by_id: Mapped[int | None] = mapped_column(BigId)
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by_id: Mapped[int | None] = mapped_column(BigId)
    note: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(BigId, default=1)
