"""What is learned from decisions: overturned refusals, and what waiting costs the customer. Pure."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from app.approvals.appeal_rules import Appeal
from app.insights.rules import COUNT_MIN, Percentile, Share, percentile, share

BAND_EDGES = (2_500, 5_000, 10_000, 25_000, 50_000, 100_000)  # minor units


def overturns(found: Iterable[Appeal]) -> Share:
    """Return the overturn rate: refusals of the frontline that were granted later, of those that were appealed.

    Worked value: 12 granted of 20 appealed is 0.6, from 0.387 to 0.781.
    """
    all_of = list(found)
    return share(sum(one.granted_at is not None for one in all_of), len(all_of))


@dataclass(frozen=True, slots=True)
class Latency:
    """What customers waited for answers: the sum in whole seconds of the wall clock, and half of the waits with bounds."""

    seconds: int
    half: Percentile

    @property
    def hours(self) -> float:
        return self.seconds / 3_600

    @property
    def count(self) -> int:
        return self.half.count


def latency(spans: Iterable[tuple[datetime, datetime]]) -> Latency:
    """Add up waits, each from asking to its end. Worked value: 30 minutes and 3 hours are 3.5 hours."""
    waits = sorted(int((end - start).total_seconds()) for start, end in spans)
    return Latency(sum(waits), percentile(waits, 0.5))


def band(amount_minor: int) -> int:
    """Return which band of amounts this is in, 0 to 6; an edge belongs to the band below it."""
    return sum(amount_minor > edge for edge in BAND_EDGES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One offer that ended: what it is matched by, whether the customer had waited for an approval, and whether they took it."""

    match: Hashable
    has_waited: bool
    is_taken: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """How much the waiting lie above those that did not wait, as a difference of ratios with its 95 % interval.

    None where either side has fewer than ten matched offers. waited, others: how many were compared.
    """

    value: float | None
    low: float | None
    high: float | None
    waited: int
    others: int


def matched_difference(found: Sequence[Outcome], *, z: float = 1.96) -> Difference:
    """Compare taken offers between customers who waited and matched ones who did not.

    Strata with nobody on one side say nothing and are left out. The weights are Mantel's, n1 n0 / (n1 + n0); the
    interval takes each stratum's ratios with one success and one failure added (Agresti and Caffo 2000), so that small
    strata without any failure cannot look certain. It was observed, not tried: who waits differs in other ways too.
    Worked value: one stratum, 12 of 20 who waited against 16 of 20: -0.2, from -0.452 to 0.088.
    """
    strata = _strata(found)
    waited, others = sum(one[1] for one in strata.values()), sum(one[3] for one in strata.values())
    if waited < COUNT_MIN or others < COUNT_MIN:
        return Difference(None, None, None, waited, others)
    weight_sum = value = middle = spread = 0.0
    for taken_1, n_1, taken_0, n_0 in strata.values():
        weight = n_1 * n_0 / (n_1 + n_0)
        p_1, p_0 = (taken_1 + 1) / (n_1 + 2), (taken_0 + 1) / (n_0 + 2)
        weight_sum += weight
        value += weight * (taken_1 / n_1 - taken_0 / n_0)
        middle += weight * (p_1 - p_0)
        spread += weight**2 * (p_1 * (1 - p_1) / (n_1 + 2) + p_0 * (1 - p_0) / (n_0 + 2))
    reach = z * sqrt(spread) / weight_sum
    return Difference(value / weight_sum, middle / weight_sum - reach, middle / weight_sum + reach, waited, others)


def _strata(found: Sequence[Outcome]) -> Mapping[Hashable, tuple[int, int, int, int]]:
    counts: dict[Hashable, list[int]] = {}
    for one in found:
        side = counts.setdefault(one.match, [0, 0, 0, 0])
        place = 0 if one.has_waited else 2
        side[place] += one.is_taken
        side[place + 1] += 1
    return {key: (a, b, c, d) for key, (a, b, c, d) in counts.items() if b and d}
