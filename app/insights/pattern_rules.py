"""Patterns in what was given: amounts just below a limit, and one harm paid in pieces. Pure.

A pattern names cases to read. It is never a finding about a person.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import fsum, log
from typing import Any

from app.insights.variance_rules import share_interval
from app.kernel.money import precision

SPLIT_HOURS = 72
_EVEN = 1e-12  # a spread of logarithms below it is rounding alone: everybody gave the same
SINGLE = ("remedy", "incident")  # windows that bound what one harm may get


def own_limit(decision: Mapping[str, Any]) -> int | None:
    """The lowest limit on a single gift that a receipt names, in minor units of its currency; None without one."""
    currency = decision["asked"]["amount"]["currency"]
    limits = [
        int(Decimal(window["limit"]["amount"]).scaleb(precision(currency)))
        for window in decision["windows"]
        if window["unit"] in SINGLE and window["measure"] == "amount" and window["limit"]["currency"] == currency
    ]
    return min(limits, default=None)


def side_of(minor: int, limit_minor: int) -> bool | None:
    """True in [.9L, L], False in [.8L, .9L), None elsewhere. Worked values of 200: 180 is True, 179 and 160 are False."""
    if minor > limit_minor or 10 * minor < 8 * limit_minor:
        return None
    return 10 * minor >= 9 * limit_minor


@dataclass(frozen=True, slots=True)
class Gift:
    """One gift of goodwill to one customer for one cause; at, amount and the giver's limit on a single gift."""

    key: int
    at: datetime
    minor: int
    limit_minor: int


def is_split(gifts: Sequence[Gift]) -> bool:
    """Tell whether two or more gifts within 72 hours, each within the limit, come to more than it.

    Worked values: 150 and 60 an hour apart under a limit of 200 are split; 73 hours apart they are not; 210 alone is not.
    """
    small = sorted((gift for gift in gifts if gift.minor <= gift.limit_minor), key=lambda gift: (gift.at, gift.key))
    # Limit by limit: what somebody with a higher one gave must not hide two gifts under a lower one.
    for limit in {gift.limit_minor for gift in small}:
        under = [gift for gift in small if gift.limit_minor <= limit]
        start = together = 0
        for last in under:
            together += last.minor
            while last.at - under[start].at > timedelta(hours=SPLIT_HOURS):
                together, start = together - under[start].minor, start + 1
            if together > limit:
                return True
    return False


@dataclass(frozen=True, slots=True)
class Spread:
    """How log amounts within alike cases spread: between people, and within a person's own. share: 0..1.

    low, high: the 95 % interval of the share.
    """

    people_variance: float
    case_variance: float
    count: int
    people: int
    low: float
    high: float

    @property
    def share(self) -> float:
        whole = self.people_variance + self.case_variance
        return self.people_variance / whole if whole else 0.0


def spread(amounts: Iterable[tuple[int, Hashable, int]], *, stratum_min: int = 20) -> Spread | None:
    """Split the spread of (person, stratum, amount > 0) into people and cases; None where too little is left.

    Amounts are logarithms less their stratum's mean; strata below stratum_min are left out. Source: one-way random
    effects by moments (ANOVA) for unequal groups, with the strata's degrees of freedom taken off.
    Worked value: two people, one stratum, ln 1 and ln e² ten times each (shaken by ±1/2): people 1.98, cases .25, share .89.
    """
    strata: dict[Hashable, list[tuple[int, float]]] = {}
    for person, stratum, amount in amounts:
        strata.setdefault(stratum, []).append((person, log(amount)))
    people: dict[int, list[float]] = {}
    kept = [members for members in strata.values() if len(members) >= stratum_min]
    for members in kept:
        middle = fsum(value for _, value in members) / len(members)
        for person, value in members:
            people.setdefault(person, []).append(value - middle)
    count = sum(len(values) for values in people.values())
    within_freedom = count - len(people) - (len(kept) - 1)
    if len(people) < 2 or within_freedom < 1:
        return None
    means = {person: fsum(values) / len(values) for person, values in people.items()}
    within = fsum((value - means[person]) ** 2 for person, values in people.items() for value in values)
    between = fsum(len(values) * means[person] ** 2 for person, values in people.items())
    size = (count - sum(len(values) ** 2 for values in people.values()) / count) / (len(people) - 1)
    case_variance = within / within_freedom
    people_variance = max(0.0, (between / (len(people) - 1) - case_variance) / size)
    ratio = between / (len(people) - 1) / case_variance if case_variance > _EVEN else None
    low, high = share_interval(ratio, len(people) - 1, within_freedom, size) if ratio is not None else (0.0, 1.0)
    return Spread(people_variance, case_variance, count, len(people), low, high)
