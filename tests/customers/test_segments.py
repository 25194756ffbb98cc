"""A customer's segment, set by an operator, decides which rules hold for that customer."""

import pytest
from flask import Flask

from app.customers import segment_actions
from app.kernel.errors import NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import queries
from tests.cases.builders import make_case
from tests.people.builders import make_company
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
