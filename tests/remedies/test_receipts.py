"""Receipts: every decision can be judged again from its receipt, and answers the same for ever."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import UTC, utc_now
from app.kernel.transactions import transaction
from app.people import queries as people
from app.policies.packs import hotel_rules
from app.policies.rate_rules import NO_RATES
from app.policies.rules import Holder, Offer, Rule, Used, applicable, judge
from app.remedies import actions as remedies
from app.remedies import receipt_queries as receipts
from app.remedies.receipt_models import DecisionReceipt
from app.remedies.receipt_rules import Inputs, freeze, hash_of, replay, thaw
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import give, publish_policy

KEPT = Path(__file__).with_name("receipts.json")

minor = st.integers(0, 400_000)
rules = st.builds(
    Rule,
    id=st.integers(1, 9),
    role=st.sampled_from((None, "frontline", "supervisor")),
    site_id=st.sampled_from((None, 1)),
    kind=st.sampled_from((None, "refund")),
    category_id=st.sampled_from((None, 1)),
    severity_min=st.integers(0, 2),
    severity_max=st.integers(2, 4),
    unit=st.sampled_from(("remedy", "incident", "customer_day", "employee_month", "team_month")),
    days=st.none(),
    limit_minor=minor,
    currency=st.just("GBP"),
    clause=st.sampled_from(("4.1", "4.2")),
    hard=st.booleans(),
    valid_from=st.none() | st.datetimes(timezones=st.just(UTC)),
)
offers = st.builds(
    Offer,
    amount=st.builds(Money, minor, st.just("GBP")),
    kind=st.sampled_from(("refund", "credit")),
    nature=st.sampled_from(("goodwill", "redress")),
    is_monetary=st.booleans(),
    severity=st.integers(0, 4),
    category_id=st.sampled_from((None, 1, 2)),
    cause=st.sampled_from((None, "1")),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
holders = st.builds(
    Holder, role=st.sampled_from(("frontline", "supervisor")), site_id=st.just(1), level=st.integers(0, 3)
)
usages = st.dictionaries(st.integers(-9, 9), st.builds(Used, minor, minor, minor), max_size=9)


@given(offers, holders, st.lists(rules, max_size=6, unique_by=lambda rule: rule.id), usages)
def test_a_frozen_decision_is_judged_the_same_again(
    offer: Offer, holder: Holder, known: list[Rule], used: dict[int, Used]
) -> None:
    decision = judge(offer, holder, known, used)
    whole = Inputs(offer, holder, tuple(known), used, NO_RATES)
    fitting = applicable(offer, holder, known)
    for inputs in (whole, *([replace(whole, rules=fitting)] if decision.windows else [])):
        content = freeze(inputs, decision, {"remedy": "RM-1"})
        verdict = replay(content, hash_of(content))
        assert verdict.holds, verdict
        assert thaw(content).offer == offer


def test_receipts_that_were_kept_answer_for_ever() -> None:
    kept = json.loads(KEPT.read_text())
    assert len(kept) >= 4
    for row in kept:
        verdict = replay(row["content"], row["hash"])
        assert verdict.holds, row["about"]
        assert verdict.again["outcome"] == row["outcome"]


def test_a_receipt_that_was_changed_is_noticed() -> None:
    row = json.loads(KEPT.read_text())[0]
    changed = row["content"].replace('"outcome":"allowed"', '"outcome":"refused"', 1)
    assert changed != row["content"]
    assert not replay(changed, row["hash"]).holds
    assert not replay(changed, hash_of(changed.encode())).is_same


def test_an_offer_is_protected_though_the_policy_is_tightened_afterwards(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    told = give(company.ana, case.id, 20_000)
    silent = give(company.ana, case.id, 0, kind="apology", reason="")
    rules = [{**rule, "limit_minor": 0} for rule in hotel_rules(people.sites())]
    publish_policy(rules, now=utc_now() + timedelta(seconds=1))
    for remedy, protected in ((told, True), (silent, False)):
        (receipt,) = receipts.receipts_of(remedy.id)
        assert (receipt.holds, receipt.is_protected) == (True, protected)
    assert "cold room" not in receipts.receipts_of(told.id)[0].content


def test_an_approved_exception_has_both_receipts_and_nobody_can_change_them(app: Flask) -> None:
    company = make_company()
    publish_policy()
    request = remedies.ask_exception(
        case_id=make_case(company.ana).id, kind="refund", amount=Money(300_000, "GBP"), reason="walked at midnight",
        intent="ask-for-more", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    remedies.decide_exception(
        exception_id=request.id, outcome="approved", reason="", actor=company.sam.actor, now=utc_now()
    )
    assert request.remedy_id is not None
    kept = receipts.receipts_of(request.remedy_id)
    assert [(row.occasion, row.holds, row.is_protected) for row in kept] == [
        ("request", True, False), ("approval", True, True),
    ]  # fmt: skip
    for statement in ("UPDATE decision_receipt SET content = '{}'", "DELETE FROM decision_receipt"):
        with pytest.raises(DatabaseError, match="append-only"), transaction():
            db.session.execute(text(statement))


def test_the_page_and_the_command_judge_it_again(app: Flask) -> None:
    company = make_company()
    publish_policy()
    remedy_id = give(company.ana, make_case(company.ana).id, 12_000).id
    url = f"/remedies/RM-{remedy_id}/receipt"
    assert company.nia is not None
    for person, status in ((company.ana, 200), (company.bo, 200), (company.nia, 404), (company.hana, 403)):
        assert sign_in(app.test_client(), person).get(url).status_code == status
    assert "A protected decision" in sign_in(app.test_client(), company.audra).get(url).text
    run = app.test_cli_runner()
    done = run.invoke(args=["policy", "replay", f"RM-{remedy_id}", "--json"])
    said = json.loads(done.output)
    assert (done.exit_code, said["same_answer"], said["stored"]["outcome"]) == (0, True, "allowed")
    assert run.invoke(args=["policy", "replay", "--all"]).exit_code == 0
    assert run.invoke(args=["policy", "replay", "RM-999"]).exit_code == 1
    assert run.invoke(args=["policy", "replay", "nonsense"]).exit_code == 2
    assert db.session.query(DecisionReceipt).count() == 1
