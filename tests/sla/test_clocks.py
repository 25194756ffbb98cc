"""The life of a case's clocks, on both databases."""

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.calendars import actions as calendars
from app.kernel.database import db
from app.sla import actions as clocks
from app.sla import queries
from app.sla.models import Clock
from app.sla.queries import ClockView
from tests.people.builders import make_site
from tests.sla.builders import HOUR, MINUTE, MONDAY, TEST, open_desk


def shown(now: datetime, case_id: int = 1) -> dict[str, ClockView]:
    return {view.milestone: view for view in queries.clocks_of_case(case_id, now)}


def states(now: datetime) -> list[str]:
    return [view.state for view in queries.clocks_of_case(1, now)]


def entries() -> list[str]:
    return [row for row in db.session.scalars(select(AuditEntry.type).order_by(AuditEntry.id)) if row[:5] == "clock"]


def test_a_case_gets_a_clock_for_every_target_of_its_severity(app: Flask) -> None:
    assert open_desk().start() == MONDAY + 15 * MINUTE
    views = shown(MONDAY)
    assert {name: view.due_at for name, view in views.items()} == {
        "acknowledge": MONDAY + 15 * MINUTE,
        "first_response": MONDAY + 30 * MINUTE,
        "resolve": MONDAY + 8 * HOUR,
    }
    assert views["resolve"].why[0].counted_seconds == 8 * 3_600
    assert entries() == ["clock:start"]


def test_clocks_start_when_the_customer_was_hit_and_count_in_the_sites_hours(app: Flask) -> None:
    friday_evening = MONDAY - timedelta(days=3) + 11 * HOUR
    open_desk().start(at=friday_evening, now=MONDAY - timedelta(days=1))
    assert shown(MONDAY)["acknowledge"].due_at == MONDAY + 15 * MINUTE


def test_a_milestone_in_time_is_met_and_a_late_one_missed(app: Flask) -> None:
    open_desk().start()
    later = MONDAY + HOUR
    clocks.stop(case_id=1, milestone="acknowledge", at=MONDAY + 15 * MINUTE, actor=TEST, now=later)
    due = clocks.stop(case_id=1, milestone="first_response", at=later, actor=TEST, now=later)
    assert due == MONDAY + 8 * HOUR
    assert states(later) == ["met", "missed", "running"]
    assert entries() == ["clock:start", "clock:stop", "clock:stop", "clock:breach"]
    again = clocks.stop(case_id=1, milestone="first_response", at=MONDAY, actor=TEST, now=later)
    assert (again, states(later)) == (due, ["met", "missed", "running"])


def test_waiting_for_the_customer_holds_the_clocks_and_moves_the_deadline_by_its_open_part(app: Flask) -> None:
    open_desk().start()
    assert clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + 10 * MINUTE) == MONDAY + 15 * MINUTE
    assert states(MONDAY + 11 * MINUTE) == ["running", "paused", "paused"]
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + 12 * MINUTE)
    clocks.resume(case_id=1, actor=TEST, now=MONDAY + 10 * MINUTE + 24 * HOUR)
    views = shown(MONDAY + 25 * HOUR)
    assert views["first_response"].due_at == MONDAY + 24 * HOUR + 30 * MINUTE
    assert views["resolve"].due_at == MONDAY + 32 * HOUR
    assert entries() == ["clock:start", "clock:pause", "clock:resume"]


def test_waiting_for_an_approval_or_a_third_party_never_holds_a_clock(app: Flask) -> None:
    open_desk().start()
    for reason in ("approval", "third_party"):
        assert clocks.pause(case_id=1, reason=reason, actor=TEST, now=MONDAY) == MONDAY + 15 * MINUTE
    assert entries() == ["clock:start"]


def test_a_case_resolved_while_it_waits_ends_its_pause(app: Flask) -> None:
    open_desk().start()
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + 5 * MINUTE)
    assert clocks.stop_all(case_id=1, at=MONDAY + 10 * MINUTE, actor=TEST, now=MONDAY + 10 * MINUTE) is None
    assert states(MONDAY + 24 * HOUR) == ["met", "met", "met"]
    assert shown(MONDAY + HOUR)["resolve"].elapsed_seconds == 300


def test_a_reopened_case_goes_on_from_what_had_elapsed(app: Flask) -> None:
    open_desk().start()
    clocks.stop_all(case_id=1, at=MONDAY + 2 * HOUR, actor=TEST, now=MONDAY + 2 * HOUR)
    reopened = MONDAY + 24 * HOUR
    assert clocks.reopen(case_id=1, actor=TEST, now=reopened) == reopened + 6 * HOUR
    assert shown(reopened)["resolve"].elapsed_seconds == 2 * 3_600
    assert shown(reopened)["acknowledge"].state == "missed"
    assert "clock:reopen" in entries()


