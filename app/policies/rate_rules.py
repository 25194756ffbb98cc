"""Amounts of one currency in another, at the published rate of a day. Pure, whole numbers only.

A rate is how much of a currency one euro buys, in millionths (the European Central Bank publishes at most five
decimals), so every conversion is a ratio of whole numbers and is rounded once, at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.kernel.money import Money, precision

BASE = "EUR"
BASE_MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """How much one euro buys, in millionths of the currency, as published on a day."""

    millionths: int
    on: date


@dataclass(frozen=True, slots=True)
class Rates:
    """The latest rates on or before a day. days_max: older ones need a person's judgement; None takes any age."""

    day: date | None = None
    by_currency: Mapping[str, Rate] = field(default_factory=dict)
    days_max: int | None = None

    def is_known(self, one: str, other: str) -> bool:
        return one == other or all(code == BASE or code in self.by_currency for code in (one, other))

    def published_on(self, one: str, other: str) -> date | None:
        """The older of the two rates' days; None where no rate is needed."""
        if one == other:
            return None
        return min(self.by_currency[code].on for code in (one, other) if code != BASE)

    def is_old(self, one: str, other: str) -> bool:
        """Tell whether a rate is older than `days_max`. Worked value: with 4, Monday's rate serves until Friday."""
        on = self.published_on(one, other)
        return None not in (on, self.day, self.days_max) and (self.day - on).days > self.days_max  # type: ignore[operator]

    def ratio(self, one: str, other: str) -> tuple[int, int]:
        """Minor units of `other` for one minor unit of `one`, as numerator and denominator."""
        return (
            self._millionths(other) * 10 ** precision(other),
            self._millionths(one) * 10 ** precision(one),
        )

    def _millionths(self, currency: str) -> int:
        return BASE_MILLIONTHS if currency == BASE else self.by_currency[currency].millionths


NO_RATES = Rates()


def convert_up(amount: Money, currency: str, rates: Rates) -> int:
    """Return minor units of `currency` that an amount takes, rounded up, so that rounding never opens a limit.

    Worked value: at 1.105 dollars and 0.86905 pounds for a euro, 100.00 GBP takes 127.16 USD (127.1503…).
    """
    if amount.currency == currency:
        return amount.minor
    numerator, denominator = rates.ratio(amount.currency, currency)
    return -(-amount.minor * numerator // denominator)


def most_within(left_minor: int, currency: str, wanted: str, rates: Rates) -> int:
    """Return the largest amount of `wanted`, in minor units, whose `convert_up` is at most what is left."""
    if currency == wanted:
        return left_minor
    numerator, denominator = rates.ratio(wanted, currency)
    return left_minor * denominator // numerator
