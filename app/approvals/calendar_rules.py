"""When a person's own calendar (iCalendar, RFC 5545) says that they are out. Of its entries only the times go on."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from icalendar import Calendar as CalendarFile

from app.approvals.rules import STAND_IN_DAYS_MAX

BYTES_MAX = 512 * 1024
DAYS_AHEAD = 60
ENTRIES_MAX = 100
EVENTS_MAX = 5_000
REPEATING_MAX = 200
REPEATS_FOR = timedelta(days=3_660)  # what began longer ago is left out
_SAYS_OUT = re.compile(
    r"\s*(?:out of (?:the )?office|ooo\b|vacation|annual leave|on leave|(?:parental|sick) leave|pto\b|away\b"
    r"|abwesen|urlaub|elternzeit|nicht im (?:büro|haus)|krank)",
    re.IGNORECASE,
)
_REPEATS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class BadCalendar(ValueError):
    """Not a calendar, or too big; `code` is unreadable or big."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Away:
    """A time away, at most STAND_IN_DAYS_MAX long. `entry` is a hash of the entry's own key: no word of it is kept."""

    entry: str
    from_at: datetime
    to_at: datetime


def times_away(content: bytes, *, zone: tzinfo, now: datetime) -> tuple[Away, ...]:
    """Return the times away that are not over at `now` and begin within DAYS_AHEAD, by their beginning.

    An entry counts when its program marks it as out of office (X-MICROSOFT-CDO-BUSYSTATUS), or when its title or a
    category begins with words that say so; a cancelled one never does. Entries without a zone are in `zone`. Longer
    times come in pieces; what repeats otherwise than daily or weekly is left out, and so is what repeats after the
    first REPEATING_MAX.
    """
    if len(content) > BYTES_MAX:
        raise BadCalendar("big")
    try:
        events = CalendarFile.from_ical(content).walk("VEVENT")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise BadCalendar("unreadable") from problem
    found: dict[str, Away] = {}
    repeating = 0
    for event in events[:EVENTS_MAX]:
        try:
            if _is_out(event):
                repeating += 1 if event.get("RRULE") else 0
                if event.get("RRULE") and repeating > REPEATING_MAX:
                    continue
                found.update((one.entry, one) for one in _pieces(event, zone, now))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
            continue  # one entry that makes no sense hides no other
    return tuple(sorted(found.values(), key=lambda one: (one.from_at, one.entry))[:ENTRIES_MAX])


def _is_out(event: Any) -> bool:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return False
    if str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper() == "OOF":
        return True
    return any(_SAYS_OUT.match(text) for text in (str(event.get("SUMMARY") or ""), *_categories(event)))


def _categories(event: Any) -> list[str]:
    given = event.get("CATEGORIES")
    groups = given if isinstance(given, list) else [given] if given else []
    return [str(one) for group in groups for one in getattr(group, "cats", [])]


def _pieces(event: Any, zone: tzinfo, now: datetime) -> Iterator[Away]:
    begins = event["DTSTART"].dt
    length = _length(event, begins)
    uid = str(event.get("UID") or "")
    step = timedelta(days=STAND_IN_DAYS_MAX)
    for begin in _starts(event, begins, zone, now, length):
        # Its end is counted on the wall, its pieces are cut in UTC: a day on which the clocks change is as long as it is.
        start, end = begin.astimezone(UTC), (begin + length).astimezone(UTC)
        number = 0
        while start < end:
            piece = min(start + step, end)
            if piece > now and start <= now + timedelta(days=DAYS_AHEAD):
                key = f"{uid}\n{begin.isoformat()}\n{number}"
                yield Away(hashlib.sha256(key.encode()).hexdigest(), start, piece)
            start, number = piece, number + 1


def _length(event: Any, begins: date | datetime) -> timedelta:
    """How long it lasts, in days of the wall for whole days; a year at most."""
    ends, lasts = getattr(event.get("DTEND"), "dt", None), getattr(event.get("DURATION"), "dt", None)
    if ends is not None:
        length = ends - begins
    elif lasts is not None:
        length = lasts
    elif not isinstance(begins, datetime):
        length = timedelta(days=1)
    else:
        raise ValueError("no end")
    if not timedelta(0) < length <= timedelta(days=366):
        raise ValueError("no length")
    return length


def _starts(event: Any, begins: date | datetime, zone: tzinfo, now: datetime, length: timedelta) -> list[datetime]:
    start = _instant(begins, zone)
    repeats = event.get("RRULE")
    if not repeats:
        return [start]
    if set(repeats) - _REPEATS or str(repeats["FREQ"][0]).upper() not in ("DAILY", "WEEKLY"):
        return []
    if start < now - REPEATS_FOR:
        return []
    # Counted on the wall, so that nine o'clock stays nine o'clock when the clocks change.
    wall = start.replace(tzinfo=None)
    local = now.astimezone(start.tzinfo).replace(tzinfo=None)
    left_out = {_instant(day, zone) for day in _left_out(event)}
    days = _days(repeats, wall.date(), (local + timedelta(days=DAYS_AHEAD)).date())
    starts = [one for day in days if (one := datetime.combine(day, wall.time())) >= local - length][:ENTRIES_MAX]
    return [found for one in starts if (found := one.replace(tzinfo=start.tzinfo)) not in left_out]


def _days(repeats: Any, first: date, last: date) -> Iterator[date]:
    """The days of a daily or weekly rule up to `last`. Every day is looked at once, whether the rule ever matches or not."""
    interval = int(repeats.get("INTERVAL", [1])[0])
    left = int(repeats.get("COUNT", [last.toordinal()])[0])
    if interval < 1:
        return
    is_weekly = str(repeats["FREQ"][0]).upper() == "WEEKLY"
    named = {_WEEKDAYS.index(str(day).upper()[-2:]) for day in repeats.get("BYDAY", [])}
    weekdays = named or ({first.weekday()} if is_weekly else set(range(7)))
    week_begins = _WEEKDAYS.index(str(repeats.get("WKST", ["MO"])[0]).upper())
    since = (first.weekday() - week_begins) % 7
    until = repeats.get("UNTIL", [last])[0]
    last = min(last, until.date() if isinstance(until, datetime) else until)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        turn = (number + since) // 7 if is_weekly else number
        if turn % interval == 0 and day.weekday() in weekdays:
            if left < 1:
                return
            left -= 1
            yield day


def _left_out(event: Any) -> list[date | datetime]:
    given = event.get("EXDATE") or []
    groups = given if isinstance(given, list) else [given]
    return [moment.dt for group in groups for moment in group.dts]


def _instant(value: date | datetime, zone: tzinfo) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    return datetime.combine(value, time(), zone)
