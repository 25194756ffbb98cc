"""Numbers and reported defects of the field, each as a test that is named after it (domain notes, sections 4 and 5)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.calendars.day_rules import count_days
from app.calendars.rules import WEEKDAYS, Calendar, due, elapsed
from app.sla import actions as clocks
from app.sla import jobs, legal_rules, queries, rerun_actions, target_actions
from app.sla.rules import Facts, deadline, state
from tests.sla.builders import HOUR, MINUTE, MONDAY, TEST, open_desk

HOLIDAYS = ["2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25"]
WEEK = Calendar.parse({name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}, "Europe/London", HOLIDAYS)
ALWAYS = Calendar.around_the_clock("Europe/London")
NIGHTS = Calendar.parse({name: [["22:00", "06:00"]] for name in WEEKDAYS}, "Europe/London")
SECOND = timedelta(seconds=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "expected"),
    [
        (WEEK, "2026-02-06 16:00", 8, "2026-02-09 16:00"),
        (WEEK, "2026-02-06 16:00", 2, "2026-02-09 10:00"),
        (WEEK, "2026-02-07 12:00", 24, "2026-02-11 17:00"),
        (WEEK, "2026-04-02 16:00", 8, "2026-04-07 16:00"),
        (ALWAYS, "2024-03-30 12:00", 24, "2024-03-31 13:00"),
    ],
)
def test_oracle_worked_deadlines_of_london(calendar: Calendar, start: str, hours: int, expected: str) -> None:
    assert due(local(start), hours * 3_600, calendar) == local(expected)


@pytest.mark.parametrize(("evening", "hours"), [("2024-03-30", 7), ("2024-10-26", 9)])
def test_oracle_night_shifts_over_the_changes_of_the_clocks(evening: str, hours: int) -> None:
    assert elapsed(local(f"{evening} 20:00"), local(f"{evening} 20:00") + 14 * HOUR, NIGHTS) == hours * 3_600


@pytest.mark.parametrize("pack", legal_rules.PACKS.values(), ids=lambda pack: pack.code)
def test_oracle_each_legal_pack_gives_its_worked_value(pack: legal_rules.Pack) -> None:
    received = local("2026-04-02 16:00")
    assert legal_rules.last_day(pack, received, WEEK) == pack.worked_on
    steps = legal_rules.steps(pack, received, WEEK)
    assert (steps[-1].on, steps[-1].number) == (pack.worked_on, pack.count)
    assert legal_rules.due_at(pack, received, WEEK) > local(f"{pack.worked_on} 16:59")


def test_oracle_the_third_business_day_after_maundy_thursday() -> None:
    assert count_days(local("2026-04-02 16:00"), 3, "count_days_after_start", WEEK) == date(2026, 4, 9)


def test_defect_1_a_lunch_break_or_a_week_of_one_day_breaks_no_deadline() -> None:
    lunch = Calendar.parse({"tue": [["08:00", "12:00"], ["13:00", "17:00"]]}, "Europe/London")
    assert due(local("2026-02-03 11:30"), 8 * 3_600, lunch) == local("2026-02-10 11:30")


def test_defect_2_a_hold_overnight_moves_nothing() -> None:
    night = [(local("2026-02-03 17:00"), local("2026-02-04 09:00"))]
    assert due(local("2026-02-03 16:00"), 4 * 3_600, WEEK, night) == due(local("2026-02-03 16:00"), 4 * 3_600, WEEK)


def test_defect_3_a_clock_that_is_shown_as_paused_does_not_tick() -> None:
    facts = Facts(4 * 3_600, MONDAY, pauses=((MONDAY + HOUR, None),))
    shown = [state(facts, WEEK, MONDAY + HOUR + n * 13 * MINUTE) for n in range(30)]
    assert {(one.name, one.elapsed_seconds, one.due_at) for one in shown} == {("paused", 3_600, None)}


def test_defect_4_another_severity_or_policy_keeps_the_accumulated_pause(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=4)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + 10 * MINUTE)
    clocks.resume(case_id=1, actor=TEST, now=MONDAY + 70 * MINUTE)
    clocks.retarget(case_id=1, severity=2, actor=TEST, now=MONDAY + 80 * MINUTE)
    target_actions.publish_targets(targets={2: {"resolve": 7_200}}, number=0, actor=TEST, now=MONDAY)
    rerun_actions.ask(kind="targets", reason="New policy", actor=TEST, now=MONDAY + 90 * MINUTE)
    jobs.run_reruns(now=MONDAY + 90 * MINUTE)
    view = next(one for one in queries.clocks_of_case(1, MONDAY + 90 * MINUTE) if one.milestone == "resolve")
    assert (view.elapsed_seconds, view.due_at) == (30 * 60, MONDAY + 3 * HOUR)


def test_defect_5_the_time_between_resolving_and_reopening_is_not_counted(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=3)
    clocks.happened(case_id=1, event="resolved", actor=TEST, now=MONDAY + HOUR)
    clocks.happened(case_id=1, event="reopened", actor=TEST, now=MONDAY + 5 * HOUR)
    view = next(one for one in queries.clocks_of_case(1, MONDAY + 6 * HOUR) if one.milestone == "resolve")
    assert (view.elapsed_seconds, view.paused_seconds) == (2 * 3_600, 4 * 3_600)


def test_defect_6_a_retired_target_tells_nobody_any_more(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=3)
    target_actions.publish_targets(targets={4: {"resolve": 3_600}}, number=0, actor=TEST, now=MONDAY)
    rerun_actions.ask(kind="targets", reason="Retired", actor=TEST, now=MONDAY)
    jobs.run_reruns(now=MONDAY)
    assert jobs.sweep(now=MONDAY + 900 * HOUR) == 0
    assert {view.state for view in queries.clocks_of_case(1, MONDAY + 900 * HOUR)} == {"cancelled"}


def test_defect_7_two_days_around_the_clock_are_48_hours() -> None:
    assert elapsed(local("2026-02-02 00:00"), local("2026-02-04 00:00"), ALWAYS) == 48 * 3_600


def test_defect_8_a_warning_before_the_deadline_is_in_working_hours_and_not_at_midnight() -> None:
    long_day = Calendar.parse({name: [["08:00", "18:00"]] for name in WEEKDAYS[:5]}, "Europe/London")
    ends = deadline(Facts(4 * 3_600, local("2026-02-02 17:00")), long_day)
    assert (ends.due_at, ends.soon_at) == (local("2026-02-03 11:00"), local("2026-02-03 10:00"))


def test_defect_9_an_old_instant_uses_the_offset_that_held_then() -> None:
    assert due(local("2024-07-05 16:00"), 8 * 3_600, WEEK) == datetime(2024, 7, 8, 15, tzinfo=UTC)
    assert due(local("2024-12-06 16:00"), 8 * 3_600, WEEK) == datetime(2024, 12, 9, 16, tzinfo=UTC)


def test_defect_10_a_clock_counts_from_its_stated_start_and_not_from_when_work_began(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=4, at=MONDAY, now=MONDAY + 10 * MINUTE)
    assert {view.started_at for view in queries.clocks_of_case(1, MONDAY + 10 * MINUTE)} == {MONDAY}
