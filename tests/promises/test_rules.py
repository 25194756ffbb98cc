from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendars.rules import WEEKDAYS, Calendar, due, elapsed
from app.promises.rules import Fine, Refused, judge, state, working_days

LONDON = Calendar.parse(
    {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}, "Europe/London", ["2026-04-03", "2026-04-06"]
)
HOUR = 3_600


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("made", "by", "role", "answer"),
    [
        ("2026-02-06 16:00", "2026-02-06 17:00", "frontline", Fine(HOUR)),
        ("2026-02-06 16:00", "2026-02-09 10:00", "frontline", Fine(2 * HOUR)),
        ("2026-02-06 16:00:00.250", "2026-02-09 10:00:00.750", "frontline", Fine(2 * HOUR)),
        ("2026-02-06 16:00", "2026-02-08 12:00", "frontline", Refused("closed", local("2026-02-06 17:00"))),
        ("2026-02-06 16:00", "2026-02-06 16:00", "frontline", Refused("past")),
        ("2026-02-06 16:00", "2026-02-09 09:00", "frontline", Refused("opening", local("2026-02-09 09:30"))),
        ("2026-02-06 18:00", "2026-02-06 20:00", "frontline", Refused("closed", local("2026-02-09 09:00"))),
        ("2026-04-02 16:00", "2026-04-03 10:00", "frontline", Refused("closed", local("2026-04-02 17:00"))),
        ("2026-02-02 10:00", "2026-02-16 10:00", "frontline", Fine(80 * HOUR)),
        ("2026-02-02 10:00", "2026-02-17 10:00", "frontline", Refused("far", None, 10)),
        ("2026-02-02 10:00", "2026-02-17 10:00", "supervisor", Fine(88 * HOUR)),
        ("2026-02-02 10:00", "2028-02-17 10:00", "manager", Refused("far", None, 90)),
    ],
)
def test_a_promise_lies_in_working_hours_and_in_what_its_maker_may(
    made: str, by: str, role: str, answer: Fine | Refused
) -> None:
    assert judge(local(made), local(by), LONDON, role) == answer


@given(st.integers(0, 60 * 86_400), st.integers(-3_600, 9 * 86_400))
def test_a_promise_that_is_fine_has_a_clock_due_exactly_then_and_what_is_offered_instead_is_fine(
    begin: int, ahead: int
) -> None:
    made = local("2026-03-01 00:00") + timedelta(seconds=begin)
    by = made + timedelta(seconds=ahead)
    answer = judge(made, by, LONDON, "manager")
    if isinstance(answer, Fine):
        assert due(made, answer.seconds, LONDON) == by
        assert elapsed(made, by, LONDON) == answer.seconds
    elif answer.instead is not None and answer.instead < by:
        assert isinstance(judge(made, answer.instead, LONDON, "manager"), Fine)


def test_working_days_are_counted_after_the_day_of_making() -> None:
    assert working_days(local("2026-04-02 16:00"), local("2026-04-09 10:00"), LONDON) == 3


@pytest.mark.parametrize(
    ("kept", "withdrawn", "now", "name"),
    [
        (None, None, "10:00", "open"),
        (None, None, "12:00", "open"),
        (None, None, "12:01", "missed"),
        ("12:00", None, "13:00", "kept"),
        ("12:01", None, "13:00", "late"),
        (None, "11:00", "13:00", "withdrawn"),
    ],
)
def test_on_the_instant_is_kept_and_a_minute_later_late(
    kept: str | None, withdrawn: str | None, now: str, name: str
) -> None:
    def at(text: str | None) -> datetime | None:
        return local(f"2026-02-02 {text}") if text else None

    moment = at(now)
    assert moment is not None
    assert state(local("2026-02-02 12:00"), at(kept), at(withdrawn), moment) == name
