"""Policies to start from. Each states its source. The files beside have the same form as an exported policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from app.kernel.money import Money
from app.people.queries import SiteRow
from app.policies.document_rules import Document
from app.policies.known_rules import Known, KnownSite
from app.policies.rules import Rule
from app.policies.yaml_rules import load

FILES = Path(__file__).with_name("packs")
PACKS = ("hotel", "retail", "airline", "finance")

KINDS: tuple[tuple[str, str, bool], ...] = (
    ("refund", "Refund", True),
    ("credit", "Credit", True),
    ("voucher", "Voucher", True),
    ("points", "Loyalty points", True),
    ("replacement", "Replacement", False),
    ("repair", "Repair", False),
    ("upgrade", "Upgrade", False),
    ("gesture", "Kind gesture", True),
    ("apology", "Apology", False),
    ("explanation", "Explanation", False),
)

HOTEL_SOURCE = (
    "Hotel pack: every role may act without asking. The well-known hotel anchor of 2,000 per guest and incident is the "
    "supervisors' limit; nobody may go beyond 10,000 on one incident. Round figures in each currency, decided here once."
)
# Limits per role: one incident, one guest in 30 days, the person's month, the team's month.
HOTEL: dict[str, tuple[int, int, int, int]] = {
    "frontline": (200, 300, 1_200, 6_000),
    "supervisor": (2_000, 2_500, 8_000, 20_000),
    "manager": (10_000, 12_000, 40_000, 80_000),
}
INCIDENT_CAP = 10_000
CLAUSES = {"incident": "4.2", "customer_days": "4.3", "employee_month": "5.1", "team_month": "5.2"}
CAP_CLAUSE = "3.1"
# Local limits keep round: 200 pounds or euros, 250 dollars, 30,000 yen. Never converted at the till.
FACTOR = {"GBP": Decimal(1), "EUR": Decimal(1), "USD": Decimal("1.25"), "JPY": Decimal(150)}


def hotel_rules(sites: Sequence[SiteRow]) -> list[dict[str, Any]]:
    """The hotel pack as rule values, one set a site in its own currency."""
    rules: list[dict[str, Any]] = []
    for site in sites:
        for role, limits in HOTEL.items():
            for (unit, clause), limit in zip(CLAUSES.items(), limits, strict=True):
                days = 30 if unit == "customer_days" else None
                rules.append(_rule(site, unit, limit, clause, role=role, days=days))
        rules.append(_rule(site, "incident", INCIDENT_CAP, CAP_CLAUSE, hard=True))
    return rules


def _rule(site: SiteRow, unit: str, limit: int, clause: str, **parts: Any) -> dict[str, Any]:
    minor = Money.of(limit * FACTOR.get(site.currency, Decimal(1)), site.currency).minor
    return {
        "site_id": site.id,
        "unit": unit,
        "limit_minor": minor,
        "currency": site.currency,
        "clause": clause,
        **parts,
    }


@cache
def pack(code: str) -> Document:
    """A ready policy by its code, one of PACKS. It names no site, so it fits every company."""
    return load((FILES / f"{code}.yaml").read_text(encoding="utf-8"), Known()).document


def currency_of(document: Document) -> str:
    """The one currency that a pack is written in."""
    return next(rule.currency for rule in document.rules if rule.measure == "amount")


def factors_for(document: Document, currencies: Sequence[str]) -> dict[str, Decimal | None]:
    """How much of each other currency a pack writes for one of its own; None where nobody decided it here."""
    own = FACTOR[currency_of(document)]
    return {
        currency: FACTOR[currency] / own if currency in FACTOR else None
        for currency in currencies
        if currency != currency_of(document)
    }


def adopt(document: Document, sites: Sequence[KnownSite], factors: Mapping[str, Decimal]) -> Document:
    """Write a pack for a company's sites, each in its own money, so that no limit ever moves with a rate.

    Where all sites work in the pack's currency, it stays as it is. factors: currency → how much of it is written for one
    of the pack's; a site whose currency has none is left out. Amounts are rounded to two digits: 125 at 0.79 is 99.
    """
    own = currency_of(document)
    if all(site.currency == own for site in sites):
        return document
    return document.with_rules(_rules_for(document, sites, {own: Decimal(1), **factors}))


def _rules_for(document: Document, sites: Sequence[KnownSite], factors: Mapping[str, Decimal]) -> Iterator[Rule]:
    for site in sites:
        if site.currency not in factors:
            continue
        for rule in document.rules:
            local = replace(rule, site_id=site.id)
            if rule.measure == "amount":
                amount = Money(rule.limit_minor, rule.currency).decimal() * factors[site.currency]
                money = Money.of(_round(amount), site.currency)
                local = replace(local, limit_minor=money.minor, currency=site.currency)
            yield local


def _round(amount: Decimal) -> Decimal:
    """Keep two digits of an amount, and no part of a unit: 187.5 is 190, 4.4 is 4."""
    exponent = max(amount.adjusted() - 1, 0)
    return amount.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP) if amount else amount
