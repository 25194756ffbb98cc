"""What has had its time goes, class by class, by a shifted clock; holds stay; the dry run says the same and changes nothing."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit import actions as audit
from app.audit.models import AuditEntry
from app.cases import actions as cases
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.messages import draft_actions
from app.notifications.actions import notify
from app.privacy import erasure_actions as erasures
from app.privacy.retention_actions import KEEPER, RETAINED, retain, set_period
from app.privacy.retention_queries import due, periods
from app.privacy.subject_queries import subject_of
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in

YEARS = timedelta(days=1_096)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def ended(company: Company, customer: str) -> Case:
    case = make_case(company.ana, customer=customer, summary=f"{customer} was cold")
    cases.resolve(
        case_id=case.id,
        outcome="made_good",
        root_cause="equipment",
        note="Warm",
        actor=company.ana.actor,
        now=utc_now(),
    )
    return case


def counts(now: object) -> dict[str, int]:
    return {row.code: row.count for row in due(now) if row.count}  # type: ignore[arg-type]


def test_closed_cases_and_their_customers_go_after_their_time_and_held_ones_stay(app: Flask, company: Company) -> None:
    gone, held, opened = ended(company, "Dora Quist"), ended(company, "Emil Rask"), make_case(company.ana)
    subject = subject_of(f"CU-{held.customer_id}")
    assert subject is not None
    erasures.hold(subject=subject, reason="A claim before the court", actor=company.max.actor, now=utc_now())
    draft_actions.keep_draft(case_id=opened.id, subject="", text="Dear Cleo", actor=company.ana.actor, now=utc_now())
    later = utc_now() + YEARS
    assert {"case", "customer"}.isdisjoint(counts(utc_now()))
    found = counts(later)
    assert (found["case"], found["customer"], found["draft"]) == (1, 1, 1)
    said = app.test_cli_runner().invoke(args=["privacy", "retention", "--dry-run", "--json"])
    assert said.exit_code == 0 and json.loads(said.stdout)["dry_run"] is True
    assert counts(later) == found, "a dry run changes nothing"
    while retain(now=later):
        pass
    left = {
        case.id: case.summary for case in db.session.scalars(select(Case).execution_options(populate_existing=True))
    }
    assert left[gone.id] == "[erased]" and left[held.id] == "Emil Rask was cold" and left[opened.id] == opened.summary
    keys = {
        row.id: row.data_key is not None
        for row in db.session.scalars(select(Customer).execution_options(populate_existing=True))
    }
    assert keys == {gone.customer_id: False, held.customer_id: True, opened.customer_id: True}
    assert not counts(later).keys() & {"case", "customer", "draft"}
    assert db.session.scalars(select(AuditEntry.id).where(AuditEntry.type == "privacy:retain")).all()
    assert [part for part in invariants.parts() if invariants.violations(part)] == []


def test_one_more_second_makes_a_line_of_an_inbox_due(company: Company) -> None:
    now = utc_now()
    assert counts(now).get("notice") is None
    with transaction():
        notify(
            employee_ids=[company.ana.id],
            kind="case",
            subject="MG-1",
            url="/cases/MG-1",
            text_key="x",
            params={},
            at=now,
        )
        audit.record(RETAINED, subject="retention", actor=KEEPER, at=now, code="notice", table="notification", rows=0)
    assert counts(now + timedelta(days=180)).get("notice") is None
    assert counts(now + timedelta(days=180, seconds=1))["notice"] == 1


def test_a_period_is_changed_by_a_record_and_some_may_not_be(app: Flask, company: Company) -> None:
    now, max_ = utc_now(), company.max.actor
    set_period(code="case", days=400, actor=max_, now=now)
    set_period(code="mail", days=None, actor=max_, now=now)
    assert (periods()["case"], periods()["mail"], periods()["draft"]) == (400, None, 30)
    for code in ("ledger", "audit", "answer"):
        with pytest.raises(NotFound):
            set_period(code=code, days=1, actor=max_, now=now)
    with pytest.raises(BadInput):
        set_period(code="case", days=0, actor=max_, now=now)
    client = sign_in(app.test_client(), company.max)
    assert client.post("/privacy/retention/case", data={"days": "0"}).status_code == 422
    stale = client.post("/privacy/retention/case", data={"days": "777", "shown": "365"})
    assert stale.status_code == 409 and "777" in stale.text and periods()["case"] == 400
    assert client.post("/privacy/retention/case", data={"days": "500", "shown": "400"}).status_code == 303
    assert periods()["case"] == 500
    assert "500 days" in client.get("/privacy/retention").text
