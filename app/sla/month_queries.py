"""The month of due dates: how many open clocks of a place are due on each local day."""

from calendar import monthrange
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.calendars.rules import Calendar, instant
from app.kernel.database import db
from app.sla.models import Clock

CLOCKS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class MonthDay:
    """One local day: how many clocks are due on it, how many of them are late by now, whether the desk is open."""

    on: date
    due_count: int
    late_count: int
    is_open: bool
    in_month: bool


@dataclass(frozen=True, slots=True)
class Month:
    """Weeks from Monday. is_cut: there were more than CLOCKS_MAX clocks, and the rest isn't counted."""

    first: date
    weeks: tuple[tuple[MonthDay, ...], ...]
    is_cut: bool


def month(first: date, *, site_id: int, team_id: int | None, calendar: Calendar, zone: str, now: datetime) -> Month:
    """The month that begins on `first`, with the days of other months that fill its weeks."""
    last = first.replace(day=monthrange(first.year, first.month)[1])
    begin, end = first - timedelta(days=first.weekday()), last + timedelta(days=6 - last.weekday())
    place = ZoneInfo(zone)
    wanted = select(Clock.due_at).where(
        Clock.stopped_at.is_(None),
        Clock.cancelled_at.is_(None),
        ~Clock.historic,
        Clock.site_id == site_id,
        Clock.due_at >= instant(begin, 0, place),
        Clock.due_at < instant(end + timedelta(days=1), 0, place),
    )
    if team_id is not None:
        wanted = wanted.where(Clock.team_id == team_id)
    found = list(db.session.scalars(wanted.order_by(Clock.due_at, Clock.id).limit(CLOCKS_MAX + 1)))
    due, late = Counter[date](), Counter[date]()
    for due_at in found[:CLOCKS_MAX]:
        assert due_at is not None
        day = due_at.astimezone(place).date()
        due[day] += 1
        late[day] += due_at < now
    days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    rows = [MonthDay(day, due[day], late[day], calendar.is_working_day(day), first <= day <= last) for day in days]
    return Month(first, tuple(tuple(rows[n : n + 7]) for n in range(0, len(rows), 7)), len(found) > CLOCKS_MAX)
