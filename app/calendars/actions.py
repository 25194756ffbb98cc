"""Making calendars and editing their hours; every edit is a new version.

Whose right this is stands with the pages and actions of higher rooms: this room knows no people.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import holidays as holiday_library
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.calendars.models import CalendarVersion, WorkingCalendar
from app.calendars.queries import NEW_VERSION, CalendarRow
from app.calendars.rules import BadCalendar, Calendar, needs_open_hours
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction

Windows = Mapping[str, Sequence[Sequence[str]]]

_SAID = ("time_zone", "windows", "country", "holidays", "special")
ADDED = audit.declare("calendar:add", "code", "name", *_SAID, sentence=_l("added a calendar"))
CHANGED = audit.declare("calendar:change", "number", *_SAID, sentence=_l("changed working hours"))

# Holidays are written into a version for these years around its making.
YEARS_BACK, YEARS_AHEAD = 2, 3

_SENTENCES = {
    "weekday": _l("“%(value)s” is no day of the week."),
    "windows": _l("Write the hours as opening and closing times."),
    "window": _l("Write the hours as opening and closing times."),
    "time": _l("“%(value)s” is no time of day, e.g. 09:00 or 24:00."),
    "overlap": _l("Two windows of one day overlap."),
    "zone": _l("“%(value)s” is no time zone, e.g. Europe/London."),
    "date": _l("“%(value)s” is no date, e.g. 2026-12-25."),
    "never-open": _l("These hours never open within the next 366 days."),
}
_FIELDS = {"zone": "zone", "date": "holidays"}
OWN_DAYS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Hours:
    """What somebody typed as working hours. own_holidays: closed dates and their names; special: dates with own hours.

    special: {"2026-12-24": {"name": "Christmas Eve", "windows": [["09:00", "12:00"]]}}.
    """

    zone: str
    windows: Windows
    country: str | None = None
    subdivision: str | None = None
    own_holidays: Mapping[str, str] | None = None
    special: Mapping[str, Mapping[str, Any]] | None = None


def add_calendar(
    *,
    code: str,
    name: str,
    zone: str,
    windows: Windows,
    country: str | None = None,
    subdivision: str | None = None,
    own_holidays: Mapping[str, str] | None = None,
    special: Mapping[str, Mapping[str, Any]] | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """Make a calendar with its first version and return its id. Raises BadInput."""
    typed = Hours(zone, windows, country, subdivision, own_holidays, special)
    hours, closed = checked(typed, now)
    with transaction():
        if db.session.scalar(select(WorkingCalendar.id).where(WorkingCalendar.code == code)) is not None:
            raise BadInput({"code": [_("A calendar with this code exists.")]})
        calendar = WorkingCalendar(code=code, name=name, created_at=now)
        db.session.add(calendar)
        db.session.flush()
        _add_version(calendar.id, 1, typed, hours, closed, now)
        said = {**_said(typed, hours, closed), "code": code, "name": name}
        audit.record(ADDED, subject=ref("calendar", calendar.id), actor=actor, at=now, **said)
        return calendar.id


def change_hours(
    *,
    calendar_id: int,
    number: int,
    zone: str,
    windows: Windows,
    country: str | None = None,
    subdivision: str | None = None,
    own_holidays: Mapping[str, str] | None = None,
    special: Mapping[str, Mapping[str, Any]] | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """Add a version and return its id; `number` is the version that was edited. Clocks that run keep theirs.

    Raises BadInput, NotFound, or Conflict when somebody else edited first.
    """
    typed = Hours(zone, windows, country, subdivision, own_holidays, special)
    hours, closed = checked(typed, now)
    with transaction():
        locked = select(WorkingCalendar.id).where(WorkingCalendar.id == calendar_id).with_for_update()
        if db.session.scalar(locked) is None:
            raise NotFound()
        newest = db.session.scalar(
            select(func.max(CalendarVersion.number)).where(CalendarVersion.calendar_id == calendar_id)
        )
        if newest != number:
            raise Conflict()
        version = _add_version(calendar_id, number + 1, typed, hours, closed, now)
        said = {**_said(typed, hours, closed), "number": number + 1}
        audit.record(CHANGED, subject=ref("calendar", calendar_id), actor=actor, at=now, **said)
        return version.id


def checked(typed: Hours, now: datetime) -> tuple[Calendar, dict[str, str]]:
    """The hours as they would count, and every closed date with its name; writes nothing. Raises BadInput."""
    closed = _holidays(typed.country, typed.subdivision, typed.own_holidays, now)
    own = {day: found["windows"] for day, found in (typed.special or {}).items()}
    if len(own) > OWN_DAYS_MAX or len(closed) > OWN_DAYS_MAX:
        raise BadInput({"holidays": [_("At most %(count)s days.", count=OWN_DAYS_MAX)]})
    try:
        for day in own:
            Calendar.parse({}, "Etc/UTC", (), {day: own[day]})
    except BadCalendar as problem:
        raise BadInput({"special": [_sentence(problem)]}) from problem
    try:
        hours = Calendar.parse(typed.windows, typed.zone, closed, own)
        needs_open_hours(hours, now)
    except BadCalendar as problem:
        raise BadInput({_FIELDS.get(problem.code, "windows"): [_sentence(problem)]}) from problem
    return hours, closed


def _sentence(problem: BadCalendar) -> str:
    return str(_SENTENCES[problem.code]) % {"value": problem.value}


def _said(typed: Hours, hours: Calendar, closed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "time_zone": typed.zone,
        "windows": hours.json(),
        "country": typed.country,
        "holidays": sorted(closed),
        "special": sorted(typed.special or {}),
    }


def _add_version(
    calendar_id: int, number: int, typed: Hours, hours: Calendar, closed: Mapping[str, str], now: datetime
) -> CalendarVersion:
    version = CalendarVersion(
        calendar_id=calendar_id,
        number=number,
        time_zone=hours.zone,
        country=typed.country,
        subdivision=typed.subdivision,
        windows=hours.json(),
        holidays=dict(closed),
        special={day: dict(own) for day, own in (typed.special or {}).items()},
        created_at=now,
    )
    db.session.add(version)
    db.session.flush()
    db.session().info[NEW_VERSION] = True
    return version


def own_days(row: CalendarRow) -> dict[str, str]:
    """The closing days of a version that its country's public holidays do not explain."""
    public = _holidays(row.country, row.subdivision, None, row.created_at)
    return {day: name for day, name in row.holidays.items() if public.get(day) != name}


def _holidays(
    country: str | None, subdivision: str | None, own: Mapping[str, str] | None, now: datetime
) -> dict[str, str]:
    """Public holidays of a country and its part for the years around now, and the company's own days."""
    found: dict[str, str] = {}
    if country:
        years = range(now.year - YEARS_BACK, now.year + YEARS_AHEAD + 1)
        try:
            public = holiday_library.country_holidays(country, subdiv=subdivision or None, years=years)
        except NotImplementedError:
            raise BadInput({"country": [_("The holidays of this country or region are not known.")]}) from None
        found = {day.isoformat(): name for day, name in sorted(public.items())}
    for day, name in (own or {}).items():
        try:
            found[date.fromisoformat(day).isoformat()] = name
        except ValueError:
            raise BadInput({"holidays": [str(_SENTENCES["date"]) % {"value": day}]}) from None
    return found
