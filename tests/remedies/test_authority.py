"""Defects that comparable systems had with money and authority, each as a test for us, and the oracles of the number table."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.approvals import actions as approvals
from app.approvals.models import ExceptionRequest
from app.audit.models import AuditEntry
from app.budgets.checks import violations
from app.budgets.intent_actions import IntentReused
from app.budgets.models import Hold, Purse
from app.budgets.rate_actions import import_rates
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.money import BadMoney, Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import queries
from app.remedies.models import Remedy
from app.remedies.rules import NeedsApproval
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company
from tests.remedies.builders import give, publish_policy

RITZ = {"unit": "customer_incident", "limit_minor": 200_000, "currency": "GBP", "clause": "4.2"}
POOLS = (
    {"unit": "employee_month", "limit_minor": 10_000_000, "currency": "GBP", "clause": "5.1"},
    {"unit": "site_month", "limit_minor": 10_000_000, "currency": "GBP", "clause": "5.2"},
)


def start(*rules: dict[str, Any], **more: Any) -> Company:
    company = make_company()
    publish_policy([dict(rule) for rule in (rules or (RITZ, *POOLS))], **more)
    return company


def ask(person: PersonRow, case_id: int, minor: int, **changes: Any) -> str:
    said = {"kind": "refund", "amount": Money(minor, "GBP"), "actor": person.actor, "now": utc_now(), **changes}
    return queries.can_i(case_id=case_id, **said).decision.outcome


def used(unit: str) -> tuple[int, int]:
    row = db.session.query(Purse).populate_existing().filter_by(unit=unit).one()
    return row.reserved_minor, row.settled_minor


def test_row_1_2000_post_and_a_cent_more_asks_and_a_new_incident_is_new_unless_the_unit_is_a_day(app: Flask) -> None:
    company = start()
    first, other = make_case(company.ana), make_case(company.ana)
    assert ask(company.ana, first.id, 200_001) == "needs_approval"
    give(company.ana, first.id, 200_000)
    later = utc_now() + timedelta(days=3, seconds=1)
    assert ask(company.ana, other.id, 200_000, now=later) == "allowed"
    assert ask(company.ana, other.id, 1) == "needs_approval"  # the same cause within 72 hours: no new incident
    publish_policy([{**RITZ, "unit": "customer_day"}], now=utc_now())
    third = make_case(company.ana, customer="Rafael Haddad")
    give(company.ana, third.id, 200_000)
    fourth = make_case(company.ana, customer="Rafael Haddad")
    assert ask(company.ana, fourth.id, 1) == "needs_approval"


def race(app: Flask, deeds: list[Callable[[], Any]]) -> list[str]:
    """Run deeds at the same moment, each in its own thread; "ok", or the code of the refusal."""
    gate, found = threading.Barrier(len(deeds)), []

    def one(deed: Callable[[], Any]) -> None:
        with app.app_context():
            gate.wait()
            try:
                deed()
                found.append("ok")
            except Refusal as refusal:
                found.append(refusal.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_row_1_of_two_parallel_1200_on_one_incident_exactly_one_posts(app: Flask) -> None:
    company = start()
    case_id = make_case(company.ana).id
    db.session.remove()
    answers = race(app, [lambda: give(company.ana, case_id, 120_000), lambda: give(company.bo, case_id, 120_000)])
    assert answers.count("ok") == 1
    assert set(answers) <= {"ok", "needs-approval", "purse-exhausted"}
    assert violations() == []


def test_row_16_nobody_decides_their_own_at_any_amount(app: Flask) -> None:
    company = start(RITZ, {**RITZ, "role": "supervisor", "limit_minor": 100})
    case = make_case(company.sam)
    for minor in (101, 200_001):
        request = remedies.ask_exception(
            case_id=case.id, kind="refund", amount=Money(minor, "GBP"), reason="walked", intent=f"ask-{minor}-key",
            actor=company.sam.actor, now=utc_now(),
        )  # fmt: skip
        with pytest.raises(Refusal) as refusal:
            remedies.decide_exception(
                exception_id=request.id, outcome="approved", reason="", actor=company.sam.actor, now=utc_now()
            )
        assert refusal.value.status in (403, 409, 422)
        approvals.withdraw(exception_id=request.id, actor=company.sam.actor, now=utc_now())


def test_row_17_a_request_sent_twice_makes_one_flow(app: Flask) -> None:
    company = start()
    case = make_case(company.ana)
    said = {
        "case_id": case.id, "kind": "refund", "amount": Money(300_000, "GBP"), "reason": "walked", "intent": "one-intent",
        "actor": company.ana.actor, "now": utc_now(),
    }  # fmt: skip
    assert remedies.ask_exception(**said).id == remedies.ask_exception(**said).id
    assert db.session.query(ExceptionRequest).count() == db.session.query(Remedy).count() == 1


def test_row_18_the_same_intent_survives_a_failure_and_other_content_is_refused(app: Flask) -> None:
    company = start()
    case = make_case(company.ana)
    with pytest.raises(BadInput):  # a mistake isn't an answer: the same form may be sent again
        give(company.ana, case.id, 100, intent="the-same-key", kind="gold")
    first = give(company.ana, case.id, 100, intent="the-same-key")
    remedies.accept(remedy_id=first.id, actor=company.ana.actor, now=utc_now())
    assert give(company.ana, case.id, 100, intent="the-same-key").id == first.id
    with pytest.raises(IntentReused) as reused:
        give(company.ana, case.id, 101, intent="the-same-key")
    assert reused.value.status == 422
    assert used("customer_incident") == (0, 100)


@pytest.mark.parametrize("text", ["NaN", "-1", "1e3", "Infinity", "1.001", "١٢", "0x10", ""])
def test_row_19_what_is_no_amount_never_becomes_money(text: str) -> None:
    with pytest.raises(BadMoney):
        Money.parse(text, "GBP")


def test_row_19_of_fifty_threads_with_100_on_2000_exactly_twenty_post(app: Flask) -> None:
    company = start()
    case_id = make_case(company.ana).id
    db.session.remove()
    answers = race(app, [lambda: give(company.ana, case_id, 10_000) for _ in range(50)])
    assert answers.count("ok") == 20
    assert set(answers) <= {"ok", "needs-approval", "purse-exhausted"}
    assert used("customer_incident") == (200_000, 0)
    assert violations() == []


def test_row_20_every_deed_of_money_leaves_one_entry_with_its_actor(app: Flask) -> None:
    company = start()
    case = make_case(company.ana)
    before = db.session.query(AuditEntry).count()
    remedy = give(company.ana, case.id, 500)
    remedies.accept(remedy_id=remedy.id, amount=Money(400, "GBP"), actor=company.ana.actor, now=utc_now())
    remedies.reverse(remedy_id=remedy.id, reason="paid twice", actor=company.sam.actor, now=utc_now())
    rows = db.session.query(AuditEntry).order_by(AuditEntry.id).offset(before).all()
    found = [row.type for row in rows]
    for name in ("remedy:offer", "purse:reserve", "remedy:accept", "purse:settle", "remedy:reverse", "purse:reverse"):
        assert found.count(name) == 1, name
    assert all(row.actor_id in (company.ana.id, company.sam.id) for row in rows)


def test_row_22_the_part_within_the_limit_is_given_now_and_counts_with_the_rest(app: Flask) -> None:
    company = start()
    case = make_case(company.ana)
    request = remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(250_000, "GBP"), part=Money(200_000, "GBP"), reason="walked",
        intent="part-now-key", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    assert request.amount_minor == 50_000
    assert used("customer_incident") == (200_000, 0)
    assert ask(company.ana, case.id, 1) == "needs_approval"
    approvals.withdraw(exception_id=request.id, actor=company.ana.actor, now=utc_now())
    states = [state for (state,) in db.session.query(Remedy.state).order_by(Remedy.id)]
    assert states == ["reserved", "withdrawn"]


def test_row_24_every_remedy_says_its_kind_clause_purse_and_what_it_was_given_for(app: Flask) -> None:
    company = start()
    case = make_case(company.ana)
    remedy = give(company.ana, case.id, 500)
    assert remedy.kind == "refund"
    assert remedy.decision is not None
    assert (remedy.decision["clause"], remedy.decision["asked"]["cause"]) == ("4.2", str(case.category_id))
    with pytest.raises(BadInput):
        give(company.ana, case.id, 500, kind="whatever they like")
    assert db.session.query(Purse).count() == 4


def test_row_25_a_limit_lowered_in_the_month_takes_nothing_back_and_stops_what_is_new(app: Flask) -> None:
    company = start(RITZ, {**POOLS[0], "limit_minor": 100_000})
    case = make_case(company.ana)
    held = give(company.ana, case.id, 90_000)
    publish_policy([RITZ, {**POOLS[0], "limit_minor": 50_000}], now=utc_now())
    with pytest.raises(NeedsApproval) as refusal:
        give(company.ana, case.id, 1)
    month = next(row for row in refusal.value.details["decision"]["windows"] if row["unit"] == "employee_month")
    assert (month["lowered"], month["limit"]["amount"], month["used"]["amount"]) == (True, "500.00", "900.00")
    remedies.accept(remedy_id=held.id, actor=company.ana.actor, now=utc_now())
    assert used("employee_month") == (0, 90_000)
    purse = db.session.query(Purse).filter_by(unit="employee_month").one()
    assert purse.ceiling_minor + purse.approved_minor >= purse.reserved_minor + purse.settled_minor
    remedies.reverse(remedy_id=held.id, reason="by mistake", actor=company.sam.actor, now=utc_now())
    give(company.ana, case.id, 50_000)
    assert violations() == []


def test_split_spending_over_cases_is_counted_together_for_72_hours(app: Flask) -> None:
    company = start()
    now = utc_now()
    publish_policy([RITZ], now=now - timedelta(days=10))
    cases = [make_case(company.ana).id for _ in range(3)]
    give(company.ana, cases[0], 150_000, now=now)
    give(company.ana, cases[1], 50_000, now=now + timedelta(hours=1))
    last = now + timedelta(hours=72) - timedelta(seconds=1)
    with pytest.raises(NeedsApproval) as refusal:
        give(company.ana, cases[2], 1, now=last)
    windows = refusal.value.details["decision"]["windows"]
    assert [row["unit"] for row in windows if row["exceeded"]] == ["customer_cause"]
    give(company.ana, cases[2], 150_000, now=now + timedelta(hours=72))


def test_oracle_money_is_compared_in_the_policys_currency_with_a_stored_rate(app: Flask) -> None:
    """2,000 dollars at 1.105 and 0.86905 for a euro are 1,572.94 pounds and not a penny more."""
    company = start({**RITZ, "currency": "USD"})
    case = make_case(company.ana)
    assert ask(company.ana, case.id, 1) == "refused"
    text = "Date,USD,GBP\n2023-12-29,1.105,0.86905\n"
    import_rates(text=text, actor=command("test"), now=utc_now())
    remedy = give(company.ana, case.id, 157_294)
    assert ask(company.ana, case.id, 1) == "needs_approval"
    assert used("customer_incident") == (200_000, 0)
    remedies.accept(remedy_id=remedy.id, amount=Money(100_000, "GBP"), actor=company.ana.actor, now=utc_now())
    assert used("customer_incident") == (0, 127_151)  # 127,150.3… rounded up
    remedies.reverse(remedy_id=remedy.id, reason="by mistake", actor=company.sam.actor, now=utc_now())
    assert used("customer_incident") == (0, 0)
    assert violations() == []


def test_what_is_no_money_is_held_where_a_window_counts_it(app: Flask) -> None:
    upgrades = {
        "unit": "customer_days", "days": 30, "measure": "count", "kind": "upgrade", "limit_minor": 2, "currency": "XXX",
        "clause": "4.4",
    }  # fmt: skip
    company = start(RITZ, upgrades)
    case = make_case(company.ana)
    first = give(company.ana, case.id, 0, kind="upgrade")
    give(company.ana, case.id, 0, kind="upgrade")
    give(company.ana, case.id, 0, kind="apology")
    assert db.session.query(Hold).count() == 2
    with pytest.raises(NeedsApproval):
        give(company.ana, case.id, 0, kind="upgrade")
    remedies.accept(remedy_id=first.id, actor=company.ana.actor, now=utc_now())
    assert used("customer_days") == (1, 1)
    remedies.reverse(remedy_id=first.id, reason="not taken", actor=company.sam.actor, now=utc_now())
    give(company.ana, case.id, 0, kind="upgrade")
    assert violations() == []


def test_row_19_eight_desks_on_one_persons_month_give_what_it_holds(app: Flask) -> None:
    company = start(RITZ, {**POOLS[0], "limit_minor": 300_000})
    cases = [make_case(company.ana, customer=f"{letter}bby Hill").id for letter in "abcdefgh"]
    db.session.remove()
    codes = race(app, [lambda each=each: give(company.ana, each, 100_000) for each in cases])  # type: ignore[misc]
    assert codes.count("ok") == 3
    assert set(codes) <= {"ok", "needs-approval", "purse-exhausted"}
    assert used("employee_month") == (300_000, 0)
    assert violations() == []
