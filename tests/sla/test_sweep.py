"""Due-soon and breach notices: each once, to the right people, found by the index."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text, update

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.sla import actions as clocks
from app.sla import jobs, sweep_queries, target_actions
from app.sla.condition_rules import DEFAULT_RULES
from app.sla.models import Clock, ClockNotice
from tests.people.builders import make_person
from tests.sla.builders import HOUR, MINUTE, MONDAY, TEST, Desk, open_desk

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def told() -> list[tuple[int, str, str]]:
    wanted = select(Notification.employee_id, Notification.kind, Notification.text_key).order_by(Notification.id)
    return [(row[0], row[1], row[2].split(":")[1]) for row in db.session.execute(wanted)]


def types(clock_id: int) -> list[str]:
    wanted = select(AuditEntry.type).where(AuditEntry.subject == f"CL-{clock_id}").order_by(AuditEntry.id)
    return list(db.session.scalars(wanted))


def test_the_ladder_climbs_from_the_owner_to_the_manager_inside_working_hours(app: Flask) -> None:
    desk = open_desk()
    max_id = make_person("Max Weber", "manager", desk.site_id).id
    desk.start(severity=0)  # one clock of 40 hours, Monday to Friday: due at Friday's closing time
    day = 24 * HOUR
    half, soon, near = MONDAY + 2 * day + 4 * HOUR, MONDAY + 3 * day + 6 * HOUR, MONDAY + 4 * day + 4 * HOUR
    due, opens = MONDAY + 4 * day + 8 * HOUR, MONDAY + 7 * day
    steps = (
        (half, 0), (half + SECOND, 1), (half + SECOND, 0), (soon, 0), (soon + SECOND, 1), (near + SECOND, 1),
        (due, 0), (due + SECOND, 1), (due + HOUR, 0), (opens, 0), (opens + SECOND, 1), (opens + HOUR, 0), (opens + HOUR + SECOND, 1),
        (opens + 4 * HOUR + SECOND, 1), (opens + 8 * HOUR + SECOND, 0), (opens + day + SECOND, 1), (opens + 90 * day, 0),
    )  # fmt: skip
    for now, count in steps:
        assert jobs.sweep(now=now) == count, now
        clock = db.session.query(Clock).one()
        assert clock.breached_at == (due if now > due else None)  # kept at its time, told when the desk opens
    assert told() == [
        (desk.ana, "clock:half", "resolve"),
        (desk.ana, "clock:soon", "resolve"),
        (desk.sam, "clock:soon", "resolve"),
        (desk.ana, "clock:near", "resolve"),
        (desk.sam, "clock:near", "resolve"),
        (desk.ana, "clock:breach", "resolve"),
        (desk.sam, "clock:breach", "resolve"),
        (desk.ana, "clock:level1", "resolve"),
        (desk.sam, "clock:level2", "resolve"),
        (max_id, "clock:level3", "resolve"),
    ]
    assert (clock.warned_at, clock.breached_at, clock.next_notice_at) == (soon + SECOND, due, None)
    assert types(1) == ["clock:warn"] * 3 + ["clock:breach", "clock:tell"] + ["clock:escalate"] * 3


def test_after_a_standstill_no_warning_is_told_but_every_breach_with_its_true_time(app: Flask) -> None:
    desk = open_desk()
    desk.start()
    later = MONDAY + 913 * HOUR
    assert [jobs.sweep(now=later) for _ in range(5)] == [3, 3, 3, 3, 0]
    kinds = [kind for _, kind, name in told() if name == "resolve"]
    assert kinds == ["clock:breach", "clock:breach", "clock:level1", "clock:level2", "clock:level3"]
    assert db.session.query(Clock).filter_by(milestone="resolve").one().breached_at == MONDAY + 8 * HOUR


def test_a_breach_that_nobody_swept_is_kept_and_told_before_the_deadline_is_moved(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=4)
    clocks.retarget(case_id=1, severity=1, actor=TEST, now=MONDAY + 8 * HOUR + SECOND)
    resolve = db.session.query(Clock).filter_by(milestone="resolve").one()
    assert (resolve.breached_at, resolve.target_seconds) == (MONDAY + 8 * HOUR, 144_000)
    assert [types(clock.id) for clock in db.session.query(Clock).order_by(Clock.id)] == [["clock:breach"]] * 3
    jobs.sweep(now=MONDAY + 23 * HOUR)
    assert told() == []  # the desk is closed
    jobs.sweep(now=MONDAY + 24 * HOUR + SECOND)
    assert told().count((desk.ana, "clock:breach", "resolve")) == 1
    assert types(resolve.id) == ["clock:breach", "clock:tell"]


@pytest.mark.parametrize("deed", ["stop", "pause"])
def test_a_deed_at_night_keeps_the_breach_and_who_must_know_hears_once_when_the_desk_opens(
    app: Flask, deed: str
) -> None:
    desk = open_desk()
    desk.start(severity=0)  # due on Friday when the desk closes
    night, opens = MONDAY + 4 * DAY + 12 * HOUR, MONDAY + 7 * DAY
    if deed == "stop":
        clocks.stop_all(case_id=1, at=night, actor=TEST, now=night)
    else:
        clocks.pause(case_id=1, reason="customer", actor=TEST, now=night)
    clock = db.session.query(Clock).filter_by(milestone="resolve").one()
    assert (clock.breached_at, clock.told) == (MONDAY + 4 * DAY + 8 * HOUR, 3)
    for now in (night + SECOND, night + DAY, opens - SECOND, opens, opens + SECOND, opens + HOUR, opens + 60 * DAY):
        jobs.sweep(now=now)
        kinds = [kind for _who, kind, name in told() if name == "resolve" and kind == "clock:breach"]
        assert kinds == (["clock:breach"] * 2 if now > opens else []), now
    assert types(clock.id)[-2:] == ["clock:breach", "clock:tell"]


def test_a_clock_that_counts_every_second_is_told_about_while_its_desk_is_open(app: Flask) -> None:
    desk = open_desk()
    wall = replace(DEFAULT_RULES.of("resolve"), time="wall")
    target_actions.publish_rule(milestone="resolve", rule=wall, number=0, actor=TEST, now=MONDAY)
    desk.start(severity=0)  # 40 hours on the wall: half on Tuesday at 5:00, 75 % at 15:00, due on Wednesday at 1:00
    seen = []
    for hour in range(72):
        now = MONDAY + hour * HOUR + SECOND
        while jobs.sweep(now=now):
            seen.append((hour, types(1)[-1], len(told())))
    assert seen == [
        (20, "clock:wait", 0), (24, "clock:warn", 1), (30, "clock:warn", 3), (36, "clock:wait", 3),
        (40, "clock:breach", 3), (48, "clock:tell", 5), (48, "clock:escalate", 6), (48, "clock:escalate", 7),
        (48, "clock:escalate", 8),
    ]  # fmt: skip


def test_a_warning_that_the_policy_leaves_out_stops_no_sweep_and_a_breach_is_kept_without_its_notice(
    app: Flask,
) -> None:
    desk = open_desk()
    ladder = replace(DEFAULT_RULES, thresholds=frozenset({"half"}))
    target_actions.publish_ladder(rules=ladder, number=0, actor=TEST, now=MONDAY)
    desk.start(1, severity=0)
    desk.start(2, severity=0, at=MONDAY - 7 * DAY)
    assert jobs.sweep(now=MONDAY + 4 * DAY) == 2
    assert told() == [(desk.ana, "clock:half", "resolve")]
    kept = [(clock.breached_at, clock.next_notice_at) for clock in db.session.query(Clock).order_by(Clock.id)]
    assert kept == [(None, MONDAY + 4 * DAY + 8 * HOUR), (MONDAY - 3 * DAY + 8 * HOUR, None)]
    assert types(2) == ["clock:breach"]


def test_a_held_stopped_or_historic_clock_is_left_alone(app: Flask) -> None:
    desk = open_desk()
    desk.start(1, severity=0)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + MINUTE)
    desk.start(2, severity=0)
    clocks.stop_all(case_id=2, at=MONDAY + MINUTE, actor=TEST, now=MONDAY + MINUTE)
    desk.start(3, severity=0, historic=True)
    assert jobs.sweep(now=MONDAY + 913 * HOUR) == 0
    assert told() == []


def test_a_sweep_stops_at_its_limit_and_the_next_one_goes_on(app: Flask) -> None:
    desk = open_desk()
    for case_id in range(1, 6):
        desk.start(case_id)
    later = MONDAY + 913 * HOUR
    assert [jobs.sweep(now=later, limit=7) for _ in range(3)] == [7, 7, 7]


def test_a_case_without_an_owner_is_told_to_its_supervisor(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=0, owner_id=None)
    jobs.sweep(now=MONDAY + 913 * HOUR)
    assert told() == [(desk.sam, "clock:breach", "resolve")]


def test_two_sweeps_at_once_tell_each_breach_once(app: Flask) -> None:
    desk = open_desk()
    for case_id in range(1, 41):
        desk.start(case_id, severity=0)
    counts: list[int] = []

    def run() -> None:
        with app.app_context():
            counts.append(jobs.sweep(now=MONDAY + 913 * HOUR))
            db.session.remove()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(5):
        jobs.sweep(now=MONDAY + 913 * HOUR)
    db.session.rollback()
    assert db.session.query(ClockNotice).count() == 4 * 40
    assert len(told()) == 5 * 40


def fill(desk: Desk, count: int) -> None:
    """Clocks that are not due for long, written plainly."""
    far = MONDAY + 9_000 * HOUR
    row = {
        "case_ref": "MG-1",
        "milestone": "resolve",
        "severity": 1,
        "site_id": desk.site_id,
        "target_seconds": 1,
        "started_at": MONDAY,
        "due_at": far,
        "soon_at": far,
        "next_notice_at": far,
        "historic": False,
        "version": 1,
    }
    with transaction():
        clocks.stop_all(case_id=1, at=MONDAY, actor=TEST, now=MONDAY)
        db.session.execute(insert(Clock), [{**row, "case_id": n} for n in range(100, 100 + count)])
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE clock"))


def test_the_sweep_reads_only_what_is_due(app: Flask) -> None:
    """The statement that the sweep itself sends is explained by the database."""
    desk = open_desk()
    desk.start(severity=0)
    fill(desk, 3_000)
    sent: list[tuple[str, object]] = []

    def note(_c: object, _k: object, statement: str, given: object, *_rest: object) -> None:
        sent.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    sweep_queries.due_ids(MONDAY + 913 * HOUR, 100)
    event.remove(db.engine, "before_cursor_execute", note)
    statement, given = next(one for one in sent if one[0].startswith("SELECT"))
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    plan = db.session.connection().exec_driver_sql(f"{explain} {statement}", given)  # type: ignore[arg-type]
    lines = " ".join(str(row) for row in plan)
    assert "ix_clock_notice" in lines
    assert "SCAN clock" not in lines and "Seq Scan" not in lines
    assert "Sort" not in lines and "TEMP B-TREE" not in lines


def test_a_minute_in_which_a_thousand_clocks_are_missed_is_told_in_under_five_seconds_of_work(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=0)
    fill(desk, 1_000)
    with transaction():
        values = {
            "due_at": MONDAY + HOUR,
            "soon_at": MONDAY,
            "next_notice_at": MONDAY + HOUR,
            "told": 3,
            "target_seconds": 3_600,
        }
        db.session.execute(
            update(Clock)
            .where(Clock.case_id > 1)
            .values(**values, site_id=desk.site_id, team_id=desk.team_id, owner_id=desk.ana)
        )
        clocks.audit.record(clocks.CANCELLED, subject="test", actor=TEST, at=MONDAY, milestones=[])
    began = time.process_time()
    told_count = sum(jobs.sweep(now=MONDAY + HOUR + SECOND) for _ in range(2))
    took = time.process_time() - began
    assert told_count == db.session.query(ClockNotice).count() == 1_000
    assert len(told()) == 2_000
    assert took < 5, took
