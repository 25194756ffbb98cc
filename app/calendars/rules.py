"""Business time: when a target runs out, how much of it has passed, and why.

Conventions, all of them tested:
* A deadline is the earliest instant at which the time has elapsed, so it may fall exactly on a closing time.
* A window belongs to the local day on which it opens; a holiday closes the windows that open on it. A date with hours
  of its own keeps those, whatever its weekday, also when it is a holiday; without any it is closed.
* A wall time that a zone skips means the first valid instant after the gap. A wall time that occurs twice means
  its first occurrence for an opening and its last for a closing.
* Instants are aware and come back in UTC; a pause is [from, to), with no end while it still lasts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
IDLE_DAYS_MAX = 366  # a calendar without an open second for longer has no deadlines
HORIZON_DAYS = 3_660  # no deadline is looked for further ahead
_DAY_SECONDS = 86_400
_CACHED_DAYS_MAX = 5_000
_CLOCK_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_ONE_DAY = timedelta(days=1)
_NO_TIME = timedelta(0)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

Segment = tuple[datetime, datetime]
Pause = tuple[datetime, datetime | None]
Windows = tuple[tuple[int, int], ...]


class BadCalendar(ValueError):
    """Working hours that cannot be used; `code` says what is wrong and `value` where."""

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(f"{code}: {value}" if value else code)
        self.code = code
        self.value = value


@dataclass(frozen=True)
class Calendar:
    """Working hours of one place.

    `windows` has seven entries, Monday first; each is a tuple of (opening, closing) in seconds after local midnight,
    sorted, not overlapping; a closing above 86,400 lies on the next day. `special` has the dates with hours of their own.
    """

    zone: str
    windows: tuple[Windows, ...]
    holidays: frozenset[date] = frozenset()
    special: Mapping[date, Windows] = field(default_factory=dict, hash=False)
    _days: dict[date, tuple[Segment, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def parse(
        cls,
        windows: Mapping[str, Sequence[Sequence[str]]],
        zone: str,
        holidays: Iterable[str | date] = (),
        special: Mapping[str, Sequence[Sequence[str]]] | None = None,
    ) -> Calendar:
        """Read `{"mon": [["09:00", "17:00"]]}`; a closing at or before its opening is on the next day.

        special: hours of single dates, `{"2026-12-24": [["09:00", "12:00"]]}`.
        """
        if not isinstance(windows, Mapping):
            raise BadCalendar("windows")
        for name in windows:
            if name not in WEEKDAYS:
                raise BadCalendar("weekday", str(name))
        week = tuple(_parse_day(windows.get(name, ()), name) for name in WEEKDAYS)
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, TypeError, OSError):
            raise BadCalendar("zone", str(zone)) from None
        own = {_parse_date(day): _parse_day(pairs, str(day)) for day, pairs in (special or {}).items()}
        return cls(zone, week, frozenset(_parse_date(day) for day in holidays), own)

    @classmethod
    def around_the_clock(cls, zone: str = "Etc/UTC") -> Calendar:
        """Every second counts."""
        return cls(zone, (((0, _DAY_SECONDS),),) * 7)

    def json(self) -> dict[str, list[list[str]]]:
        """The windows as they are written down; `parse` reads them back."""
        return {
            name: [[_clock_text(opens), _clock_text(closes)] for opens, closes in day]
            for name, day in zip(WEEKDAYS, self.windows, strict=True)
            if day
        }

    def is_working_day(self, day: date) -> bool:
        """Has a window that opens on this local date."""
        return bool(self.windows_on(day))

    def windows_on(self, day: date) -> Windows:
        """The windows that open on this local date."""
        own = self.special.get(day)
        if own is not None:
            return own
        return () if day in self.holidays else self.windows[day.weekday()]

    def local_date(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def segments(self, day: date) -> tuple[Segment, ...]:
        """The open stretches, in UTC, of the windows that open on this local date."""
        found = self._days.get(day)
        if found is None:
            if len(self._days) >= _CACHED_DAYS_MAX:
                self._days.clear()
            found = self._days[day] = self._work_out(day)
        return found

    def _work_out(self, day: date) -> tuple[Segment, ...]:
        zone = ZoneInfo(self.zone)
        pairs = (
            (instant(day, opens, zone, last=False), instant(day, closes, zone, last=True))
            for opens, closes in self.windows_on(day)
        )
        return tuple((opens, closes) for opens, closes in pairs if opens < closes)


def instant(day: date, seconds: int, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The UTC instant of a local wall time, given in seconds after that day's midnight (86,400 is the next midnight).

    Skipped by the zone: the first valid instant. Occurring twice: the first, or with `last` the second.
    """
    days, rest = divmod(seconds, _DAY_SECONDS)
    wall = datetime.combine(day + timedelta(days=days), time(rest // 3_600, rest // 60 % 60, rest % 60), zone)
    first, second = wall.replace(fold=0), wall.replace(fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None and after is not None
    if before < after:  # the wall time is inside a gap
        return _offset_change(second.astimezone(UTC), first.astimezone(UTC), zone)
    return (second if last else first).astimezone(UTC)


def due(start: datetime, seconds: int, calendar: Calendar, pauses: Iterable[Pause] = ()) -> datetime | None:
    """The earliest instant at which `seconds` of business time have passed since `start`; None when they never will.

    Worked value: Mon-Fri 09-17 London, Friday 16:00 and 8 hours gives Monday 16:00.
    """
    if seconds < 0:
        raise ValueError("a duration is not negative")
    start = in_utc(start)
    if seconds == 0:
        return start
    stops = _merged(pauses)
    ends = [to for _, to in stops if to != _FOR_EVER]
    horizon = max([start, *ends]) + timedelta(days=HORIZON_DAYS)
    left = timedelta(seconds=seconds)
    for opens, closes in _counting(calendar, start, stops):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
        if closes > horizon:
            return None
    return None


def elapsed(start: datetime, end: datetime, calendar: Calendar, pauses: Iterable[Pause] = ()) -> int:
    """Whole seconds of business time in [start, end), pauses left out; 0 when `end` is not after `start`."""
    start, end = in_utc(start), in_utc(end)
    total = _NO_TIME
    for opens, closes in _counting(calendar, start, _merged(pauses), until=end):
        total += min(closes, end) - opens
    return total // timedelta(seconds=1)


def next_open(at: datetime, calendar: Calendar) -> datetime | None:
    """`at` itself when open, otherwise the next opening; None when nothing opens within 366 days."""
    at = in_utc(at)
    for opens, _ in _open_segments(calendar, at):
        return opens
    return None


def is_open(at: datetime, calendar: Calendar) -> bool:
    return next_open(at, calendar) == in_utc(at)


def needs_open_hours(calendar: Calendar, since: datetime) -> None:
    """Refuse hours that leave no open second in the next 366 days: no deadline could ever be kept."""
    opening = next_open(since, calendar)
    if opening is None or opening > in_utc(since) + timedelta(days=IDLE_DAYS_MAX):
        raise BadCalendar("never-open")


@dataclass(frozen=True, slots=True)
class Day:
    """One row of an explanation: a local day, what was open, what counted and what was left after it.

    `why` is empty when something counted, otherwise holiday, closed, paused or over (open only before the start).
    """

    on: date
    open: tuple[Segment, ...]
    counted_seconds: int
    paused_seconds: int
    left_seconds: int
    why: str


def explain(
    start: datetime,
    seconds: int,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
    *,
    until: datetime | None = None,
    days_max: int = 400,
) -> list[Day]:
    """The walk that `due` makes, day by day, up to the deadline (or to `until`, when that is earlier)."""
    start = in_utc(start)
    stops = _merged(pauses)
    end = due(start, seconds, calendar, pauses)
    if end is None or (until is not None and until < end):
        end = in_utc(until) if until is not None else start + timedelta(days=IDLE_DAYS_MAX)
    first, final = calendar.local_date(start), calendar.local_date(end)
    rows: list[Day] = []
    left, cursor, day = seconds, start, first - _ONE_DAY
    while day <= final and len(rows) < days_max:
        stretches = tuple((max(a, cursor), min(b, end)) for a, b in calendar.segments(day) if b > cursor and a < end)
        if stretches:
            cursor = max(cursor, stretches[-1][1])
        counted = _whole(b - a for a, b in _without(stretches, stops))
        paused = _whole(b - a for a, b in stretches) - counted
        left -= counted
        if stretches or day >= first:
            why = "" if counted else _why_nothing(calendar, day, paused)
            rows.append(Day(day, stretches, counted, paused, max(left, 0), why))
        day += _ONE_DAY
    return rows


def in_utc(at: datetime) -> datetime:
    """The same instant in UTC; a naive value is refused, because it names no instant."""
    if at.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _why_nothing(calendar: Calendar, day: date, paused_seconds: int) -> str:
    if paused_seconds:
        return "paused"
    if calendar.windows_on(day):
        return "over"
    return "holiday" if day in calendar.holidays and calendar.windows[day.weekday()] else "closed"


def _whole(lengths: Iterable[timedelta]) -> int:
    return sum(lengths, _NO_TIME) // timedelta(seconds=1)


def _open_segments(calendar: Calendar, start: datetime) -> Iterator[Segment]:
    """Open stretches from `start` on, ascending and without overlap; ends after 366 days with nothing open."""
    # A window may reach into the next day, so the walk begins where a window that is still open may have begun.
    day = calendar.local_date(start) - 2 * _ONE_DAY
    cursor, idle = start, 0
    while idle <= IDLE_DAYS_MAX + 2:
        for opens, closes in calendar.segments(day):
            if closes > cursor:
                yield (opens if opens > cursor else cursor), closes
                cursor, idle = closes, 0
        day += _ONE_DAY
        idle += 1


def _counting(
    calendar: Calendar, start: datetime, pauses: Sequence[Segment], until: datetime = _FOR_EVER
) -> Iterator[Segment]:
    """Open stretches that count: those before `until`, without their paused parts."""
    pending = list(reversed(pauses))
    for opens, closes in _open_segments(calendar, start):
        if opens >= until:
            return
        while pending and pending[-1][1] <= opens:
            pending.pop()
        while pending and pending[-1][0] < closes:
            paused_from, paused_to = pending[-1]
            if opens < min(paused_from, until):
                yield opens, paused_from
            opens = max(opens, paused_to)
            if paused_to >= closes:
                break
            pending.pop()
        if opens == _FOR_EVER:
            return
        if opens < closes and opens < until:
            yield opens, closes


def _without(stretches: Sequence[Segment], pauses: Sequence[Segment]) -> Iterator[Segment]:
    for opens, closes in stretches:
        for paused_from, paused_to in pauses:
            if paused_to > opens and paused_from < closes:
                if paused_from > opens:
                    yield opens, paused_from
                opens = min(paused_to, closes)
        if opens < closes:
            yield opens, closes


def _merged(pauses: Iterable[Pause]) -> list[Segment]:
    """Pauses ascending, overlapping ones joined, empty ones dropped, an open end as the end of time."""
    merged: list[Segment] = []
    for begins, ends in sorted((in_utc(a), _FOR_EVER if b is None else in_utc(b)) for a, b in pauses):
        if ends <= begins:
            continue
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def _offset_change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the zone's offset changes, between two instants on either side of it."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _parse_day(pairs: Sequence[Sequence[str]], name: str) -> Windows:
    if isinstance(pairs, str) or not isinstance(pairs, Sequence):
        raise BadCalendar("windows", name)
    windows = []
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise BadCalendar("window", name)
        opens, closes = _parse_clock(pair[0]), _parse_clock(pair[1])
        if opens >= _DAY_SECONDS:
            raise BadCalendar("time", str(pair[0]))
        windows.append((opens, closes if closes > opens else closes + _DAY_SECONDS))
    windows.sort()
    for (_, closes), (opens, _) in zip(windows, windows[1:], strict=False):
        if opens < closes:
            raise BadCalendar("overlap", name)
    return tuple(windows)


def _parse_clock(text: str) -> int:
    match = _CLOCK_TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BadCalendar("time", str(text))
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    total = hours * 3_600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > _DAY_SECONDS:
        raise BadCalendar("time", text)
    return total


def _clock_text(seconds: int) -> str:
    seconds = seconds if seconds == _DAY_SECONDS else seconds % _DAY_SECONDS
    hours, minutes, rest = seconds // 3_600, seconds // 60 % 60, seconds % 60
    return f"{hours:02d}:{minutes:02d}" + (f":{rest:02d}" if rest else "")


def _parse_date(day: str | date) -> date:
    if isinstance(day, datetime):
        raise BadCalendar("date", str(day))
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except (ValueError, TypeError):
        raise BadCalendar("date", str(day)) from None
