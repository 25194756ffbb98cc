from datetime import UTC, date, datetime

import pytest

from app.calendars.day_rules import count_days, count_months
from app.calendars.rules import WEEKDAYS, BadCalendar, Calendar

ENGLAND = Calendar.parse(
    {name: [["09:00", "12:00"], ["13:00", "17:00"]] for name in WEEKDAYS[:5]},
    "Europe/London",
    ["2026-04-03", "2026-04-06", "2026-12-25", "2026-12-28", "2027-01-01"],
)


@pytest.mark.parametrize(
    ("rule", "start", "count", "expected"),
    [
        ("count_days_after_start", date(2026, 4, 2), 3, date(2026, 4, 9)),
        ("count_days_including_start", date(2026, 4, 2), 3, date(2026, 4, 8)),
        ("count_days_including_start", date(2026, 4, 4), 1, date(2026, 4, 7)),
        (
            "advance_dates_then_end_of_working_day",
            datetime(2026, 4, 2, 15, tzinfo=UTC),
            1,
            datetime(2026, 4, 7, 16, tzinfo=UTC),
        ),
        (
            "advance_dates_keep_time_then_next_open",
            datetime(2026, 4, 2, 11, 30, tzinfo=UTC),
            1,
            datetime(2026, 4, 7, 12, tzinfo=UTC),
        ),
        (
            "advance_dates_keep_time_then_next_open",
            datetime(2026, 4, 4, 20, tzinfo=UTC),
            1,
            datetime(2026, 4, 8, 8, tzinfo=UTC),
        ),
        (
            "roll_forward_then_advance_keep_time",
            datetime(2026, 4, 2, 20, tzinfo=UTC),
            1,
            datetime(2026, 4, 8, 8, tzinfo=UTC),
        ),
    ],
)
def test_each_named_rule_counts_as_its_name_says(
    rule: str, start: datetime | date, count: int, expected: datetime | date
) -> None:
    assert count_days(start, count, rule, ENGLAND) == expected


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 3, 2)),
        (date(2026, 1, 28), 1, date(2026, 3, 2)),
        (date(2026, 11, 25), 1, date(2026, 12, 29)),
        (date(2026, 2, 9), 0, date(2026, 2, 9)),
    ],
)
def test_months_are_clamped_to_the_month_end_and_moved_to_a_working_day(
    start: date, months: int, expected: date
) -> None:
    assert count_months(start, months, ENGLAND) == expected


def test_a_night_shift_keeps_its_time_after_midnight() -> None:
    nights = Calendar.parse({name: [["22:00", "06:00"]] for name in WEEKDAYS[:5]}, "Etc/UTC")
    start = datetime(2026, 2, 7, 1, tzinfo=UTC)  # Saturday 01:00 belongs to Friday's window
    found = count_days(start, 1, "roll_forward_then_advance_keep_time", nights)
    assert found == datetime(2026, 2, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(("rule", "count"), [("by_feeling", 1), ("count_days_after_start", -1)])
def test_an_unknown_rule_or_a_negative_count_is_refused(rule: str, count: int) -> None:
    with pytest.raises(BadCalendar):
        count_days(date(2026, 4, 2), count, rule, ENGLAND)


def test_counting_in_hours_that_never_open_is_refused() -> None:
    with pytest.raises(BadCalendar, match="never-open"):
        count_days(date(2026, 4, 2), 1, "count_days_after_start", Calendar.parse({}, "Etc/UTC"))
