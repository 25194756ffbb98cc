from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.calendars.rules import (
    WEEKDAYS,
    BadCalendar,
    Calendar,
    Pause,
    due,
    elapsed,
    explain,
    is_open,
    needs_open_hours,
    next_open,
)
from tests.counts import examples

WORKWEEK = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
NIGHT = {name: [["22:00", "06:00"]] for name in WEEKDAYS}
LONDON = Calendar.parse(WORKWEEK, "Europe/London")
ENGLAND = Calendar.parse(WORKWEEK, "Europe/London", ["2026-04-03", "2026-04-06"])
NIGHTS = Calendar.parse(NIGHT, "Europe/London")
HOUR = 3_600
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Havana",
)


def local(text: str, zone: str = "Europe/London") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-02-06 16:00", 8, "2026-02-09 16:00"),
        ("2026-02-06 16:00", 2, "2026-02-09 10:00"),
        ("2026-02-07 12:00", 24, "2026-02-11 17:00"),
        ("2026-02-09 17:00", 4, "2026-02-10 13:00"),
    ],
)
def test_working_hours_roll_over_evenings_and_weekends(start: str, hours: int, expected: str) -> None:
    assert due(local(start), hours * HOUR, LONDON) == local(expected)


def test_easter_is_skipped_and_summer_time_is_kept() -> None:
    assert due(local("2026-04-02 16:00"), 8 * HOUR, ENGLAND) == local("2026-04-07 16:00")


def test_a_day_around_the_clock_is_24_hours_of_instants_across_a_change() -> None:
    always = Calendar.around_the_clock("Europe/London")
    assert due(local("2024-03-30 12:00"), 24 * HOUR, always) == local("2024-03-31 13:00")


def test_two_days_around_the_clock_lose_no_minute_at_midnight() -> None:
    assert elapsed(local("2026-02-02 00:00"), local("2026-02-04 00:00"), Calendar.around_the_clock()) == 48 * HOUR


@pytest.mark.parametrize(("evening", "hours"), [("2024-03-30", 7), ("2024-10-26", 9), ("2024-05-05", 8)])
def test_a_night_shift_is_as_long_as_the_night_really_was(evening: str, hours: int) -> None:
    opens = local(f"{evening} 12:00")
    assert elapsed(opens, opens + timedelta(hours=23), NIGHTS) == hours * HOUR


def test_a_closing_inside_the_repeated_hour_is_its_second_occurrence_and_an_opening_its_first() -> None:
    split = Calendar.parse({"sun": [["00:00", "01:30"], ["01:45", "04:00"]]}, "Europe/London")
    # 27 October 2024: 01:00 to 02:00 happens twice, so the second window begins before the first has ended.
    assert elapsed(local("2024-10-26 12:00"), local("2024-10-27 12:00"), split) == 5 * HOUR


def test_an_opening_in_the_skipped_hour_is_the_first_valid_instant() -> None:
    early = Calendar.parse({"sun": [["01:30", "05:00"]]}, "Europe/London")
    assert next_open(local("2024-03-30 12:00"), early) == datetime(2024, 3, 31, 1, 0, tzinfo=UTC)


def test_a_lunch_break_is_no_holiday() -> None:
    split = Calendar.parse({"tue": [["08:00", "12:00"], ["13:00", "17:00"]]}, "Europe/Berlin")
    start = local("2026-02-03 11:30", "Europe/Berlin")
    assert due(start, HOUR, split) == local("2026-02-03 13:30", "Europe/Berlin")
    assert due(start, 8 * HOUR, split) == local("2026-02-10 11:30", "Europe/Berlin")


def test_a_pause_from_closing_to_opening_moves_nothing() -> None:
    start = local("2026-02-03 16:00")
    night: Pause = (local("2026-02-03 17:00"), local("2026-02-04 09:00"))
    assert due(start, 4 * HOUR, LONDON, [night]) == due(start, 4 * HOUR, LONDON)


