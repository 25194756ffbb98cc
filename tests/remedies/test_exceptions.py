"""Exceptions about money: they open exactly what was asked, once, and leave nothing behind."""

from typing import Any

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from app.remedies.rules import NeedsApproval, OutsideRequest, Refused
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company
from tests.remedies.builders import give, publish_policy


def ask(company: Company, case_id: int, minor: int, **changes: Any) -> int:
    values: dict[str, Any] = {
        "kind": "refund",
        "reason": "walked on the anniversary",
        "intent": f"ask-{minor}-{case_id}",
        **changes,
    }
    return remedies.ask_exception(
        case_id=case_id, amount=Money(minor, "GBP"), actor=company.ana.actor, now=utc_now(), **values
    ).id


def approve(company: Company, exception_id: int, amount: Money | None = None) -> int:
    request = remedies.decide_exception(
        exception_id=exception_id, outcome="approved", amount=amount, reason="", actor=company.sam.actor, now=utc_now()
    )
    assert request.remedy_id is not None
    return request.remedy_id


def purse(unit: str) -> Purse:
    return db.session.query(Purse).populate_existing().filter_by(unit=unit).one()


@pytest.mark.parametrize("ending", ["decline", "withdraw", "reverse"])
def test_what_an_exception_opened_closes_again_when_its_remedy_ends(app: Flask, ending: str) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    remedy_id = approve(company, ask(company, case.id, 300_000))
    assert purse("incident").approved_minor == 300_000
    if ending == "reverse":
        remedies.accept(remedy_id=remedy_id, actor=company.ana.actor, now=utc_now())
        remedies.reverse(remedy_id=remedy_id, reason="wrong guest", actor=company.sam.actor, now=utc_now())
    else:
        getattr(remedies, ending)(remedy_id=remedy_id, actor=company.ana.actor, now=utc_now())
    assert purse("incident").approved_minor == 0
    with pytest.raises(NeedsApproval):
        give(company.ana, case.id, 20_001)
    assert give(company.ana, case.id, 20_000).state == "reserved"
    assert violations() == []


def test_an_exception_leaves_the_givers_own_month_as_it_was(app: Flask) -> None:
    company = make_company()
    publish_policy()
    approve(company, ask(company, make_case(company.ana).id, 300_000))
    other = make_case(company.ana, customer="Rafael Marchetti")
    assert give(company.ana, other.id, 20_000).state == "reserved"
    assert (purse("employee_month").reserved_minor, purse("employee_month").approved_minor) == (320_000, 300_000)
    assert violations() == []


def test_a_smaller_approval_or_acceptance_opens_only_that(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    remedy_id = approve(company, ask(company, case.id, 300_000), Money(100_000, "GBP"))
    remedies.accept(remedy_id=remedy_id, amount=Money(60_000, "GBP"), actor=company.ana.actor, now=utc_now())
    window = purse("incident")
    assert (window.reserved_minor, window.settled_minor, window.approved_minor) == (0, 60_000, 60_000)
    assert violations() == []


def test_the_part_within_the_limit_is_given_at_once_and_the_rest_is_asked(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    exception_id = ask(company, case.id, 300_000, part=Money(20_000, "GBP"))
    rows = {row.state: row.amount_minor for row in db.session.query(Remedy)}
    assert rows == {"reserved": 20_000, "requested": 280_000}
    with pytest.raises(NeedsApproval):
        give(company.ana, case.id, 100)
    approve(company, exception_id)
    assert purse("incident").reserved_minor == 300_000
    assert violations() == []


def test_a_part_above_the_limit_leaves_nothing(app: Flask) -> None:
    company = make_company()
    publish_policy()
    with pytest.raises(NeedsApproval):
        ask(company, make_case(company.ana).id, 300_000, part=Money(20_001, "GBP"))
    assert db.session.query(Remedy).count() == 0
    assert violations() == []


def test_an_approval_does_not_reach_a_window_that_was_not_asked_about(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    exception_id = ask(company, case.id, 25_000)  # above the incident's limit only
    give(company.ana, make_case(company.ana).id, 20_000)  # the same guest's 30 days are nearly used up meanwhile
    with pytest.raises(OutsideRequest):
        approve(company, exception_id)
    assert db.session.get(Remedy, 1).state == "requested"  # type: ignore[union-attr]
    assert violations() == []


def test_nobody_approves_beyond_the_hard_cap(app: Flask) -> None:
    company = make_company()
    publish_policy()
    with pytest.raises(Refused, match="Nobody can approve"):
        ask(company, make_case(company.ana).id, 1_000_001)


def test_a_rolling_window_is_filled_to_its_hard_cap_and_no_further(app: Flask) -> None:
    company = make_company()
    window = {"unit": "customer_days", "days": 30, "currency": "GBP"}
    publish_policy([
        {"unit": "incident", "currency": "GBP", "limit_minor": 60_000, "clause": "4.1"},
        {**window, "role": "frontline", "limit_minor": 20_000, "clause": "4.3"},
        {**window, "role": None, "limit_minor": 50_000, "clause": "9.9", "hard": True},
    ])  # fmt: skip
    case = make_case(company.ana)
    approve(company, ask(company, case.id, 50_000))
    assert purse("customer_days").reserved_minor == 50_000
    with pytest.raises(Refused, match="Nobody can approve"):
        ask(company, case.id, 1, intent="one-penny-more")
    assert violations() == []


def test_a_new_policy_does_not_touch_a_request_in_flight(app: Flask) -> None:
    company = make_company()
    publish_policy()
    exception_id = ask(company, make_case(company.ana).id, 300_000)
    cap = {"role": None, "unit": "incident", "limit_minor": 100, "currency": "GBP", "clause": "9.9", "hard": True}
    own = {"role": "frontline", "unit": "incident", "limit_minor": 50, "currency": "GBP", "clause": "9.8"}
    publish_policy([cap, own])
    approve(company, exception_id)
    assert purse("incident").reserved_minor == 300_000


def test_what_one_may_give_alone_is_not_asked_for(app: Flask) -> None:
    company = make_company()
    publish_policy()
    with pytest.raises(BadInput):
        ask(company, make_case(company.ana).id, 20_000)
