"""Processes (eight in `make soak`) on windows of every unit at once, on both databases: never over, and every refusal names its window."""

import random
from collections import Counter
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.budgets.rate_actions import import_rates
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.forked import at_once
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

PROCESSES = count(8, 3, least=2)
REQUESTS = count(200, 5)
RATES = "Date,USD,GBP\n2023-12-29,1.105,0.86905\n"


def limits() -> list[dict[str, Any]]:
    """A limit in every unit, each of which some of the requests meet."""

    def amount(unit: str, minor: int, **more: Any) -> dict[str, Any]:
        return {"unit": unit, "limit_minor": minor, "currency": "GBP", "clause": "4.1", **more}

    return [
        amount("remedy", 9_000),
        amount("incident", 40_000),
        amount("customer_incident", 39_000),
        amount("customer_day", 45_000),
        amount("customer_days", 60_000, days=30),
        amount("customer_days", 12, days=7, measure="count", currency="XXX"),
        amount("customer_days", 2, days=30, measure="count", currency="XXX", kind="upgrade"),
        amount("employee_month", 90_000),
        amount("team_month", 120_000),
        amount("site_month", 180_000, currency="USD"),
    ]


@pytest.mark.slow
def test_no_window_of_any_unit_is_overspent_and_every_refusal_names_its_window(app: Flask) -> None:
    company, now = make_company(), utc_now()
    import_rates(text=RATES, actor=command("test"), now=now)
    publish_policy(limits())
    cases = [make_case(company.ana, customer=f"{name} Hill").id for name in ("Abe", "Abe", "Bea", "Cas", "Dot", "Eli")]
    persons = [company.ana.id, company.bo.id, company.sam.id]
    answers = list(
        chain.from_iterable(at_once([partial(race, app, seed, persons, cases) for seed in range(PROCESSES)]))
    )
    assert len(answers) == PROCESSES * REQUESTS
    codes = Counter(code for code, _units in answers)
    assert set(codes) <= {"paid", "needs-approval", "purse-exhausted"}
    assert codes["paid"] > 0
    assert codes["needs-approval"] > 0
    assert all(units for code, units in answers if code != "paid")
    assert db.session.query(Remedy).count() == codes["paid"]
    for rule in limits():
        over = db.session.query(Purse.key).filter(
            Purse.unit == rule["unit"], Purse.currency == rule["currency"], ~Purse.key.endswith(":upgrade"),
            Purse.reserved_minor + Purse.settled_minor > rule["limit_minor"],
        )  # fmt: skip
        if rule.get("kind") is None:
            assert over.all() == [], rule["unit"]
    assert violations() == []


def race(app: Flask, seed: int, persons: list[int], cases: list[int]) -> list[tuple[str, list[str]]]:
    """Offer at random and end some; what became of each, and the windows that refused."""
    draw = random.Random(seed)
    answers: list[tuple[str, list[str]]] = []
    for number in range(REQUESTS):
        with app.app_context():
            actor = people.person(draw.choice(persons)).actor  # type: ignore[union-attr]
            is_money = draw.random() < 0.8
            amount = Money(draw.choice((1_000, 5_000, 9_999)) if is_money else 0, "GBP")
            try:
                given = remedies.offer(
                    case_id=draw.choice(cases), kind="refund" if is_money else "upgrade", amount=amount, reason="race",
                    intent=f"race-{seed}-{number}", actor=actor, now=utc_now(),
                )  # fmt: skip
            except Refusal as refusal:
                answers.append((refusal.code, units_of(refusal)))
            else:
                answers.append(("paid", []))
                with suppress(Refusal):
                    deed = draw.choice((remedies.accept, remedies.decline, None, None))
                    if deed:
                        deed(remedy_id=given.id, actor=actor, now=utc_now())
            db.session.remove()
    return answers


def units_of(refusal: Refusal) -> list[str]:
    """The windows that refused: the one that ran out in the statement, or those that the judge found exceeded."""
    if "window" in refusal.details:
        return [refusal.details["window"]["unit"]]
    return [window["unit"] for window in refusal.details["decision"]["windows"] if window["exceeded"]]
