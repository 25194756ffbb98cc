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
    "Hotel pack: every role may act without asking; the well-known hotel anchor of $2,000 per guest and incident "
    "is the supervisors' limit and the hard cap of one incident is ten times the frontline's own."
)
# Limits in US dollars per role: one incident, one guest in 30 days, the person's month, the team's month.
HOTEL: dict[str, tuple[int, int, int, int]] = {
    "frontline": (200, 300, 1_200, 6_000),
    "supervisor": (2_000, 2_500, 8_000, 20_000),
    "manager": (10_000, 12_000, 40_000, 80_000),
}
CLAUSES = {"incident": "4.1", "customer_days": "4.2", "employee_month": "5.1", "team_month": "5.2"}
# Round local limits, decided once by the policy's owner; never converted at the till.
FACTOR = {"USD": Decimal(1), "GBP": Decimal(1), "EUR": Decimal(1), "JPY": Decimal(150)}


def hotel_rules(sites: Sequence[SiteRow]) -> list[dict[str, Any]]:
    """The hotel pack as rule values, one set a site in its own currency."""
    rules: list[dict[str, Any]] = []
    for site in sites:
        factor = FACTOR.get(site.currency, Decimal(1))
        for role, limits in HOTEL.items():
            for (unit, clause), limit in zip(CLAUSES.items(), limits, strict=True):
                rules.append(
                    {
                        "role": role,
                        "site_id": site.id,
                        "unit": unit,
                        "days": 30 if unit == "customer_days" else None,
                        "limit_minor": Money.of(limit * factor, site.currency).minor,
                        "currency": site.currency,
                        "clause": clause,
                    }
                )
    return rules
