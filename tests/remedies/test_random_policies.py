"""For random policies, cases and histories the preview equals enforcement, down to every window's figures."""

import random
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.budgets.rate_actions import import_rates
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import certificate_actions as certificates
from app.people.queries import PersonRow
from app.policies.review_actions import HasErrors
from app.remedies import actions as remedies
from app.remedies import queries
from app.remedies.models import Remedy
from app.remedies.rules import RemedyEnded
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import Company, make_company
from tests.remedies.builders import give, publish_policy

STEPS = count(5_000, 50)  # on each of two databases
STEPS_A_POLICY = 10
SEED = 20_261_123
UNITS = (
    "remedy", "incident", "customer_incident", "customer_day", "customer_days", "employee_month", "team_month", "site_month",
)  # fmt: skip
LIMITS = (0, 1, 5_000, 20_000, 50_000, 200_000, 1_000_000)
KINDS = ("refund", "voucher", "upgrade", "apology")
RATES = "Date,USD,GBP\n2023-12-29,1.105,0.86905\n"


def random_rule(draw: random.Random, number: int) -> dict[str, Any]:
    unit = draw.choice(UNITS)
    is_count = draw.random() < 0.2 and unit != "remedy"
    low = draw.choice((0, 0, 0, 1, 3))
    rule: dict[str, Any] = {
        "unit": unit,
        "days": draw.choice((1, 7, 30)) if unit == "customer_days" else None,
        "measure": "count" if is_count else "amount",
        "currency": "XXX" if is_count else draw.choice(("GBP", "GBP", "USD")),
        "limit_minor": draw.choice((1, 2, 5)) if is_count else draw.choice(LIMITS),
        "kind": draw.choice((None, None, *KINDS)) if is_count else draw.choice((None, None, None, "voucher")),
        "severity_min": low,
        "severity_max": draw.choice((low, 4, 4, 4)),
        "role": draw.choice((None, None, "frontline", "supervisor")),
        "level_min": draw.choice((None, None, None, 1)),
        "hard": draw.random() < 0.15,
        "clause": f"4.{number}",
    }
    return rule


def publish_some(draw: random.Random, now: datetime) -> None:
    """Publish the first random policy in which nothing contradicts itself: others can't be published."""
    while True:
        with suppress(HasErrors):
            publish_policy(random_policy(draw), now=now)
            return


def random_policy(draw: random.Random) -> list[dict[str, Any]]:
    rules = [random_rule(draw, number) for number in range(draw.randint(1, 8))]
    return [{"unit": "incident", "limit_minor": 100_000, "currency": "GBP", "clause": "4.0"}, *rules]


def world(company: Company, now: datetime) -> list[int]:
    import_rates(text=RATES, actor=command("test"), now=now)
    made = certificates.add_certificate(code="desk", name="Desk", level=1, actor=command("test"), now=now)
    certificates.grant(
        employee_id=company.bo.id, certificate_id=made.id, expires_at=now + timedelta(days=40), actor=command("test"),
        now=now,
    )  # fmt: skip
    cases = [make_case(company.ana, customer=name).id for name in ("Cleo Marchetti", "Cleo Marchetti", "Rafael Haddad")]
    return [*cases, make_case(company.ana, severity=0).id, make_case(company.ana, customer=None, severity=2).id]


def compare(person: PersonRow, case_id: int, kind: str, minor: int, now: datetime) -> None:
    """Ask, then do: the deed's answer is the one that was told."""
    told = queries.can_i(case_id=case_id, kind=kind, amount=Money(minor, "GBP"), actor=person.actor, now=now).decision
    if told.outcome == "allowed":
        given = give(person, case_id, minor, kind=kind, now=now)
        assert given.decision is not None
        assert {part: value for part, value in given.decision.items() if part != "asked"} == told.json()
        return
    with pytest.raises(Refusal) as refusal:
        give(person, case_id, minor, kind=kind, now=now)
    assert refusal.value.code == {"needs_approval": "needs-approval", "refused": "refused"}[told.outcome]
    assert refusal.value.details["decision"] == told.json()


def test_the_preview_equals_enforcement_under_random_policies(app: Flask) -> None:
    company, now = make_company(), utc_now()
    cases, draw = world(company, now), random.Random(SEED)
    people = (company.ana, company.bo, company.sam)
    for step in range(STEPS):
        if step % STEPS_A_POLICY == 0:
            now += timedelta(seconds=1)
            publish_some(draw, now)
        now += timedelta(seconds=draw.choice((1, 3_600, 86_400)))
        person, case_id, kind = draw.choice(people), draw.choice(cases), draw.choice(KINDS)
        minor = draw.choice((1, 4_999, 20_000, 20_001, 60_000)) if kind in ("refund", "voucher") else 0
        try:
            compare(person, case_id, kind, minor, now)
        except AssertionError as failure:
            raise AssertionError(f"seed {SEED}, step {step}") from failure
        held = [row.id for row in db.session.query(Remedy.id).filter_by(state="reserved")]
        if held and draw.random() < 0.5:
            deed = draw.choice((remedies.accept, remedies.decline, remedies.withdraw, remedies.release))
            with suppress(RemedyEnded):  # it may be past its expiry
                deed(remedy_id=draw.choice(held), actor=company.sam.actor, now=now)
    assert violations() == []
