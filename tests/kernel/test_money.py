"""Money: whole minor units, read from what people type without ever rounding."""

from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import BadMoney, CurrencyMismatch, Money, allocate


@pytest.fixture
def context() -> object:
    flask = Flask(__name__)
    from flask_babel import Babel

    Babel(flask)
    with flask.app_context():
        yield flask


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("120", "USD", "en", 12_000),
        ("120.50", "USD", "en", 12_050),
        ("1,200.50", "USD", "en", 120_050),
        ("1.200,50", "EUR", "de", 120_050),
        ("120,5", "EUR", "de", 12_050),
        ("30000", "JPY", "en", 30_000),
        ("1.234", "KWD", "en", 1_234),
        (" 7 ", "GBP", "en", 700),
    ],
)
def test_amounts_are_read_in_the_locale_of_the_person(
    context: object, text: str, currency: str, locale: str, minor: int
) -> None:
    assert Money.parse(text, currency, locale) == Money(minor, currency)


@pytest.mark.parametrize(
    "text", ["", "-5", "+5", "1e3", "NaN", "Infinity", "12.345", "ten", "1" * 30, "٣", "1.2.3", "$5"]
)
def test_what_is_not_an_exact_amount_is_refused(context: object, text: str) -> None:
    with pytest.raises(BadMoney):
        Money.parse(text, "USD")


def test_yen_have_no_decimals(context: object) -> None:
    with pytest.raises(BadMoney):
        Money.parse("12.5", "JPY")


def test_amounts_above_the_bound_are_refused(context: object) -> None:
    assert Money.of(Decimal("10000000000.00"), "USD").minor == 10**12
    with pytest.raises(BadMoney):
        Money.of(Decimal("10000000000.01"), "USD")


def test_currencies_never_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") + Money(1, "EUR")


@given(st.integers(0, 10**12), st.integers(1, 50))
def test_the_parts_of_an_amount_sum_to_it(minor: int, parts: int) -> None:
    shares = allocate(Money(minor, "EUR"), parts)
    assert sum(share.minor for share in shares) == minor
    assert max(s.minor for s in shares) - min(s.minor for s in shares) <= 1


def test_the_api_form_names_amount_and_currency() -> None:
    assert Money(12_000, "USD").json() == {"amount": "120.00", "currency": "USD"}
    assert Money(500, "JPY").json() == {"amount": "500", "currency": "JPY"}
