"""What the next days look like under some hours: for the editor, before anything is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from app.calendars.rules import Calendar, Segment

PREVIEW_DAYS = 14


@dataclass(frozen=True, slots=True)
class PreviewDay:
    """One local day. kind: usual, special (hours of its own), holiday, closed or changed (the clocks are changed on it).

    seconds is what counts, as long as the day really is.
    """

    on: date
    open: tuple[Segment, ...]
    seconds: int
    kind: str
    name: str


def preview(calendar: Calendar, first: date, names: Mapping[str, str], *, days: int = PREVIEW_DAYS) -> list[PreviewDay]:
    """The days from `first` on. names: of closed and special dates, by ISO date."""
    return [_day(calendar, first + timedelta(days=n), names) for n in range(days)]


def _day(calendar: Calendar, day: date, names: Mapping[str, str]) -> PreviewDay:
    stretches = calendar.segments(day)
    seconds = sum(int((closes - opens).total_seconds()) for opens, closes in stretches)
    walls = sum(closes - opens for opens, closes in calendar.windows_on(day))
    if day in calendar.special:
        kind = "special" if stretches else "closed"
    elif not stretches:
        kind = "holiday" if day in calendar.holidays and calendar.windows[day.weekday()] else "closed"
    else:
        kind = "usual" if seconds == walls else "changed"
    return PreviewDay(day, stretches, seconds, kind, names.get(day.isoformat(), ""))
