"""Looking at a customer's details is an entry, once per reader and day; the customer reads by whom, by role and never by name."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry, AuditPayload
from app.cases import actions as cases
from app.cases.models import Case
from app.customers import merge_actions
from app.customers.look_actions import record_look
from app.customers.look_models import CustomerLook
from app.customers.merge_queries import root_of
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.privacy import erasure_actions as erasures
from app.privacy.access_queries import accesses_of, seen_by_the_customer
from app.privacy.export_actions import take_along
from app.privacy.subject_queries import subject_of
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.portal.builders import visit
from tests.sla.test_pages import count_queries


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def case(company: Company) -> Case:
    return make_case(company.ana)


def looks() -> list[tuple[str, int | None]]:
    db.session.rollback()
    rows = db.session.execute(
        select(AuditEntry.subject, AuditEntry.actor_id)
        .where(AuditEntry.type == "customer:open")
        .order_by(AuditEntry.id)
    )
    return [(row.subject, row.actor_id) for row in rows]


def look(case: Case, person: PersonRow, days_ago: int = 0) -> None:
    assert case.customer_id
    record_look(customer_id=case.customer_id, how="page", actor=person.actor, now=utc_now() - timedelta(days=days_ago))


def test_a_page_opened_twice_is_one_entry_and_the_second_time_writes_nothing(
    app: Flask, company: Company, case: Case
) -> None:
    url, subject = f"/customers/CU-{case.customer_id}", f"CU-{case.customer_id}"
    ana = sign_in(app.test_client(), company.ana)
    for _time in range(2):
        assert ana.get(url).status_code == 200
    assert looks() == [(subject, company.ana.id)]
    assert count_queries(lambda: ana.get(url)) <= 15
    # By the API it is the same reader's look; another reader's is another.
    assert Api(app, company.ana).get(url).status_code == 200
    assert Api(app, company.sam).get(url).status_code == 200
    assert looks() == [(subject, company.ana.id), (subject, company.sam.id)]
    # Who may not see the customer hasn't looked.
    assert sign_in(app.test_client(), company.nia).get(url).status_code == 404
    assert Api(app, company.nia).get(url).status_code == 404
    assert len(looks()) == 2
    said = db.session.scalars(
        select(AuditPayload.payload)
        .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        .where(AuditEntry.type == "customer:open")
    ).all()
    assert not any("cleo" in one.lower() for one in said)


def test_another_day_is_another_entry_and_an_earlier_one_is_none(company: Company, case: Case) -> None:
    for days_ago in (2, 2, 1, 0, 1):
        look(case, company.ana, days_ago)
    assert len(looks()) == 3
    assert db.session.query(CustomerLook).count() == 1, "the table grows by readers, not by days"


def test_the_customer_reads_days_and_roles_and_no_name(app: Flask, company: Company, case: Case) -> None:
    look(case, company.sam, 95)
    for person in (company.ana, company.sam):
        look(case, person)
    subject = subject_of(f"CU-{case.customer_id}")
    assert subject
    exported = take_along(subject=subject, actor=company.max.actor, now=utc_now())
    with zipfile.ZipFile(io.BytesIO(exported)) as packed:
        accesses = json.loads(packed.read("data.json"))["accesses"]
    assert [(one["what"], one["role"]) for one in accesses] == [
        ("customer:open", "supervisor"), ("customer:open", "frontline"), ("customer:open", "supervisor"),
    ]  # fmt: skip
    page = visit(app, case, company.ana).get(f"/your-case/{case.ref}").text
    card = page.partition('id="looks"')[2].partition("</section>")[0]
    assert "Frontline: looked at your details" in card and "Supervisor: looked at your details" in card
    assert "Manager: made a copy of your data" in card
    assert card.count(": looked at your details") == 2, "95 days ago is not shown"
    assert not any(one.name.split()[0] in card for one in (company.ana, company.sam, company.max))
    handler = sign_in(app.test_client(), company.max).get(f"/privacy/people/{subject.ref}").text
    assert f"{company.sam.name}, Supervisor · looked at the details" in handler


def test_looks_at_every_number_that_counts_as_the_customer_are_shown(company: Company, case: Case) -> None:
    second = make_case(company.bo, customer="Dora Again")
    assert second.customer_id and case.customer_id
    look(second, company.sam)
    merge_actions.merge(
        customer_id=second.customer_id, into_id=case.customer_id, reason="the same person", actor=company.sam.actor,
        now=utc_now(),
    )  # fmt: skip
    assert root_of(second.customer_id) == case.customer_id
    for number in (case.customer_id, second.customer_id):
        seen = seen_by_the_customer(number, utc_now())
        assert [(one.what, one.role, one.name) for one in seen] == [("customer:open", "supervisor", None)]


def test_erasing_the_customer_keeps_the_entries_and_the_trail_valid(company: Company, case: Case) -> None:
    look(case, company.ana)
    before = looks()
    cases.resolve(
        case_id=case.id, outcome="made_good", root_cause="equipment", note="", actor=company.ana.actor, now=utc_now()
    )
    subject = subject_of(f"CU-{case.customer_id}")
    assert subject
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=utc_now())
    erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=utc_now())
    assert looks() == before
    assert db.session.query(CustomerLook).count() == 0
    assert [one.what for one in accesses_of(subject.refs)] == ["customer:open"]
    assert {part: found for part in invariants.parts() if (found := invariants.violations(part))} == {}
