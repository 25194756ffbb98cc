"""Who is away and who stands in, who decides when nobody else can, and which accounts belong to one person."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class Absence(Base):
    """Somebody is away from `from_at` (inclusive) to `to_at` (exclusive), with or without a stand-in.

    The stand-in decides under their own name on behalf of the absent one, only inside the period, only what the absent
    one might decide, at most `amount_minor_max`, only at `site_id` when one is named.
    """

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("to_at > from_at", name="period"),
        CheckConstraint("stand_in_id IS NULL OR stand_in_id <> employee_id", name="stand_in"),
        CheckConstraint("(amount_minor_max IS NULL) = (currency IS NULL)", name="amount"),
        Index("ix_absence_employee", "employee_id", "to_at"),
        Index("ix_absence_stand_in", "stand_in_id", "to_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    from_at: Mapped[datetime] = mapped_column(UTCDateTime)
    to_at: Mapped[datetime] = mapped_column(UTCDateTime)
    stand_in_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    amount_minor_max: Mapped[int | None] = mapped_column(BigId)
    currency: Mapped[str | None] = mapped_column(String(3))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class FallbackDecider(Base):
    """Who decides at a site when nobody of a step is there."""

    __tablename__ = "fallback_decider"

    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"), primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)


class SecondAccount(Base):
    """An account that belongs to the same person as another one; `same_as_id` is never itself a second account."""

    __tablename__ = "second_account"
    __table_args__ = (CheckConstraint("employee_id <> same_as_id", name="other"),)

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    same_as_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)


class CalendarFeed(Base):
    """Where a person's own calendar says that they are out, and who then stands in. Of the calendar itself nothing is kept.

    url: a private address of the calendar; None when only files were uploaded. next_at: when it is read again.
    failure: why the last reading did not work (not_reached, no_answer, refused, unreadable, big, not_taken: its
    times were refused), None when it did.
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (
        CheckConstraint("stand_in_id IS NULL OR stand_in_id <> employee_id", name="stand_in"),
        CheckConstraint("url IS NOT NULL OR next_at IS NULL", name="url"),
        Index("ix_calendar_feed_next", "next_at", "employee_id"),
    )

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    url: Mapped[str | None] = mapped_column(Text)
    stand_in_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure: Mapped[str | None] = mapped_column(String(20))
    failure_count: Mapped[int] = mapped_column(BigId, default=0)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CalendarAbsence(Base):
    """An absence that came from a calendar. `entry` is a hash of the entry's own key, never its text."""

    __tablename__ = "calendar_absence"
    __table_args__ = (Index("ix_calendar_absence_entry", "employee_id", "entry"),)

    absence_id: Mapped[int] = mapped_column(BigId, ForeignKey("absence.id"), primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    entry: Mapped[str] = mapped_column(String(64))
