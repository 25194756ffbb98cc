"""A customer's segment, set by an operator, decides which rules hold for that customer."""

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.customers import segment_actions, segment_queries
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import queries
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import publish_policy


def test_a_rule_for_a_segment_holds_for_its_customers_only(app: Flask) -> None:
    company = make_company()
    limit = {"unit": "incident", "limit_minor": 100, "currency": "GBP", "clause": "4.1"}
    publish_policy([limit, {**limit, "limit_minor": 900, "segment": "regular", "clause": "4.2"}])
    case = make_case(company.ana)
    customer = f"CU-{case.customer_id}"
    case_id = case.id

    def answer() -> tuple[str, str]:
        said = queries.can_i(
            case_id=case_id, kind="refund", amount=Money(900, "GBP"), actor=company.ana.actor, now=utc_now()
        ).decision
        return said.outcome, said.clause

    runner = app.test_cli_runner()
    assert answer() == ("needs_approval", "4.1")
    assert runner.invoke(args=["customers", "segment", customer, "Regular"]).exit_code == 0
    assert answer() == ("allowed", "4.2")
    assert runner.invoke(args=["customers", "segment", customer]).exit_code == 0
    assert answer() == ("needs_approval", "4.1")
    for wrong in (["CU-99", "regular"], [customer, "no spaces"]):
        assert runner.invoke(args=["customers", "segment", *wrong]).exit_code == 1
    with pytest.raises(NotPermitted):
        segment_actions.set_segment(
            customer_id=case.customer_id or 0, segment="regular", actor=company.ana.actor, now=utc_now()
        )


def test_segments_are_kept_on_a_page_all_or_nobody_and_by_numbers_alone(app: Flask) -> None:
    company = make_company()
    cases = [make_case(company.ana, customer=name) for name in ("Abby Hill", "Bobby Hill")]
    first, second = (f"CU-{case.customer_id}" for case in cases)
    ada = sign_in(app.test_client(), company.ada)
    wrong = ada.post("/segments", data={"customers": f"{first}, CU-999", "segment": "regular"})
    assert wrong.status_code == 422
    assert "CU-999" in wrong.text
    assert ada.post("/segments", data={"customers": first, "segment": "no spaces"}).status_code == 422
    assert segment_queries.segments() == ()
    saved = ada.post("/segments", data={"customers": f"{first} {second}", "segment": "Regular"})
    assert saved.status_code == 303
    shown = ada.get("/segments?segment=regular").text
    assert first in shown
    assert company.ada.name in shown
    assert "Abby" not in shown, "who keeps segments need not read customers"
    assert db.session.query(AuditEntry).filter_by(type="customer:segment").count() == 2
    assert ada.post("/segments", data={"customers": second, "segment": ""}).status_code == 303
    assert segment_queries.segments() == (("regular", 1),)
    for person in (company.ana, company.sam, company.audra):
        client = sign_in(app.test_client(), person)
        assert client.get("/segments").status_code == client.post("/segments").status_code == 403
