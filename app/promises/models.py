"""Promises to customers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

_OPEN = text("kept_at IS NULL AND withdrawn_at IS NULL")


class Promise(Base):
    """Something a customer was told will happen, by when, and who keeps it; its clock runs in the sla room.

    broken_at: when it was due and had not been kept; a promise kept later stays broken. told_at: when the customer
    heard, before it was due, that it would not be kept.
    """

    __tablename__ = "promise"
    __table_args__ = (
        Index("ix_promise_case", "case_id", "id"),
        Index("ix_promise_keeper", "keeper_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_promise_site", "site_id", "due_at", "id"),
        CheckConstraint("due_at > made_at", name="ahead"),
        CheckConstraint("kept_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId)
    case_ref: Mapped[str] = mapped_column(String(30))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId)
    keeper_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    made_by_id: Mapped[int | None] = mapped_column(BigId)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    what: Mapped[str] = mapped_column(String(500))
    told_to: Mapped[str] = mapped_column(String(120))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    kept_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    kept_by_id: Mapped[int | None] = mapped_column(BigId)
    broken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_by_id: Mapped[int | None] = mapped_column(BigId)
    told_note: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(BigId, default=1)
