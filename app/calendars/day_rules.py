"""Deadlines that count dates instead of seconds: business days and calendar months, one named rule each.

The names say what is done, in order; regulators and companies use all of them. Worked value: the third business day
after Thursday 2 April 2026 in England (holidays 3 and 6 April) by `count_days_after_start` is Thursday 9 April.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.calendars.rules import HORIZON_DAYS, IDLE_DAYS_MAX, BadCalendar, Calendar, in_utc, instant, next_open

_ONE_DAY = timedelta(days=1)


def count_days(start: datetime | date, count: int, rule: str, calendar: Calendar) -> datetime | date:
    """Apply one of BUSINESS_DAY_RULES; the answer is an instant or a local date, as the rule says."""
    if rule not in BUSINESS_DAY_RULES:
        raise BadCalendar("rule", rule)
    if not 0 <= count <= HORIZON_DAYS:
        raise BadCalendar("count", str(count))
    return BUSINESS_DAY_RULES[rule](start, count, calendar)


def count_months(start: datetime | date, count: int, calendar: Calendar) -> date:
    """`add_months_then_next_working_day`: add calendar months, clamped to the month's end, then go to a working day."""
    if not 0 <= count <= 1_200:
        raise BadCalendar("count", str(count))
    day = _local_day(start, calendar)
    years, month = divmod(day.month - 1 + count, 12)
    year = day.year + years
    return _working(date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])), calendar)


def _keep_time_then_next_open(start: datetime | date, count: int, calendar: Calendar) -> datetime:
    at = _instant(start)
    today = calendar.local_date(at)
    return _opening(_at_same_time(_advance(today, count, calendar), today, at, calendar), calendar)


def _roll_then_keep_time(start: datetime | date, count: int, calendar: Calendar) -> datetime:
    at = _opening(_instant(start), calendar)
    today = _opening_day(at, calendar)
    return _at_same_time(_advance(today, count, calendar), today, at, calendar)


def _end_of_working_day(start: datetime | date, count: int, calendar: Calendar) -> datetime:
    day = _working(_advance(_local_day(start, calendar), count, calendar), calendar)
    return calendar.segments(day)[-1][1]


def _days_after(start: datetime | date, count: int, calendar: Calendar) -> date:
    return _advance(_local_day(start, calendar), count, calendar)


def _days_including(start: datetime | date, count: int, calendar: Calendar) -> date:
    return _advance(_working(_local_day(start, calendar), calendar), max(count - 1, 0), calendar)


BUSINESS_DAY_RULES: dict[str, Callable[[datetime | date, int, Calendar], datetime | date]] = {
    "advance_dates_keep_time_then_next_open": _keep_time_then_next_open,
    "roll_forward_then_advance_keep_time": _roll_then_keep_time,
    "advance_dates_then_end_of_working_day": _end_of_working_day,
    "count_days_after_start": _days_after,
    "count_days_including_start": _days_including,
}
MONTH_RULES = frozenset({"add_months_then_next_working_day"})


def _instant(start: datetime | date) -> datetime:
    if not isinstance(start, datetime):
        raise BadCalendar("start", start.isoformat())
    return in_utc(start)


def _local_day(start: datetime | date, calendar: Calendar) -> date:
    return calendar.local_date(in_utc(start)) if isinstance(start, datetime) else start


def _opening(at: datetime, calendar: Calendar) -> datetime:
    opening = next_open(at, calendar)
    if opening is None:
        raise BadCalendar("never-open")
    return opening


def _opening_day(at: datetime, calendar: Calendar) -> date:
    """The local day whose window holds this open instant; a night shift belongs to the evening it began."""
    day = calendar.local_date(at)
    holds = any(opens <= at < closes for opens, closes in calendar.segments(day))
    return day if holds else day - _ONE_DAY


def _at_same_time(day: date, anchor: date, at: datetime, calendar: Calendar) -> datetime:
    """The wall time of `at`, counted from the midnight of `anchor`, on another day."""
    zone = ZoneInfo(calendar.zone)
    wall = at.astimezone(zone)
    days = (wall.date() - anchor).days
    return instant(day, days * 86_400 + wall.hour * 3_600 + wall.minute * 60 + wall.second, zone)


def _working(day: date, calendar: Calendar) -> date:
    """This day when it is a working day, otherwise the next one."""
    for _ in range(IDLE_DAYS_MAX + 1):
        if calendar.is_working_day(day):
            return day
        day += _ONE_DAY
    raise BadCalendar("never-open")


def _advance(day: date, count: int, calendar: Calendar) -> date:
    for _ in range(count):
        day = _working(day + _ONE_DAY, calendar)
    return day
