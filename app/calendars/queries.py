"""Reading calendars. Versions never change, so each application keeps the ones it has read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    special: dict[str, Any] = field(default_factory=dict)

    @property
    def hours(self) -> Calendar:
        """What this version says, ready to count with."""
        return calendar_of(self.version_id)


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
            select(
                CalendarVersion.time_zone, CalendarVersion.windows, CalendarVersion.holidays, CalendarVersion.special
            ).where(CalendarVersion.id == version_id)
        ).one()
        own = {day: own["windows"] for day, own in (row.special or {}).items()}
        found = Calendar.parse(row.windows, row.time_zone, row.holidays, own)
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


def versions(calendar_id: int) -> list[CalendarRow]:
    """Every version of one calendar, the newest first."""
    rows = db.session.execute(
        select(WorkingCalendar, CalendarVersion)
        .join(CalendarVersion, CalendarVersion.calendar_id == WorkingCalendar.id)
        .where(WorkingCalendar.id == calendar_id)
        .order_by(CalendarVersion.number.desc())
        .limit(50)
    )
    return [_row(calendar, version) for calendar, version in rows]


def names_of(version_ids: Iterable[int | None]) -> dict[int, dict[str, str]]:
    """What the closed and special days of these versions are called, by version and date; one query."""
    wanted = {version_id for version_id in version_ids if version_id is not None}
    if not wanted:
        return {}
    rows = db.session.execute(
        select(CalendarVersion.id, CalendarVersion.holidays, CalendarVersion.special).where(
            CalendarVersion.id.in_(wanted)
        )
    )
    return {row.id: {**row.holidays, **{day: own["name"] for day, own in (row.special or {}).items()}} for row in rows}


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
        version.special or {},
    )


_AROUND_THE_CLOCK = Calendar.around_the_clock()
