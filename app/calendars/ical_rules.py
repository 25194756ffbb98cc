"""Closed days from a calendar file (iCalendar, RFC 5545). Only whole days count: a meeting in a feed closes no desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from icalendar import Calendar as CalendarFile

BYTES_MAX = 1_000_000
DAYS_MAX = 1_000
NAME_MAX = 80


class BadFile(ValueError):
    """Not a calendar file, or too big; `code` is unreadable, big or many."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class FoundDays:
    """The closed dates of a file by ISO date, and how many entries were left out because they are no whole days."""

    days: dict[str, str] = field(default_factory=dict)
    skipped_count: int = 0


def closed_days(content: bytes, *, first: date, last: date) -> FoundDays:
    """Read the whole-day entries that lie in [first, last], both included; yearly ones are repeated.

    An entry that was cancelled, that has a time of day, or that repeats in another way than yearly is counted as skipped.
    """
    if len(content) > BYTES_MAX:
        raise BadFile("big")
    try:
        entries = CalendarFile.from_ical(content).walk("VEVENT")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise BadFile("unreadable") from problem
    days: dict[str, str] = {}
    skipped = 0
    for entry in entries:
        found = _days_of(entry, first, last)
        if found is None:
            skipped += 1
            continue
        name = " ".join(str(entry.get("SUMMARY") or "").split())[:NAME_MAX]
        for day in found:
            days.setdefault(day.isoformat(), name or day.isoformat())
        if len(days) > DAYS_MAX:
            raise BadFile("many")
    return FoundDays(dict(sorted(days.items())), skipped)


def _days_of(entry: Any, first: date, last: date) -> list[date] | None:
    begins = getattr(entry.get("DTSTART"), "dt", None)
    if (
        not isinstance(begins, date)
        or isinstance(begins, datetime)
        or str(entry.get("STATUS", "")).upper() == "CANCELLED"
    ):
        return None
    length = _length(entry, begins)
    starts = _starts(entry.get("RRULE"), begins, last)
    if length is None or starts is None:
        return None
    left_out = _left_out(entry)
    days = [start + timedelta(days=n) for start in starts if start not in left_out for n in range(length)]
    return [day for day in days if first <= day <= last]


def _length(entry: Any, begins: date) -> int | None:
    """Whole days; the end of a whole-day entry is the day after it."""
    ends = getattr(entry.get("DTEND"), "dt", None)
    if ends is None:
        lasts = getattr(entry.get("DURATION"), "dt", None)
        return min(max(lasts.days, 1), 400) if isinstance(lasts, timedelta) else 1
    if isinstance(ends, datetime) or not isinstance(ends, date):
        return None
    return min(max((ends - begins).days, 1), 400)


def _starts(repeats: Any, begins: date, last: date) -> list[date] | None:
    if not repeats:
        return [begins]
    known = {"FREQ", "COUNT", "UNTIL", "INTERVAL", "BYMONTH", "BYMONTHDAY"}
    if [str(value).upper() for value in repeats.get("FREQ", [])] != ["YEARLY"] or set(repeats) - known:
        return None
    if repeats.get("BYMONTH", [begins.month]) != [begins.month] or repeats.get("BYMONTHDAY", [begins.day]) != [
        begins.day
    ]:
        return None
    step, count = int(repeats.get("INTERVAL", [1])[0]), int(repeats.get("COUNT", [10_000])[0])
    until = _day(repeats["UNTIL"][0]) if repeats.get("UNTIL") else last
    years = range(begins.year, min(until, last).year + 1, max(step, 1))
    found = [day for year in years if (day := _in_year(begins, year)) is not None][:count]
    return [day for day in found if day <= until]


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return None


def _left_out(entry: Any) -> set[date]:
    given = entry.get("EXDATE") or []
    groups = given if isinstance(given, list) else [given]
    return {_day(moment.dt) for group in groups for moment in group.dts}


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value
