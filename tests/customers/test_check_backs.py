"""Checking back: planned, moved, done, reminded of once, and nobody's when somebody leaves is somebody else's."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.customers import care_actions, check_back_queries, jobs
from app.customers import check_back_actions as check_backs
from app.customers.calendar_rules import Appointment, calendar_file
from app.customers.models import CheckBack
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people import actions as people
from app.people.permissions import COMPANY
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def plan(company: Company, **changes: object) -> CheckBack:
    now = utc_now()
    case = make_case(company.ana)
    values = {
        "customer_id": case.customer_id, "case_id": case.id, "site_id": case.site_id, "owner_id": company.ana.id,
        "channel": "phone", "what": "Is the room quiet now?", "due_at": now + timedelta(days=1),
        "actor": company.ana.actor, "now": now, **changes,
    }  # fmt: skip
    return check_backs.plan(**values)  # type: ignore[arg-type]


def test_a_task_is_moved_and_done_once_with_notes(app: Flask, company: Company) -> None:
    now, task = utc_now(), plan(company)
    deed = {"task_id": task.id, "actor": company.bo.actor, "now": now}
    later = now + timedelta(days=2)
    check_backs.move(version=1, due_at=later, owner_id=company.bo.id, note="She is away", **deed)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        check_backs.finish(version=1, note="fine", **deed)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        check_backs.finish(version=2, note=" ", **deed)  # type: ignore[arg-type]
    check_backs.finish(version=2, note="All quiet, she says.", **deed)  # type: ignore[arg-type]
    with pytest.raises(check_backs.AlreadyDone):
        check_backs.finish(version=3, note="again", **deed)  # type: ignore[arg-type]
    types = [
        row.type for row in db.session.query(AuditEntry).filter_by(subject=f"CB-{task.id}").order_by(AuditEntry.id)
    ]
    assert types == ["check_back:plan", "check_back:move", "check_back:finish"]
    assert check_back_queries.open_ones(COMPANY, Page()).rows == ()


def test_what_cant_be_done_is_refused_in_its_field(app: Flask, company: Company) -> None:
    case, now = make_case(company.ana), utc_now()
    care_actions.set_wishes(
        customer_id=case.customer_id or 0, version=0, channel=None, do_not_call=True, wishes="",
        actor=company.ana.actor, now=now,
    )  # fmt: skip
    assert company.nia
    for changes, field in (
        ({}, "channel"), ({"channel": "email", "what": " "}, "what"), ({"channel": "pigeon"}, "channel"),
        ({"channel": "email", "due_at": now - timedelta(minutes=1)}, "due_at"),
        ({"channel": "email", "owner_id": company.nia.id}, "owner_id"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refusal:
            plan(company, **changes)
        assert list(refusal.value.errors) == [field]
    for actor, wrong in ((company.nia.actor, NotFound), (company.audra.actor, NotPermitted)):
        with pytest.raises(wrong):
            plan(company, channel="email", actor=actor)


def test_who_does_it_is_reminded_once_and_anew_after_a_move(app: Flask, company: Company) -> None:
    task = plan(company)
    due = task.due_at
    assert jobs.remind_due(now=due - timedelta(seconds=1)) == 0
    assert jobs.remind_due(now=due) == 1
    assert jobs.remind_due(now=due) == 0
    assert db.session.query(Notification).filter_by(kind="check_back", employee_id=company.ana.id).count() == 1
    check_backs.move(
        task_id=task.id, version=1, due_at=due + timedelta(days=1), owner_id=company.bo.id, note="later",
        actor=company.ana.actor, now=due,
    )  # fmt: skip
    assert jobs.remind_due(now=due + timedelta(days=1)) == 1
    assert db.session.query(Notification).filter_by(kind="check_back", employee_id=company.bo.id).count() == 1


def test_whoever_leaves_hands_theirs_to_their_lead(app: Flask, company: Company) -> None:
    task = plan(company)
    people.deactivate(employee_id=company.ana.id, actor=OPERATOR, now=utc_now())
    row = check_back_queries.check_back(task.id, COMPANY)
    assert row is not None
    assert row.owner_id == company.sam.id


def test_the_pages_plan_move_and_finish_it(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana, url = sign_in(app.test_client(), company.ana), f"/customers/CU-{case.customer_id}/check-backs"
    other = make_case(company.ana, customer="Dora Klein")
    when = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT10:00")
    values = {
        "what": "All quiet?",
        "channel": "phone",
        "due_at": when,
        "owner_id": str(company.ana.id),
        "case": case.ref,
    }
    assert case.ref in ana.get(f"{url}?case={case.ref}").get_data(as_text=True)
    refused = ana.post(url, data={**values, "due_at": "2020-01-01T10:00"})
    assert refused.status_code == 422
    assert "All quiet?" in refused.get_data(as_text=True)
    assert ana.post(url, data={**values, "case": other.ref}).status_code == 404
    page = ana.post(url, data=values).location
    assert "All quiet?" in ana.get("/check-backs/next").get_data(as_text=True)
    assert "All quiet?" in ana.get(f"/customers/CU-{case.customer_id}").get_data(as_text=True)
    assert "SUMMARY:Check back: Cleo Marchetti" in ana.get("/check-backs.ics").get_data(as_text=True)
    moved = {"due_at": when, "owner_id": str(company.bo.id), "note": "Bo knows her", "version": "1"}
    assert ana.post(f"{page}/time", data={**moved, "note": ""}).status_code == 422
    assert ana.post(f"{page}/time", data=moved).status_code == 303
    assert ana.post(f"{page}/time", data=moved).status_code == 409
    bo = sign_in(app.test_client(), company.bo)
    assert "All quiet?" in bo.get("/check-backs").get_data(as_text=True)
    assert bo.post(f"{page}/done", data={"note": "Yes", "version": "2"}).status_code == 303
    assert bo.post(f"{page}/done", data={"note": "Yes", "version": "3"}).status_code == 409
    assert company.nia
    for person, status in ((company.nia, 404), (company.hana, 403), (company.audra, 200)):
        assert sign_in(app.test_client(), person).get(page).status_code == status


def test_the_calendar_file_keeps_to_its_format() -> None:
    at = datetime(2026, 3, 3, 10, tzinfo=UTC)
    one = Appointment("CB-1@makegood", at, "Ask; Cléo, again", "first\nsecond \\ " + "ü" * 80, "http://x/y", 2)
    text = calendar_file([one], now=at, name="Mine")
    lines = text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART:20260303T100000Z" in lines
    assert "SUMMARY:Ask\\; Cléo\\, again" in lines
    assert max(len(line.encode()) for line in lines) <= 75
    unfolded = text.replace("\r\n ", "")
    assert "DESCRIPTION:first\\nsecond \\\\ " + "ü" * 80 in unfolded