def test_a_breach_once_recorded_stays_after_reopening_and_with_a_longer_target(app: Flask) -> None:
    open_desk().start()
    late = MONDAY + 24 * HOUR
    clocks.stop_all(case_id=1, at=late, actor=TEST, now=late)
    clocks.reopen(case_id=1, actor=TEST, now=late + HOUR)
    clocks.retarget(case_id=1, severity=1, actor=TEST, now=late + HOUR)
    assert shown(late + HOUR)["resolve"].state == "breached"
    clocks.stop_all(case_id=1, at=late + HOUR, actor=TEST, now=late + HOUR)
    assert shown(late + 2 * HOUR)["resolve"].state == "missed"
    assert entries().count("clock:breach") == 3


def test_another_severity_keeps_what_has_elapsed(app: Flask) -> None:
    open_desk().start(severity=2)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + HOUR)
    clocks.resume(case_id=1, actor=TEST, now=MONDAY + 2 * HOUR)
    due = clocks.retarget(case_id=1, severity=4, actor=TEST, now=MONDAY + 3 * HOUR)
    assert due == MONDAY + 15 * MINUTE
    views = shown(MONDAY + 3 * HOUR)
    assert views["resolve"].due_at == MONDAY + 25 * HOUR
    assert views["resolve"].elapsed_seconds == 2 * 3_600


def test_a_severity_without_a_target_cancels_its_clock(app: Flask) -> None:
    open_desk().start()
    clocks.retarget(case_id=1, severity=0, actor=TEST, now=MONDAY + MINUTE)
    assert states(MONDAY + HOUR) == ["cancelled", "cancelled", "running"]


def test_a_severity_taken_back_brings_its_clocks_back(app: Flask) -> None:
    open_desk().start()
    clocks.retarget(case_id=1, severity=0, actor=TEST, now=MONDAY + MINUTE)
    due = clocks.retarget(case_id=1, severity=4, actor=TEST, now=MONDAY + 2 * MINUTE)
    assert due == MONDAY + 15 * MINUTE
    assert states(MONDAY + 10 * MINUTE) == ["running", "running", "running"]


def test_a_kind_gesture_that_turns_out_a_failure_gets_its_missing_clocks(app: Flask) -> None:
    open_desk().start(severity=0)
    assert clocks.retarget(case_id=1, severity=4, actor=TEST, now=MONDAY + HOUR) == MONDAY + 15 * MINUTE
    assert states(MONDAY + HOUR) == ["breached", "breached", "running"]


def test_moving_a_case_moves_its_clocks_and_no_deadline(app: Flask) -> None:
    desk = open_desk()
    due = desk.start()
    assert clocks.reassign(case_id=1, team_id=None, owner_id=desk.sam, actor=TEST, now=MONDAY) == due
    assert {(c.team_id, c.owner_id) for c in db.session.query(Clock)} == {(None, desk.sam)}


def test_history_is_computed_and_never_noticed(app: Flask) -> None:
    desk = open_desk()
    resolved = {"acknowledge": MONDAY + MINUTE, "resolve": MONDAY + 24 * HOUR}
    due = desk.start(historic=True, stopped=resolved, now=MONDAY + 900 * HOUR)
    assert due == MONDAY + 30 * MINUTE
    assert states(MONDAY + 900 * HOUR) == ["met", "breached", "missed"]
    assert [clock.next_notice_at for clock in db.session.query(Clock)] == [None, None, None]
    assert entries() == ["clock:start"]


def test_new_hours_reach_new_cases_and_leave_running_clocks_alone(app: Flask) -> None:
    desk = open_desk()
    desk.start(1)
    change = {"zone": "Europe/London", "windows": {"tue": [["09:00", "17:00"]]}}
    calendars.change_hours(calendar_id=desk.calendar_id, number=1, **change, actor=TEST, now=MONDAY)  # type: ignore[arg-type]
    desk.start(2)
    assert shown(MONDAY, 1)["acknowledge"].due_at == MONDAY + 15 * MINUTE
    assert shown(MONDAY, 2)["acknowledge"].due_at == MONDAY + 24 * HOUR + 15 * MINUTE


def test_a_site_without_a_calendar_counts_around_the_clock(app: Flask) -> None:
    site = make_site()
    night = MONDAY - 12 * HOUR
    due = clocks.start_case_clocks(
        case_id=1, site_id=site.id, team_id=None, owner_id=None, severity=4, started_at=night, actor=TEST, now=night
    )
    assert due == night + 15 * MINUTE
