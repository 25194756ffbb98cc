"""Redress is kept apart from goodwill: computed first, from no purse, and a case that owes it can't end without it."""

import secrets
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import redress_actions as redress
from app.remedies import redress_queries
from app.remedies.models import Remedy
from app.remedies.redress_actions import NothingOwed, RedressOwed
from app.remedies.rules import NeedsApproval, Refused
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

PRICE = "price-reduction"


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_policy()
    owe(PRICE, "100 %")
    return made


def owe(code: str, formula: str, **changes: Any) -> None:
    now = utc_now()
    redress.add_entitlement(
        code=code, name="Price reduction", source="Consumer Rights Act 2015, section 56", kind="refund", formula=formula,
        country="GB", valid_from=now - timedelta(days=30), actor=command("test"), now=now, **changes,
    )  # fmt: skip


def give_owed(person: PersonRow, case: Case, minor: int, code: str | None = PRICE, **changes: Any) -> Remedy:
    values = {"nature": "redress", "entitlement": code, "reason": "", **changes}
    return give(person, case.id, minor, **values)


def resolve(person: PersonRow, case: Case) -> None:
    cases.resolve(
        case_id=case.id, outcome="made_good", root_cause="equipment", note="", actor=person.actor, now=utc_now()
    )


def test_redress_is_given_by_the_frontline_though_every_purse_is_empty(app: Flask, company: Company) -> None:
    case = make_case(company.ana, loss_minor=90_000)
    give(company.ana, case.id, 20_000)
    with pytest.raises(NeedsApproval):
        give(company.ana, case.id, 1)
    remedy = give_owed(company.ana, case, 90_000)
    assert (remedy.state, remedy.reason) == ("reserved", "Consumer Rights Act 2015, section 56")
    remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=utc_now())
    purse = db.session.query(Purse).filter_by(unit="employee_month").one()
    assert (purse.reserved_minor, purse.settled_minor) == (20_000, 0)
    assert db.session.get(Case, case.id).given_minor == 0  # type: ignore[union-attr]
    assert violations() == []


def test_a_case_that_owes_redress_cannot_be_resolved_with_goodwill_alone(app: Flask, company: Company) -> None:
    case = make_case(company.ana, loss_minor=10_000)
    goodwill = give(company.ana, case.id, 15_000)
    remedies.accept(remedy_id=goodwill.id, actor=company.ana.actor, now=utc_now())
    with pytest.raises(RedressOwed, match="section 56") as refusal:
        resolve(company.ana, case)
    assert refusal.value.details["owed"][0]["left"] == {"amount": "100.00", "currency": "GBP"}
    part = give_owed(company.ana, case, 10_000)
    remedies.accept(remedy_id=part.id, amount=Money(4_000, "GBP"), actor=company.ana.actor, now=utc_now())
    with pytest.raises(RedressOwed):
        resolve(company.ana, case)
    give_owed(company.ana, case, 6_000)
    resolve(company.ana, case)


def test_above_what_is_owed_is_refused_and_it_is_owed_once(app: Flask, company: Company) -> None:
    case = make_case(company.ana, loss_minor=10_000)
    with pytest.raises(Refused, match="more than is owed") as refusal:
        give_owed(company.sam, case, 10_001)
    decision = refusal.value.details["decision"]
    assert (decision["reason"], decision["allowed_now"]["amount"]) == ("above_owed", "100.00")
    intent = secrets.token_urlsafe(12)
    first = give_owed(company.ana, case, 10_000, intent=intent)
    assert give_owed(company.ana, case, 10_000, intent=intent).id == first.id
    with pytest.raises(NothingOwed):
        give_owed(company.bo, case, 1)
    remedies.decline(remedy_id=first.id, actor=company.ana.actor, now=utc_now())
    assert give_owed(company.bo, case, 10_000).state == "reserved"


def test_without_a_rule_only_whoever_leads_records_what_is_owed(app: Flask, company: Company) -> None:
    case = make_case(company.ana, loss_minor=None, severity=0)
    with pytest.raises(Refused, match="recorded by a supervisor"):
        give_owed(company.ana, case, 100, code=None, reason="contract")
    assert give_owed(company.sam, case, 100, code=None, reason="contract, section 4").state == "reserved"
    with pytest.raises(NothingOwed):  # severity 0: nothing failed, so the rule doesn't apply
        give_owed(company.sam, case, 100)


def test_a_fact_is_found_first_and_only_whoever_leads_sets_an_entitlement_aside(app: Flask, company: Company) -> None:
    owe("delay", "delay_minutes: 179=0, more=250 GBP")
    case = make_case(company.ana, loss_minor=0)
    with pytest.raises(RedressOwed):
        resolve(company.ana, case)

    def find(person: PersonRow, **said: Any) -> None:
        redress.find(case_id=case.id, code="delay", actor=person.actor, now=utc_now(), **said)

    find(company.ana, fact=180)
    lines = {line.rule.code: line for line in redress_queries.owed_in_case(case, utc_now())}
    assert lines["delay"].left == Money(25_000, "GBP")
    with pytest.raises(NotPermitted):
        find(company.ana, not_owed="storm")
    find(company.sam, not_owed="the airport was closed")
    resolve(company.ana, case)


def test_the_case_page_shows_what_is_owed_beside_can_i_and_gives_it_once(app: Flask, company: Company) -> None:
    case = make_case(company.ana, loss_minor=12_000)
    ana = sign_in(app.test_client(), company.ana)
    page = ana.get(f"/cases/{case.ref}").text
    assert "Give £120.00 as owed" in page
    assert "section 56" in page
    form = {"entitlement": PRICE, "amount_minor": "12000", "intent": "one-press-of-it"}
    for _press in range(2):
        assert ana.post(f"/cases/{case.ref}/redress", data=form).status_code == 303
    again = ana.post(f"/cases/{case.ref}/redress", data={**form, "intent": "another-press"})
    assert again.status_code == 422
    assert db.session.query(Remedy).count() == 1
    assert "Consumer Rights Act" in sign_in(app.test_client(), company.sam).get("/entitlements").text
    assert company.nia is not None
    assert sign_in(app.test_client(), company.nia).post(f"/cases/{case.ref}/redress", data=form).status_code == 404


def test_an_administrator_keeps_the_rules(app: Flask, company: Company) -> None:
    ada = sign_in(app.test_client(), company.ada)
    typed = {"name": "Late room", "code": "late", "source": "House rules 3", "kind": "refund", "formula": "much",
             "severity_min": "1", "valid_from": "2026-01-01", "country": "gb"}  # fmt: skip
    refused = ada.post("/entitlements", data=typed)
    assert refused.status_code == 422
    assert "of the loss" in refused.text
    assert ada.post("/entitlements", data={**typed, "formula": "20.00 GBP"}).status_code == 303
    assert "20.00 GBP" in ada.get("/entitlements").text
    assert ada.post("/entitlements/late/retirement").status_code == 303
    assert ada.post("/entitlements/late/retirement").status_code == 404