def test_a_clock_without_an_end_of_its_pause_has_no_deadline_and_keeps_what_elapsed() -> None:
    start = local("2026-02-03 10:00")
    pauses: list[Pause] = [(local("2026-02-03 10:30"), None)]
    assert due(start, HOUR, LONDON, pauses) is None
    assert elapsed(start, local("2026-02-05 10:00"), LONDON, pauses) == HOUR // 2
    assert due(start, HOUR // 2, LONDON, pauses) == local("2026-02-03 10:30")


def test_hours_that_never_open_give_no_deadline_and_are_refused() -> None:
    closed = Calendar.parse({}, "Europe/London")
    assert due(local("2026-02-03 10:00"), 1, closed) is None
    with pytest.raises(BadCalendar, match="never-open"):
        needs_open_hours(closed, local("2026-02-03 10:00"))
    needs_open_hours(LONDON, local("2026-02-03 10:00"))


def test_hours_closed_by_holidays_for_a_year_are_refused() -> None:
    start = date(2026, 2, 3)
    closed = Calendar.parse(WORKWEEK, "Europe/London", [start + timedelta(days=n) for n in range(400)])
    with pytest.raises(BadCalendar, match="never-open"):
        needs_open_hours(closed, local("2026-02-03 00:00"))


@pytest.mark.parametrize(
    ("windows", "code"),
    [
        ({"mon": [["09:00", "12:00"], ["11:59", "17:00"]]}, "overlap"),
        ({"mon": [["9", "17:00"]]}, "time"),
        ({"mon": [["09:00", "24:01"]]}, "time"),
        ({"mon": [["24:00", "25:00"]]}, "time"),
        ({"mon": ["09:00"]}, "window"),
        ({"funday": [["09:00", "17:00"]]}, "weekday"),
        ({"mon": "09:00-17:00"}, "windows"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_by_name(windows: dict[str, list[list[str]]], code: str) -> None:
    with pytest.raises(BadCalendar) as refusal:
        Calendar.parse(windows, "Europe/London")
    assert refusal.value.code == code


@pytest.mark.parametrize("zone", ["Europe/Lodnon", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadCalendar, match="zone"):
        Calendar.parse(WORKWEEK, zone)


def test_windows_are_written_down_as_they_were_read() -> None:
    windows = {"mon": [["00:00", "24:00"]], "fri": [["08:00", "12:00"], ["22:00", "06:00"]]}
    assert Calendar.parse(windows, "Europe/London").json() == windows


def test_an_explanation_names_every_day_and_adds_up() -> None:
    pauses: list[Pause] = [(local("2026-04-08 00:00"), local("2026-04-09 00:00"))]
    rows = explain(local("2026-04-02 16:00"), 12 * HOUR, ENGLAND, pauses)
    assert [(row.on.day, row.counted_seconds // HOUR, row.why) for row in rows] == [
        (2, 1, ""),
        (3, 0, "holiday"),
        (4, 0, "closed"),
        (5, 0, "closed"),
        (6, 0, "holiday"),
        (7, 8, ""),
        (8, 0, "paused"),
        (9, 3, ""),
    ]
    assert rows[-1].left_seconds == 0
    assert rows[-1].open[-1][1] == due(local("2026-04-02 16:00"), 12 * HOUR, ENGLAND, pauses)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        due(datetime(2026, 2, 3), 1, LONDON)


@st.composite
def weeks(draw: st.DrawFn) -> Calendar:
    windows: dict[str, list[list[str]]] = {}
    for name in draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1)):
        times = draw(st.lists(st.integers(0, 96), min_size=2, max_size=6, unique=True))
        edges = sorted(times)[: len(times) // 2 * 2]
        windows[name] = [[clock(a), clock(b)] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        if draw(st.booleans()) and edges[-1] < 92:
            windows[name].append([clock(edges[-1] + 2), clock(draw(st.integers(0, edges[-1])))])
    holidays = draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=10))
    return Calendar.parse(windows, draw(st.sampled_from(ZONES)), holidays)


def clock(quarters: int) -> str:
    return f"{quarters // 4:02d}:{quarters % 4 * 15:02d}"


SECONDS = st.integers(0, 400 * 86_400)
ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
PAUSES = st.lists(st.tuples(SECONDS, st.integers(1, 20 * 86_400)), max_size=5).map(
    lambda found: [(after(a), after(a + length)) for a, length in found]
)


def after(seconds: int) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


@given(weeks(), SECONDS, st.integers(1, 400_000), PAUSES)
def test_elapsed_at_the_deadline_is_the_duration_and_one_second_earlier_less(
    calendar: Calendar, start: int, duration: int, pauses: list[Pause]
) -> None:
    end = due(after(start), duration, calendar, pauses)
    assert end is not None
    assert elapsed(after(start), end, calendar, pauses) == duration
    assert elapsed(after(start), end - timedelta(seconds=1), calendar, pauses) < duration
    rows = explain(after(start), duration, calendar, pauses, days_max=10_000)
    assert sum(row.counted_seconds for row in rows) == duration


@settings(max_examples=examples(3_000))
@given(weeks(), SECONDS, st.integers(1, 400_000), PAUSES)
def test_a_pause_never_makes_a_deadline_earlier(
    calendar: Calendar, start: int, duration: int, pauses: list[Pause]
) -> None:
    with_pauses, without = due(after(start), duration, calendar, pauses), due(after(start), duration, calendar)
    assert with_pauses is not None and without is not None
    assert with_pauses >= without


@settings(max_examples=examples(3_000))
@given(weeks(), SECONDS, st.integers(1, 400_000), SECONDS, st.integers(2, 900_000), st.data())
def test_splitting_a_pause_changes_nothing(
    calendar: Calendar, start: int, duration: int, begin: int, length: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, length - 1))
    whole: list[Pause] = [(after(begin), after(begin + length))]
    parts: list[Pause] = [(after(begin + cut), after(begin + length)), (after(begin), after(begin + cut))]
    assert due(after(start), duration, calendar, whole) == due(after(start), duration, calendar, parts)


@settings(max_examples=examples(3_000))
@given(weeks(), SECONDS, st.integers(1, 400_000), SECONDS)
def test_a_pause_outside_working_hours_moves_nothing(calendar: Calendar, start: int, duration: int, begin: int) -> None:
    assume(not is_open(after(begin), calendar))
    ends = next_open(after(begin), calendar)
    assert due(after(start), duration, calendar, [(after(begin), ends)]) == due(after(start), duration, calendar)


@given(weeks(), st.integers(0, 86_400 * 300), st.integers(0, 300), PAUSES)
def test_elapsed_equals_an_independent_walk_over_the_wall_clock(
    calendar: Calendar, start: int, hours: int, pauses: list[Pause]
) -> None:
    """Every minute is asked for its local time; wall times that occur twice follow the written rule apart."""
    zone = ZoneInfo(calendar.zone)
    minutes = [after(start // 900 * 900) + timedelta(minutes=15 * n) for n in range(hours * 4)]
    walls = [at.astimezone(zone) for at in minutes]
    assume(not any(near_change(at, zone) for at in minutes))
    counted = sum(
        1 for at, wall in zip(minutes, walls, strict=True) if wall_is_open(wall.replace(tzinfo=None), calendar)
    )
    assume(all(wall.minute % 15 == 0 for wall in walls))
    end = after(start // 900 * 900) + timedelta(hours=hours)
    assert elapsed(after(start // 900 * 900), end, calendar) == counted * 900


def near_change(at: datetime, zone: ZoneInfo) -> bool:
    day = timedelta(days=2)
    return (at - day).astimezone(zone).utcoffset() != (at + day).astimezone(zone).utcoffset()


def wall_is_open(wall: datetime, calendar: Calendar) -> bool:
    for back in (0, 1):
        day = (wall - timedelta(days=back)).date()
        seconds = (wall - datetime.combine(day, datetime.min.time())).total_seconds()
        if day not in calendar.holidays and any(a <= seconds < b for a, b in calendar.windows[day.weekday()]):
            return True
    return False
