"""What is owed by law or contract: whether a rule applies to a case, and how much it comes to. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _

from app.kernel.money import BadMoney, Money
from app.policies.rate_rules import Rates, convert_up

LOSS = "loss"
EXAMPLES = "100 % · 250.00 EUR · distance_km: 1500=250, 3500=400, more=600 EUR"
_PERCENT = re.compile(r"(\d{1,3}) ?%")
_BANDS = re.compile(r"([a-z][a-z_]{1,30}): ?(.+) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One rule of what is owed, with its legal source. None means any. formula: see the table."""

    id: int
    code: str
    name: str
    source: str
    kind: str
    category_id: int | None
    country: str | None
    attribution: str | None
    severity_min: int
    formula: Mapping[str, Any]
    valid_from: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case. found: numbers that somebody found out for an entitlement, e.g. {"distance_km": 2100}."""

    category_id: int
    country: str
    attribution: str
    severity: int
    occurred_at: datetime
    loss: Money | None
    currency: str
    found: Mapping[str, int] = field(default_factory=dict)


def applies(rule: Entitlement, facts: Facts) -> bool:
    """Tell whether a rule is about a case; what counts is the law on the day when the customer was hit."""
    return (
        rule.category_id in (None, facts.category_id)
        and rule.country in (None, facts.country)
        and rule.attribution in (None, facts.attribution)
        and facts.severity >= rule.severity_min
        and rule.valid_from <= facts.occurred_at
        and (rule.retired_at is None or facts.occurred_at < rule.retired_at)
    )


def missing_fact(rule: Entitlement, facts: Facts) -> str | None:
    """Name the fact without which nothing can be computed: "loss", or the formula's own."""
    formula = rule.formula
    if formula["type"] == LOSS:
        return LOSS if facts.loss is None else None
    if formula["type"] == "bands" and formula["fact"] not in facts.found:
        return str(formula["fact"])
    return None


def owed(rule: Entitlement, facts: Facts, rates: Rates) -> Money | None:
    """Compute what is owed, in the site's currency; None while a fact or an exchange rate is missing.

    Rounded up, in the customer's favour. Bands reach up to their number, inclusive.
    Worked value: {"type": "bands", "fact": "distance_km", "currency": "EUR", "bands": [[1500, 25000], [3500, 40000],
    [None, 60000]]} comes to 250.00 at 1,500 km, 400.00 at 1,501 km and 600.00 at 3,501 km.
    """
    if missing_fact(rule, facts) is not None:
        return None
    formula = rule.formula
    if formula["type"] == LOSS:
        assert facts.loss is not None
        return Money(-(-facts.loss.minor * formula["percent"] // 100), facts.currency)
    minor = formula["minor"] if formula["type"] == "fixed" else _band(formula, facts.found[formula["fact"]])
    amount = Money(minor, formula["currency"])
    if not rates.is_known(amount.currency, facts.currency):
        return None
    return Money(convert_up(amount, facts.currency, rates), facts.currency)


def _band(formula: Mapping[str, Any], fact: int) -> int:
    return int(next(minor for up_to, minor in formula["bands"] if up_to is None or fact <= up_to))


class BadFormula(ValueError):
    """The text is no formula; `str()` is a sentence for the person who typed it."""

    def __init__(self) -> None:
        super().__init__(_("Type a share of the loss or an amount, such as %(examples)s.", examples=EXAMPLES))


def read_formula(text: str) -> dict[str, Any]:
    """Read how much is owed: "100 %" of the loss, "250.00 EUR", or "distance_km: 1500=250, 3500=400, more=600 EUR"."""
    cleaned = " ".join(text.split())
    if percent := _PERCENT.fullmatch(cleaned):
        if not 0 < int(percent[1]) <= 300:
            raise BadFormula
        return {"type": LOSS, "percent": int(percent[1])}
    if bands := _BANDS.fullmatch(cleaned):
        steps = [_step(step, bands[3]) for step in bands[2].split(",")]
        numbers = [up_to for up_to, _minor in steps[:-1]]
        is_rising = all(isinstance(one, int) for one in numbers) and numbers == sorted(
            set(numbers), key=lambda n: n or 0
        )
        if steps[-1][0] is not None or not is_rising:
            raise BadFormula
        return {"type": "bands", "fact": bands[1], "currency": bands[3], "bands": [list(step) for step in steps]}
    amount, _space, currency = cleaned.rpartition(" ")
    return {"type": "fixed", "minor": _minor(amount, currency), "currency": currency}


def _step(text: str, currency: str) -> tuple[int | None, int]:
    up_to, _equals, amount = (part.strip() for part in text.partition("="))
    if up_to != "more" and not (up_to.isascii() and up_to.isdigit() and len(up_to) < 10):
        raise BadFormula
    return None if up_to == "more" else int(up_to), _minor(amount, currency)


def _minor(amount: str, currency: str) -> int:
    try:
        return Money.of(Decimal(amount), currency).minor
    except (InvalidOperation, BadMoney):
        raise BadFormula from None


def say_formula(formula: Mapping[str, Any]) -> str:
    """Say a formula as it is typed."""
    if formula["type"] == LOSS:
        return f"{formula['percent']} %"
    currency = formula["currency"]
    if formula["type"] == "fixed":
        return f"{Money(formula['minor'], currency).decimal()} {currency}"
    steps = [
        f"{'more' if up_to is None else up_to}={Money(minor, currency).decimal()}" for up_to, minor in formula["bands"]
    ]
    return f"{formula['fact']}: {', '.join(steps)} {currency}"
