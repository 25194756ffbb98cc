"""Which reports come by mail, and when one is due. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.calendars.rules import Calendar, instant, next_open

EVERY = ("weekly", "monthly")
FORMS = ("none", "csv", "pdf")
# After a standstill so many of the newest missed periods are sent, each once; the older ones are let go.
MISSED_MAX = 4
WISHES_MAX = 20
REPORTS: dict[str, tuple[str, ...]] = {
    "overview": (
        "own-authority", "approval-wait", "clocks-kept", "exceptions", "recovery", "response", "reopened", "follow-up", "due",
    ),
    "desk": (
        "under-use", "discretion-utilisation", "threshold-hugging", "split-spending", "approval-wait", "waiting-sum",
        "promise-kept", "told-before-miss", "follow-up", "due",
    ),
}  # fmt: skip
NEEDS = {"overview": "metrics.read", "measure": "metrics.read", "desk": "exceptions.decide"}
"""Report → the permission that its reader has to have when it is sent."""


def measures_of(report: str, measure: str | None) -> tuple[str, ...]:
    """What stands in a report, in its order."""
    return (measure,) if report == "measure" and measure else REPORTS[report]


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a report. key: 2026-W47 or 2026-11; due_at: when it is sent, and where its figures end."""

    key: str
    due_at: datetime


def due_at(every: str, key_day: date, day: int, hour: int, zone: ZoneInfo, hours: Calendar) -> datetime:
    """When the period around a day is due: at the hour on the wall of the site, or at the next opening after it.

    Worked value: Mondays at 07:00 where the desk opens at 09:00 is Mondays at 09:00; on a holiday the next day at 09:00.
    """
    if every == "weekly":
        on = key_day - timedelta(days=key_day.weekday()) + timedelta(days=day - 1)
    else:
        on = key_day.replace(day=day)
    at = instant(on, hour * 3_600, zone)
    return next_open(at, hours) or at


def periods_due(
    every: str, day: int, hour: int, zone: ZoneInfo, hours: Calendar, *, since: datetime, now: datetime,
    done: Collection[str] = (),
) -> list[Period]:  # fmt: skip
    """The newest MISSED_MAX periods that are due after `since` and at or before now and were not taken up, oldest first."""
    found: list[Period] = []
    key_day = now.astimezone(zone).date() + timedelta(days=1)
    seen: set[str] = set()
    while len(seen) <= MISSED_MAX + 1:
        key = _key(every, key_day)
        if key not in seen:
            seen.add(key)
            at = due_at(every, key_day, day, hour, zone, hours)
            if since < at <= now and key not in done and len(seen) <= MISSED_MAX + 1:
                found.append(Period(key, at))
        key_day -= timedelta(days=7 if every == "weekly" else key_day.day)
    return found[:MISSED_MAX][::-1]


def _key(every: str, on: date) -> str:
    year, week, _day = on.isocalendar()
    return f"{year}-W{week:02d}" if every == "weekly" else f"{on:%Y-%m}"


def next_due(every: str, day: int, hour: int, zone: ZoneInfo, hours: Calendar, now: datetime) -> datetime:
    """When the report comes next."""
    on = now.astimezone(zone).date()
    for _try in range(3):
        at = due_at(every, on, day, hour, zone, hours)
        if at > now:
            return at
        on = on + timedelta(days=7) if every == "weekly" else (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    raise AssertionError("every week and month has its day")
