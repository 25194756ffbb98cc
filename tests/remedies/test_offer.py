"""Offers inside authority: reserved, settled, released, reversed; never twice, never too much."""

from datetime import timedelta

import pytest
from flask import Flask

from app.budgets.actions import HoldEnded
from app.budgets.checks import violations
from app.budgets.intent_actions import IntentReused
from app.budgets.models import Purse
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies import jobs, queries
from app.remedies.models import Remedy
from app.remedies.rules import NeedsApproval, Refused, RemedyEnded
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy


def purse(unit: str) -> tuple[int, int]:
    row = db.session.query(Purse).populate_existing().filter_by(unit=unit).one()
    return row.reserved_minor, row.settled_minor


def test_an_offer_inside_the_limit_is_reserved_then_settled_and_every_window_agrees(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    remedy = give(company.ana, case.id, 12_000)
    assert remedy.state == "reserved"
    assert purse("employee_month") == (12_000, 0)
    remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=utc_now())
    assert purse("employee_month") == purse("incident") == purse("team_month") == (0, 12_000)
    assert violations() == []


def test_the_limit_is_allowed_and_one_penny_more_needs_an_approval(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    with pytest.raises(NeedsApproval) as refusal:
        give(company.ana, case.id, 20_001)
    windows = refusal.value.details["decision"]["windows"]
    assert [window["unit"] for window in windows if window["exceeded"]] == ["incident", "customer_cause"]
    assert give(company.ana, case.id, 20_000).state == "reserved"


def test_the_same_intent_never_pays_twice_and_other_content_is_refused(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    first = give(company.ana, case.id, 5_000, intent="same-intent-key").id
    assert give(company.ana, case.id, 5_000, intent="same-intent-key").id == first
    with pytest.raises(IntentReused):
        give(company.ana, case.id, 6_000, intent="same-intent-key")
    assert purse("incident") == (5_000, 0)


def test_a_stored_refusal_is_replayed_even_when_there_would_be_room_now(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    first = give(company.ana, case.id, 20_000)
    with pytest.raises(Refusal, match="above your own limit"):
        give(company.ana, case.id, 100, intent="refused-before")
    remedies.withdraw(remedy_id=first.id, actor=company.ana.actor, now=utc_now())
    with pytest.raises(Refusal) as again:
        give(company.ana, case.id, 100, intent="refused-before")
    assert again.value.code == "needs-approval"
    assert give(company.ana, case.id, 100, intent="a-new-intent").state == "reserved"
    assert violations() == []


def test_declined_withdrawn_and_expired_offers_give_their_money_back_once(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case, ana = make_case(company.ana), company.ana.actor
    declined, withdrawn, expired = (give(company.ana, case.id, 1_000) for _ in range(3))
    remedies.decline(remedy_id=declined.id, actor=ana, now=utc_now())
    remedies.withdraw(remedy_id=withdrawn.id, actor=ana, now=utc_now())
    later = utc_now() + timedelta(days=15)
    assert jobs.expire_due(now=later) == 1
    assert jobs.expire_due(now=later) == 0
    assert purse("incident") == (0, 0)
    for remedy in (declined, withdrawn, expired):
        with pytest.raises((RemedyEnded, HoldEnded)):
            remedies.accept(remedy_id=remedy.id, actor=ana, now=utc_now())
    assert violations() == []


def test_an_offer_past_its_expiry_cannot_be_accepted_even_before_the_sweep(app: Flask) -> None:
    company = make_company()
    publish_policy()
    remedy = give(company.ana, make_case(company.ana).id, 1_000)
    with pytest.raises(RemedyEnded):
        remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=utc_now() + timedelta(days=15))


def test_a_settled_amount_is_reversed_by_new_entries_and_only_by_a_supervisor(app: Flask) -> None:
    company = make_company()
    publish_policy()
    remedy = give(company.ana, make_case(company.ana).id, 1_000)
    remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=utc_now())
    with pytest.raises(Refusal):
        remedies.reverse(remedy_id=remedy.id, reason="wrong guest", actor=company.ana.actor, now=utc_now())
    remedies.reverse(remedy_id=remedy.id, reason="wrong guest", actor=company.sam.actor, now=utc_now())
    assert purse("incident") == (0, 0)
    assert violations() == []


def test_redress_takes_from_no_purse_and_a_kind_word_costs_nothing(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    assert give(company.sam, case.id, 90_000, nature="redress").state == "reserved"
    assert give(company.ana, case.id, 0, kind="apology").state == "reserved"
    assert db.session.query(Purse).count() == 0
    with pytest.raises(Refused):
        give(company.ana, case.id, 0, kind="refund")


def test_nobody_gets_round_their_limit_by_calling_it_redress(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    with pytest.raises(Refused, match="recorded by a supervisor"):
        give(company.ana, case.id, 90_000, nature="redress")
    assert db.session.query(Remedy).count() == 0


def test_the_rolling_window_of_a_customer_counts_over_all_their_cases(app: Flask) -> None:
    company = make_company()
    start = utc_now()
    publish_policy(now=start - timedelta(days=5))
    give(
        company.ana,
        make_case(company.ana, occurred_at=start - timedelta(days=4)).id,
        20_000,
        now=start - timedelta(days=4),
    )
    second = make_case(company.ana)
    with pytest.raises(NeedsApproval):
        give(company.ana, second.id, 10_001, now=start)
    give(company.ana, second.id, 10_000, now=start)
    third = make_case(company.ana)
    answer = queries.can_i(
        case_id=third.id, kind="refund", amount=Money(100, "GBP"), actor=company.ana.actor, now=start
    )
    assert answer.decision.outcome == "needs_approval"


def test_an_exception_is_reserved_when_somebody_else_approves_it(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    request = remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(300_000, "GBP"), reason="walked on the anniversary night",
        intent="ask-for-more", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    with pytest.raises(Refusal):
        remedies.decide_exception(
            exception_id=request.id, outcome="approved", reason="", actor=company.ana.actor, now=utc_now()
        )
    remedies.decide_exception(
        exception_id=request.id, outcome="approved", reason="", actor=company.sam.actor, now=utc_now()
    )
    remedy_id = request.remedy_id
    remedies.accept(remedy_id=remedy_id, actor=company.ana.actor, now=utc_now())
    assert purse("incident") == (0, 300_000)
    assert violations() == []
    assert give(company.ana, case.id, 0, kind="apology").state == "reserved"
