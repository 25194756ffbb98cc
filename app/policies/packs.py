"""Policies to start from. Each states its source."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.kernel.money import Money
from app.people.queries import SiteRow

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
