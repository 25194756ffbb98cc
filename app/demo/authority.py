"""What stands beside the limits on the first day: exchange rates, certificates, what is owed, and rules for all houses."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.approvals import bound_actions as bounds
from app.budgets import rate_actions
from app.budgets.commands import read_file
from app.kernel.actor import Actor
from app.kernel.money import Money
from app.people import certificate_actions as certificates
from app.people import certificate_queries
from app.people.queries import PersonRow
from app.policies import clause_actions as clauses
from app.policies import clause_queries
from app.policies.rules import NO_CURRENCY
from app.remedies import redress_actions as redress

RATES = Path(__file__).with_name("rates") / "ecb_reference_rates_2010_2023.csv.gz"
RATE_DAYS = 260  # the last year of the file; the demo's clock is later than all of it
CERTIFICATE = ("complaints-1", "Complaint handling, first course")
LEVEL = 1
# Every house: what is held in dollars, what is counted, and what is nobody's failure. Clause, then the rule.
SHARED: tuple[dict[str, Any], ...] = (
    {"clause": "5.3", "unit": "site_month", "limit_minor": 20_000_000, "currency": "USD"},
    {"clause": "4.4", "unit": "customer_days", "days": 30, "measure": "count", "limit_minor": 2, "currency": NO_CURRENCY,
     "kind": "upgrade"},
)  # fmt: skip
OWED: tuple[dict[str, Any], ...] = (
    {
        "code": "walked-guest",
        "name": "Guest walked to another house",
        "source": "Harbour House guarantee, section 2",
        "formula": "100.00 EUR",
        "category": "Overbooked",
        "severity_min": 2,
    },
    {
        "code": "price-reduction",
        "name": "Price reduction",
        "source": "Consumer Rights Act 2015 (United Kingdom), sections 49 and 56",
        "formula": "100 %",
        "category": "Room not ready",
        "country": "GB",
        "attribution": "company",
        "severity_min": 2,
    },
)


def store_rates(actor: Actor, now: datetime) -> None:
    """Store the last published year, as `flask fx import` would."""
    lines = read_file(RATES).splitlines()
    rate_actions.import_rates(text="\n".join(lines[: RATE_DAYS + 1]), actor=actor, now=now)


def certify(frontline: list[PersonRow], days: int, actor: Actor, now: datetime) -> None:
    """Let every second of the frontline pass the course; for some of them it ends before the story does."""
    code, name = CERTIFICATE
    made = _course(code) or certificates.add_certificate(code=code, name=name, level=LEVEL, actor=actor, now=now).id
    for number, person in enumerate(frontline[::2]):
        lasts = timedelta(days=days - 20 if number % 3 == 2 and days > 40 else days + 90)
        certificates.grant(employee_id=person.id, certificate_id=made, expires_at=now + lasts, actor=actor, now=now)


def _course(code: str) -> int | None:
    return next((row.id for row in certificate_queries.certificates() if row.code == code), None)


def bound_batches(most: list[Money], actor: Actor, now: datetime) -> None:
    """Let requests up to an amount be decided several at once; nobody has to have a second factor."""
    for amount in {one.currency: one for one in most}.values():
        bounds.set_bounds(currency=amount.currency, batch_max=amount, proof_above=None, version=0, actor=actor, now=now)


def stand_by(version_id: int, codes: list[str], people: Mapping[str, PersonRow], now: datetime) -> None:
    """Let Max care for the clauses, one of which is overdue in the end, and Ana and Sam sign those about single gifts."""
    manager = people["max"].actor
    for number, code in enumerate(codes):
        if clause_queries.care_row(code) is None:
            days = 60 if number == 3 else 730
            clauses.set_care(
                code=code, owner_id=manager.id, review_by=(now + timedelta(days=days)).date(), actor=manager, now=now
            )
    for code in codes[:3]:
        for name in ("ana", "sam"):
            with suppress(clauses.SignedAlready):
                clauses.sign_off(version_id=version_id, code=code, actor=people[name].actor, now=now)


def name_what_is_owed(categories: dict[str, int], actor: Actor, now: datetime) -> None:
    for one in OWED:
        rule = {name: value for name, value in one.items() if name != "category"}
        redress.add_entitlement(
            **rule, kind="refund", category_id=categories[one["category"]], valid_from=now, actor=actor, now=now
        )
