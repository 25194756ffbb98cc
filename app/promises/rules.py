"""Which promises may be made: the date lies in working hours, and within what the maker may promise. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.calendars.rules import Calendar, due, elapsed, next_open

# How many working days ahead a role may promise; a working day is a local date with open hours.
DAYS_MAX: Mapping[str, int] = {"frontline": 10, "supervisor": 30, "manager": 90}
TEXT_MAX = 500
NAME_MAX = 120
_HORIZON = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Fine:
    """The promise may be made; `seconds` of working time lie before it."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not. why: past, closed (nobody is there then), opening (the desk only opens then) or far.

    instead: the nearest instant that would do.
    """

    why: str
    instead: datetime | None = None
    days_max: int = 0


def judge(made_at: datetime, due_at: datetime, calendar: Calendar, role: str | None) -> Fine | Refused:
    """Check a promised instant against the keeper's hours and the maker's authority.

    Worked value: on Friday 16:00 in Mon-Fri 09-17, Sunday noon is refused and Friday 17:00 offered instead.
    """
    made_at, due_at = made_at.replace(microsecond=0), due_at.replace(microsecond=0)
    if due_at <= made_at:
        return Refused("past")
    if due_at > made_at + _HORIZON:
        return Refused("far", None, DAYS_MAX.get(role or "", max(DAYS_MAX.values())))
    seconds = elapsed(made_at, due_at, calendar)
    fits = due(made_at, seconds, calendar) if seconds else None
    if fits != due_at and next_open(due_at, calendar) == due_at:
        return Refused("opening", due_at + timedelta(minutes=30))
    if fits != due_at:
        return Refused("closed", fits if fits is not None and fits > made_at else next_open(due_at, calendar))
    days_max = DAYS_MAX.get(role or "", max(DAYS_MAX.values()))
    if working_days(made_at, due_at, calendar) > days_max:
        return Refused("far", None, days_max)
    return Fine(seconds)


def working_days(made_at: datetime, due_at: datetime, calendar: Calendar) -> int:
    """Working dates after the day on which it is made, up to the promised day."""
    day, last, count = calendar.local_date(made_at), calendar.local_date(due_at), 0
    while day < last:
        day += timedelta(days=1)
        count += calendar.is_working_day(day)
    return count


def state(due_at: datetime, kept_at: datetime | None, withdrawn_at: datetime | None, now: datetime) -> str:
    """open, kept, late (kept after it was due), missed (due and not kept) or withdrawn. On the instant is in time."""
    if withdrawn_at is not None:
        return "withdrawn"
    if kept_at is not None:
        return "kept" if kept_at <= due_at else "late"
    return "missed" if now > due_at else "open"
