"""Reading calendars. Versions never change, so each application keeps the ones it has read."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from app.calendars.models import CalendarVersion, WorkingCalendar
from app.calendars.rules import Calendar
from app.kernel.database import db

NEW_VERSION = "makegood_new_calendar_version"
_KEPT_MAX = 2_000


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One calendar with what its newest version says."""

    id: int
    code: str
    name: str
    version_id: int
    number: int
    time_zone: str
    country: str | None
    subdivision: str | None
    windows: dict[str, list[list[str]]]
    holidays: dict[str, str]
    created_at: datetime


def newest_version_id(calendar_id: int | None) -> int | None:
    """The version that new clocks of this calendar use."""
    if calendar_id is None:
        return None
    return db.session.scalar(
        select(CalendarVersion.id)
        .where(CalendarVersion.calendar_id == calendar_id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
    )


def calendar_of(version_id: int | None) -> Calendar:
    """The hours of a version; without one every second counts."""
    if version_id is None:
        return _AROUND_THE_CLOCK
    kept: dict[int, Calendar] = current_app.extensions.setdefault("makegood_calendars", {})
    found = kept.get(version_id)
    if found is None:
        row = db.session.execute(
            select(CalendarVersion.time_zone, CalendarVersion.windows, CalendarVersion.holidays).where(
                CalendarVersion.id == version_id
            )
        ).one()
        found = Calendar.parse(row.windows, row.time_zone, row.holidays)
        # A version made in this very transaction may still be rolled back, and its number given again.
        if not db.session().info.get(NEW_VERSION):
            if len(kept) >= _KEPT_MAX:
                kept.clear()
            kept[version_id] = found
    return found


def calendars() -> list[CalendarRow]:
    """Every calendar with its newest version, by name."""
    newest = (
        select(CalendarVersion.id)
        .where(CalendarVersion.calendar_id == WorkingCalendar.id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
        .correlate(WorkingCalendar)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(WorkingCalendar, CalendarVersion)
        .join(CalendarVersion, CalendarVersion.id == newest)
        .order_by(WorkingCalendar.name, WorkingCalendar.id)
    )
    return [_row(calendar, version) for calendar, version in rows]


def calendar(calendar_id: int) -> CalendarRow | None:
    """One calendar with its newest version."""
    row = db.session.execute(
        select(WorkingCalendar, CalendarVersion)
        .join(CalendarVersion, CalendarVersion.calendar_id == WorkingCalendar.id)
        .where(WorkingCalendar.id == calendar_id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
    ).first()
    return _row(row[0], row[1]) if row else None


def _row(calendar: WorkingCalendar, version: CalendarVersion) -> CalendarRow:
    return CalendarRow(
        calendar.id,
        calendar.code,
        calendar.name,
        version.id,
        version.number,
        version.time_zone,
        version.country,
        version.subdivision,
        version.windows,
        version.holidays,
        version.created_at,
    )


_AROUND_THE_CLOCK = Calendar.around_the_clock()
