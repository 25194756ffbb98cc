"""New hours and targets reach open cases only by a re-run; closed ones never."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.cases.models import Case
from app.kernel.database import db
from app.sla import actions as clocks
from app.sla import jobs, queries, rerun_actions, target_actions
from app.sla.models import Clock, Rerun
from app.sla.past_queries import disagreements
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.sla.builders import HOUR, MONDAY, TEST, Desk, open_desk

DAY = 24 * HOUR


def close_tuesday(desk: Desk, number: int = 1) -> None:
    hours: dict[str, Any] = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
    calendars.change_hours(
        calendar_id=desk.calendar_id, number=number, zone="Europe/London", windows=hours,
        own_holidays={"2026-02-03": "Storm"}, actor=TEST, now=MONDAY,
    )  # fmt: skip


def due(case_id: int) -> dict[str, Any]:
    return {view.milestone: view.due_at for view in queries.clocks_of_case(case_id, MONDAY)}


def run(kind: str = "hours", now: Any = MONDAY + HOUR) -> Rerun:
    rerun_id = rerun_actions.ask(kind=kind, reason="The storm", actor=TEST, now=now)
    while jobs.run_reruns(now=now, limit=2):
        pass
    return queries.rerun(rerun_id)


def test_a_holiday_reaches_open_cases_by_a_rerun_that_was_previewed_and_no_closed_one(app: Flask) -> None:
    desk = open_desk()
    for case_id in range(1, 6):
        desk.start(case_id, severity=3)  # resolve within 16 hours: by Tuesday 17:00
    clocks.happened(case_id=4, event="resolved", actor=TEST, now=MONDAY + HOUR)
    desk.start(5 + 1, severity=3, historic=True)
    closed, historic = due(4), due(6)
    close_tuesday(desk)
    assert due(1)["resolve"] == MONDAY + DAY + 8 * HOUR
    shown = rerun_actions.preview("hours", now=MONDAY + HOUR)
    assert (shown.case_count, shown.looked_count, {one.held.milestone for one in shown.moves}) == (4, 4, {"resolve"})
    before = db.session.scalar(select(func.count()).select_from(AuditEntry))
    done = run()
    assert (done.state, done.case_count, done.looked_count, done.moved_count) == ("done", 4, 4, 4)
    assert {one: due(one)["resolve"] for one in (1, 2, 3, 5)} == dict.fromkeys(
        (1, 2, 3, 5), MONDAY + 2 * DAY + 8 * HOUR
    )
    assert (due(4), due(6)) == (closed, historic)
    types = select(AuditEntry.type).order_by(AuditEntry.id).offset(before)
    assert [one for one in db.session.scalars(types) if "rerun" in one] == [
        "rerun:ask",
        *["clock:rerun"] * 4,
        "rerun:finish",
    ]
    assert disagreements(range(1, 20)) == []
    assert run().case_count == 0


def test_a_rerun_keeps_a_breach_and_never_tells_it_twice(app: Flask) -> None:
    desk = open_desk()
    desk.start(1, severity=3)
    close_tuesday(desk)
    late = MONDAY + DAY + 8 * HOUR + timedelta(seconds=1)
    run(now=late)
    resolve = db.session.query(Clock).filter_by(milestone="resolve").one()
    assert (resolve.breached_at, resolve.due_at) == (late - timedelta(seconds=1), MONDAY + 2 * DAY + 8 * HOUR)
    told = select(func.count()).select_from(AuditEntry).where(AuditEntry.type == "clock:breach")
    count = db.session.scalar(told)
    for days in range(2, 9):
        jobs.sweep(now=MONDAY + days * DAY)
    assert db.session.scalar(told) == count


def test_other_targets_reach_open_cases_and_a_retired_one_cancels_its_clock(app: Flask) -> None:
    desk = open_desk()
    desk.start(1, severity=3)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + HOUR)
    target_actions.publish_targets(targets={3: {"resolve": 4 * 3_600}}, number=0, actor=TEST, now=MONDAY)
    assert run("targets", MONDAY + 2 * HOUR).moved_count == 1
    # Of the two that had been missed before they were retired the breach is told, and nothing after it.
    assert [jobs.sweep(now=MONDAY + hours * HOUR) for hours in (2, 6)] == [2, 0]
    clocks.happened(case_id=1, event="resumed", actor=TEST, now=MONDAY + 3 * HOUR)
    found = {view.milestone: (view.state, view.due_at) for view in queries.clocks_of_case(1, MONDAY + 3 * HOUR)}
    assert found["resolve"] == ("running", MONDAY + 6 * HOUR)  # 4 hours, of which 2 were a pause
    assert {found[name][0] for name in ("acknowledge", "first_response")} == {"cancelled"}
    assert disagreements(range(1, 5)) == []


def test_a_rerun_moves_the_case_in_the_queue_and_is_asked_for_by_page_or_command(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana, severity=3)
    before = case.next_due_at
    ada = sign_in(app.test_client(), company.ada)
    targets = {3: {"acknowledge": 30 * 86_400, "resolve": 31 * 86_400}}
    target_actions.publish_targets(targets=targets, number=0, actor=TEST, now=MONDAY)
    page = ada.get("/settings/re-runs?kind=targets").get_data(as_text=True)
    assert case.ref in page
    assert ada.post("/settings/re-runs", data={"kind": "targets", "reason": ""}).status_code == 422
    assert ada.post("/settings/re-runs", data={"kind": "targets", "reason": "Slower"}).status_code == 303
    assert ada.post("/settings/re-runs", data={"kind": "targets", "reason": "Slower"}).status_code == 409
    assert sign_in(app.test_client(), company.sam).get("/settings/re-runs").status_code == 403
    assert ada.post("/settings/re-runs/RR-1/stop").status_code == 303
    told = app.test_cli_runner().invoke(args=["sla", "rerun", "--kind", "targets", "--json"])
    assert orjson.loads(told.output)["cases"] == 1
    done = app.test_cli_runner().invoke(args=["sla", "rerun", "--kind", "targets", "--reason", "Slower", "--json"])
    assert orjson.loads(done.output) == {"rerun": 2, "state": "done", "looked": 1, "moved": 1}
    db.session.expire_all()
    assert db.session.get_one(Case, case.id).next_due_at > before
    replayed = app.test_cli_runner().invoke(args=["sla", "replay", "--json"])
    assert (replayed.exit_code, orjson.loads(replayed.output)) == (0, {"clocks": 3, "wrong": []})


def test_sites_adopt_and_end_legal_packs_on_their_page(app: Flask) -> None:
    company = make_company()
    ada = sign_in(app.test_client(), company.ada)
    assert "DISP 1.5.1R" in ada.get("/settings/legal-clocks").get_data(as_text=True)
    site = str(company.quayside.id)
    assert ada.post("/settings/legal-clocks/disp-8w", data={"site": site}).status_code == 303
    case = make_case(company.ana, severity=2)
    view = next(view for view in queries.clocks_of_case(case.id, case.logged_at) if view.milestone == "legal")
    why = sign_in(app.test_client(), company.ana).get(f"/clocks/CL-{view.id}/why").get_data(as_text=True)
    assert "DISP 1.6.2R" in why and ">56<" in why
    assert ada.post("/settings/legal-clocks/disp-8w", data={}).status_code == 303
    assert queries.versions_for_start(company.quayside.id)[2] == ()
    assert ada.post("/settings/legal-clocks/nothing", data={}).status_code == 404


@pytest.mark.parametrize("kind", ["", "all"])
def test_an_unknown_kind_of_rerun_is_refused(app: Flask, kind: str) -> None:
    with pytest.raises(rerun_actions.BadInput):
        rerun_actions.ask(kind=kind, reason="Because", actor=TEST, now=MONDAY)
