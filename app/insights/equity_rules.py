"""Whether groups of customers fare alike: how often they are answered at once, and how much they are given. Pure.

A gap is said only when its interval excludes none; the level is shared among the comparisons (Bonferroni), so that many
groups don't make a gap out of chance. Groups stand by how much they rest on, never by how they fare.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import median_low
from typing import Literal

from app.insights.rules import COUNT_MIN, Share, share, wilson_interval
from app.insights.statistics_rules import adjusted_ratio, bonferroni_z

Group = str | int
GapVerdict = Literal["too_few", "cannot_tell", "gap"]


@dataclass(frozen=True, slots=True)
class Gap:
    """How a group's share of answers at once differs from everybody else's, with an interval for the difference."""

    group: Group
    one: Share
    rest: Share
    low: float | None
    high: float | None

    @property
    def difference(self) -> float | None:
        if self.one.ratio is None or self.rest.ratio is None:
            return None
        return self.one.ratio - self.rest.ratio

    @property
    def verdict(self) -> GapVerdict:
        if self.low is None or self.high is None:
            return "too_few"
        return "cannot_tell" if self.low <= 0 <= self.high else "gap"


@dataclass(frozen=True, slots=True)
class Equity:
    """One way of grouping customers; the gaps before and under the draft stand in the same order."""

    by: str
    before: tuple[Gap, ...]
    after: tuple[Gap, ...]
    amounts_before: tuple["AmountGap", ...]
    amounts_after: tuple["AmountGap", ...]


@dataclass(frozen=True, slots=True)
class AmountGap:
    """How much a group typically gets against everybody else in one currency, within alike cases: a ratio of geometric
    means. The medians, in minor units, stand beside it as they are, not evened out."""

    group: Group
    currency: str
    count: int
    rest_count: int
    median_minor: int | None
    rest_median_minor: int | None
    ratio: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> GapVerdict:
        if self.low is None or self.high is None:
            return "too_few"
        return "cannot_tell" if self.low <= 1 <= self.high else "gap"


Given = list[tuple[Hashable, int]]  # what was given, in minor units, with what makes cases alike


@dataclass(slots=True)
class Groups:
    """Counts of one way of grouping: (answered at once, asked) and what was given by currency, of each group."""

    answers: dict[Group, list[int]] = field(default_factory=dict)
    amounts: dict[tuple[Group, str], Given] = field(default_factory=dict)

    def add(self, group: Group, is_at_once: bool, currency: str, given_minor: int, stratum: Hashable = None) -> None:
        """stratum: what makes cases alike, e.g. kind, category and severity."""
        counts = self.answers.setdefault(group, [0, 0])
        counts[0] += is_at_once
        counts[1] += 1
        if given_minor > 0:
            self.amounts.setdefault((group, currency), []).append((stratum, given_minor))

    def gaps(self) -> tuple[Gap, ...]:
        return gaps({group: (k, n) for group, (k, n) in self.answers.items()})

    def amount_gaps(self) -> tuple[AmountGap, ...]:
        return amount_gaps(self.amounts)


def gaps(groups: Mapping[Group, tuple[int, int]], *, confidence: float = 0.95) -> tuple[Gap, ...]:
    """Compare each group's k of n with all others together; of two groups only the larger, since the other says the same."""
    order = _compared(groups, {key: n for key, (_, n) in groups.items()})
    z = bonferroni_z(len(order), confidence=confidence)
    hits, total = sum(k for k, _ in groups.values()), sum(n for _, n in groups.values())
    found = []
    for key in order:
        k, n = groups[key]
        one, rest = share(k, n), share(hits - k, total - n)
        low, high = (
            newcombe_interval(k, n, hits - k, total - n, z=z) if one.is_enough and rest.is_enough else (None, None)
        )
        found.append(Gap(key, one, rest, low, high))
    return tuple(found)


def amount_gaps(amounts: Mapping[tuple[Group, str], Given], *, confidence: float = 0.95) -> tuple[AmountGap, ...]:
    """Compare what each group was given with all others' in the same currency, within alike cases.

    The interval is a seeded bootstrap (`adjusted_ratio`) whose confidence is shared among the comparisons.
    """
    sides: list[tuple[Group, str, Given, Given]] = []
    for currency in sorted({currency for _, currency in amounts}):
        here = {group: given for (group, code), given in amounts.items() if code == currency}
        compared = _compared(here, {group: len(given) for group, given in here.items()}) if len(here) > 1 else []
        for group in compared:
            rest = [one for other, given in here.items() if other != group for one in given]
            sides.append((group, currency, here[group], rest))
    shared = 1 - (1 - confidence) / max(1, len(sides))
    return tuple(_amount_gap(*side, shared) for side in sides)


def _amount_gap(group: Group, currency: str, one: Given, rest: Given, confidence: float) -> AmountGap:
    """Only strata with both sides say anything, so only those are counted."""
    both = {stratum for stratum, _ in one} & {stratum for stratum, _ in rest}
    one, rest = [given for given in one if given[0] in both], [given for given in rest if given[0] in both]
    is_enough = min(len(one), len(rest)) >= COUNT_MIN
    bounds = adjusted_ratio(one, rest, confidence=confidence) if is_enough else None
    return AmountGap(
        group,
        currency,
        len(one),
        len(rest),
        *((_median(one), _median(rest), *bounds) if bounds else (None,) * 5),
    )


def _median(given: Given) -> int | None:
    return median_low([minor for _, minor in given]) if given else None


def _compared(groups: Iterable[Group], sizes: Mapping[Group, int]) -> list[Group]:
    order = sorted(groups, key=lambda key: (-sizes[key], str(key)))
    return order[:1] if len(order) == 2 else order


def newcombe_interval(k: int, n: int, other_k: int, other_n: int, *, z: float = 1.96) -> tuple[float, float]:
    """Bound the difference of two independent proportions, k/n minus other_k/other_n.

    Source: Newcombe 1998, Statistics in Medicine 17:873, method 10 (from two Wilson intervals).
    Worked value from there: 56/70 minus 48/80 is 0.2, between 0.0524 and 0.3339.
    """
    one, other = k / n, other_k / other_n
    low, high = wilson_interval(k, n, z=z)
    other_low, other_high = wilson_interval(other_k, other_n, z=z)
    difference = one - other
    return (
        difference - sqrt((one - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - one) ** 2 + (other - other_low) ** 2),
    )
