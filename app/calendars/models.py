"""Calendars and their versions. An edit makes a new version; a version never changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only


class WorkingCalendar(Base):
    """A set of working hours with a name; what it says at a time stands in its versions."""

    __tablename__ = "calendar"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CalendarVersion(Base):
    """What the hours were from one edit to the next.

    windows: {"mon": [["09:00", "17:00"]]}. holidays: {"2026-12-25": "Christmas Day"}. special: {"2026-12-24":
    {"name": "Christmas Eve", "windows": [["09:00", "12:00"]]}}, None in old versions. Numbers rise by one under the lock
    of the calendar's row; a unique pair would let SQLite's REPLACE remove an old version.
    """

    __tablename__ = "calendar_version"
    __table_args__ = (Index("ix_calendar_version_calendar", "calendar_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    calendar_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendar.id"))
    number: Mapped[int] = mapped_column(BigId)
    time_zone: Mapped[str] = mapped_column(String(60))
    country: Mapped[str | None] = mapped_column(String(2))
    subdivision: Mapped[str | None] = mapped_column(String(10))
    windows: Mapped[dict[str, Any]] = mapped_column(JSONText)
    holidays: Mapped[dict[str, str]] = mapped_column(JSONText)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    special: Mapped[dict[str, Any] | None] = mapped_column(JSONText)


append_only(CalendarVersion.__table__, keys=("id",))  # type: ignore[arg-type]
