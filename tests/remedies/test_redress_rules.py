"""What is owed: when a rule applies, how much it comes to, and how it is typed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.kernel.money import Money
from app.kernel.time import utc_now
from app.policies.rate_rules import NO_RATES, Rate, Rates
from app.remedies.redress_rules import (
    BadFormula,
    Entitlement,
    Facts,
    applies,
    missing_fact,
    owed,
    read_formula,
    say_formula,
)

NOW = utc_now()
EU261 = "distance_km: 1500=250, 3500=400, more=600 EUR"
RULE = Entitlement(
    1, "eu-261", "Flight compensation", "Regulation (EC) 261/2004, article 7", "refund", 5, None, "company", 1,
    read_formula(EU261), NOW - timedelta(days=9), None,
)  # fmt: skip
FACTS = Facts(5, "GB", "company", 3, NOW, Money(12_345, "EUR"), "EUR")


@pytest.mark.parametrize(
    ("km", "minor"), [(0, 25_000), (1_500, 25_000), (1_501, 40_000), (3_500, 40_000), (3_501, 60_000)]
)
def test_a_band_reaches_up_to_its_number_and_no_further(km: int, minor: int) -> None:
    assert owed(RULE, replace(FACTS, found={"distance_km": km}), NO_RATES) == Money(minor, "EUR")


def test_without_its_fact_nothing_is_computed_and_the_fact_is_named() -> None:
    assert (missing_fact(RULE, FACTS), owed(RULE, FACTS, NO_RATES)) == ("distance_km", None)
    whole = replace(RULE, formula=read_formula("100 %"))
    assert (missing_fact(whole, FACTS), owed(whole, FACTS, NO_RATES)) == (None, Money(12_345, "EUR"))
    assert missing_fact(whole, replace(FACTS, loss=None)) == "loss"


def test_what_is_owed_is_rounded_in_the_customers_favour() -> None:
    half = replace(RULE, formula=read_formula("50 %"))
    assert owed(half, FACTS, NO_RATES) == Money(6_173, "EUR")  # 61.725
    day = date(2023, 12, 29)
    rates = Rates(day, {"GBP": Rate(869_050, day)})
    fixed = replace(RULE, formula=read_formula("400.00 EUR"))
    at_home = replace(FACTS, currency="GBP", loss=None)
    assert owed(fixed, at_home, rates) == Money(34_762, "GBP")
    assert owed(fixed, at_home, NO_RATES) is None


@pytest.mark.parametrize(
    ("change", "does"),
    [
        ({}, True),
        ({"category_id": 6}, False),
        ({"attribution": "customer"}, False),
        ({"severity": 0}, False),
        ({"occurred_at": RULE.valid_from}, True),
        ({"occurred_at": RULE.valid_from - timedelta(seconds=1)}, False),
    ],
)
def test_a_rule_applies_to_what_it_names_on_the_day_when_the_customer_was_hit(
    change: dict[str, Any], does: bool
) -> None:
    assert applies(RULE, replace(FACTS, **change)) is does
    assert not applies(replace(RULE, country="FR"), FACTS)
    assert not applies(replace(RULE, retired_at=NOW), FACTS)


@pytest.mark.parametrize("text", ["100 %", "250.00 EUR", "30000 JPY", "distance_km: 1500=250.00, more=600.00 EUR"])
def test_a_formula_is_said_as_it_is_typed(text: str) -> None:
    assert say_formula(read_formula(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "much", "0 %", "301 %", "-5 EUR", "5 EURO", "1.001 EUR", "NaN EUR", "km: 5=1 EUR", "km: more=1, 5=2 EUR",
     "km: 9=1, 5=2, more=3 EUR", "km: 5=x, more=3 EUR"],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadFormula, match="share of the loss"):
        read_formula(text)
