"""Money as whole minor units and an ISO 4217 currency."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import (
    NumberFormatError,
    format_currency,
    format_decimal,
    get_currency_precision,
    is_currency,
    parse_decimal,
)
from flask_babel import lazy_gettext as _l

# 10^12 minor units: sums over a table stay far inside a signed 64-bit integer.
MINOR_MAX = 10**12
# ISO 4217's code for "no currency": what is counted in whole pieces instead of paid.
NO_CURRENCY = "XXX"


class BadMoney(ValueError):
    """The text is not an amount; `str()` is a sentence for the person who typed it."""


class CurrencyMismatch(AssertionError):
    """Two amounts of different currencies met without a conversion."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (cents, yen) of one currency; may be negative in a difference."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        assert type(self.minor) is int, "money is whole minor units"
        assert len(self.currency) == 3, "money names its ISO currency"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor

    def decimal(self) -> Decimal:
        """Return the amount in major units, with the currency's number of digits."""
        return Decimal(self.minor).scaleb(-precision(self.currency))

    def json(self) -> dict[str, str]:
        """Return the API's form, e.g. {"amount": "120.00", "currency": "USD"}."""
        return {"amount": str(self.decimal()), "currency": self.currency}

    def format(self, locale: str = "en") -> str:
        return _said(self.minor, self.currency, locale)

    @classmethod
    def parse(cls, text: str, currency: str, locale: str = "en") -> "Money":
        """Read what a person typed, in their locale, without ever rounding.

        Refuses signs, exponents, more decimals than the currency has, zero digits and amounts above 10^12 minor units.
        """
        cleaned = text.strip().replace("\u00a0", "").replace("\u202f", "")
        if not re.fullmatch(r"[0-9][0-9.,' ’]{0,24}", cleaned, re.ASCII):
            raise BadMoney(str(_l("Type an amount such as 120 or 120.50.")))
        try:
            amount = parse_decimal(cleaned, locale=locale, strict=True)
        except (NumberFormatError, InvalidOperation, ValueError):
            try:
                amount = parse_decimal(cleaned, locale="en", strict=True)
            except (NumberFormatError, InvalidOperation, ValueError):
                raise BadMoney(str(_l("Type an amount such as 120 or 120.50."))) from None
        return cls.of(amount, currency)

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> "Money":
        """Turn major units into money; refuses what the currency cannot hold exactly."""
        if not is_currency(currency):
            raise BadMoney(str(_l("This currency is not known.")))
        if not amount.is_finite() or amount < 0:
            raise BadMoney(str(_l("Type an amount such as 120 or 120.50.")))
        scaled = amount.scaleb(precision(currency))
        if scaled != scaled.to_integral_value():
            raise BadMoney(
                str(_l("%(currency)s has %(digits)d decimals.", currency=currency, digits=precision(currency)))
            )
        if scaled > MINOR_MAX:
            raise BadMoney(str(_l("This amount is too large.")))
        return cls(int(scaled), currency)


@lru_cache(maxsize=20_000)
def _said(minor: int, currency: str, locale: str) -> str:
    if currency == NO_CURRENCY:
        return format_decimal(minor, locale=locale)
    return format_currency(Money(minor, currency).decimal(), currency, locale=locale)


@lru_cache(maxsize=500)
def precision(currency: str) -> int:
    """Return the currency's number of decimals: USD 2, JPY 0, KWD 3; none where there is no currency."""
    return 0 if currency == NO_CURRENCY else get_currency_precision(currency)


def allocate(total: Money, parts: int) -> list[Money]:
    """Split an amount into `parts` >= 1 shares that sum to it exactly, larger shares first.

    Worked value: 10.00 in 3 gives 3.34, 3.33, 3.33.
    """
    each, rest = divmod(total.minor, parts)
    return [Money(each + (1 if index < rest else 0), total.currency) for index in range(parts)]
