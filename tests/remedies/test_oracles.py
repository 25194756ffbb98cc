"""The numbers on money that the field's anchors give (number table), each as a named test, and the trail under attack."""

from dataclasses import replace

import pytest
from flask import Flask

from app.audit import jobs
from app.audit import queries as trail
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.money import BadMoney, Money
from app.kernel.time import utc_now
from app.policies import packs
from app.policies.answer_rules import Decision
from app.policies.document_rules import Document
from app.policies.rules import Holder, Offer, Rule, Used, judge, windows_of
from app.remedies import actions as remedies
from app.remedies import precedent_rules
from tests.audit.test_verify import attack, problem, rechain
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy


def ask(document: Document, minor: int, used: dict[str, int] | None = None, **changes: object) -> Decision:
    """Ask Ana's question of a pack; used: what the windows of a unit hold already."""
    said: dict[str, object] = {"role": "frontline", "severity": 2, **changes}
    offer = Offer(Money(minor, "USD"), "refund", "goodwill", True, int(str(said["severity"])), None)
    offer = replace(offer, has_customer=True, has_team=True)
    holder = Holder(str(said["role"]), 4, 1)
    filled = {rule.id: Used((used or {}).get(rule.unit, 0), 0) for rule in windows_of(offer, holder, document.rules)}
    return judge(offer, holder, document.rules, filled)


def test_oracle_a_frontline_incident_holds_2000_dollars_and_a_cent_more_asks() -> None:
    hotel = packs.pack("hotel")
    assert ask(hotel, 200_000).outcome == "allowed"
    above = ask(hotel, 200_001)
    assert (above.outcome, above.allowed_now.minor) == ("needs_approval", 200_000)


@pytest.mark.parametrize("unit", ["employee_month", "site_month"])
def test_oracle_a_second_window_stops_what_the_first_would_allow(unit: str) -> None:
    """The person's and the site's month are both enforced, whatever the incident still holds."""
    both = [Rule(1, "frontline", None, None, None, 0, 4, "incident", None, 200_000, "USD", "2.1")]
    both += [
        Rule(place, None, None, None, None, 0, 4, month, None, 500_000, "USD", "3.1")
        for place, month in enumerate(("employee_month", "site_month"), start=2)
    ]
    document = Document("Two windows").with_rules(both)
    assert ask(document, 100_000, {unit: 400_000}).outcome == "allowed"
    stopped = ask(document, 100_001, {unit: 400_000})
    assert (stopped.outcome, [one.unit for one in stopped.exceeded]) == ("needs_approval", [unit])


def test_oracle_the_retail_pack_gives_200_dollars_with_one_touch() -> None:
    retail = packs.pack("retail")
    assert [ask(retail, minor).outcome for minor in (20_000, 20_001)] == ["allowed", "needs_approval"]


def test_oracle_a_seventh_remedy_in_six_months_is_looked_at_and_not_refused() -> None:
    airline = packs.pack("airline")
    (window,) = (rule for rule in airline.rules if rule.measure == "count")
    assert (window.unit, window.days, window.limit_minor) == ("customer_days", 183, 6)
    assert ask(airline, 1_000, {"customer_days": 5}).outcome == "allowed"
    seventh = ask(airline, 1_000, {"customer_days": 6})
    assert (seventh.outcome, seventh.exceeded[0].clause) == ("needs_approval", window.clause)


def test_oracle_more_than_150_percent_of_the_loss_is_noticed_softly() -> None:
    assert not precedent_rules.is_far_above(15_000, 10_000)
    assert precedent_rules.is_far_above(15_001, 10_000)


@pytest.mark.parametrize("text", ["0.1e1", "1,000.005", "NaN", "-0.01"])
def test_oracle_money_is_whole_minor_units_and_never_a_float(text: str) -> None:
    assert isinstance(Money.parse("0.10", "USD").minor, int)
    assert sum((Money.parse("0.10", "USD").minor for _ in range(3)), 0) == Money.parse("0.30", "USD").minor
    with pytest.raises(BadMoney):
        Money.parse(text, "USD")


def test_row_21_a_cut_tail_and_a_rewritten_chain_of_money_are_seen_with_the_head_kept_outside(app: Flask) -> None:
    """The hash chain alone sees neither: a payment at its end, or its whole history, could vanish without a trace."""
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    first = give(company.ana, case.id, 500)
    remedies.accept(remedy_id=first.id, actor=company.ana.actor, now=utc_now())
    jobs.seal_pending(everything=True)
    kept = trail.head(utc_now())
    last = kept.number
    attack(
        f"DELETE FROM audit_payload WHERE entry_id IN (SELECT entry_id FROM audit_seal WHERE number = {last})",
        f"DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_seal WHERE number = {last})",
        f"DELETE FROM audit_seal WHERE number = {last}",
    )
    assert problem() is None, "the rest of the chain is whole in itself"
    assert problem(heads=[kept]) == ("tail-cut", last)
    shorter = trail.head(utc_now())
    paid = db.session.query(AuditEntry).filter_by(type="remedy:offer").one().id
    attack(
        "UPDATE audit_entry SET subject = 'RM-99', content = replace(content, '\"RM-1\"', '\"RM-99\"') WHERE id = :id",
        id=paid,
    )
    rechain(1)
    assert problem() is None, "the forged chain is whole in itself"
    assert problem(heads=[shorter]) == ("rewritten", shorter.number)
