"""Statistics that don't mislead about few cases: limits, over-dispersion, shrinkage, reliability, power. Pure.

Every worked value stands in tests/insights/test_statistics.py. Sources stand at each function.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import asin, ceil, exp, fsum, inf, lgamma, log, sqrt
from random import Random
from statistics import NormalDist, fmean

# Two-sided levels of a funnel: a signal to look at, and one that chance alone hardly gives.
WARNING, ALARM = 0.95, 0.998


def binomial(k: int, n: int, p: float) -> float:
    """The chance of exactly k hits in n trials."""
    if p in (0.0, 1.0):
        return float(k == (n if p else 0))
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))


@dataclass(frozen=True, slots=True)
class Limits:
    """Hits below `low` or above `high` lie outside a funnel; low 0 and high n: nothing can lie outside on that side."""

    low: int
    high: int

    def is_outside(self, k: int) -> bool:
        return k < self.low or k > self.high


@lru_cache(maxsize=10_000)
def funnel_limits(target: float, n: int, level: float) -> Limits:
    """Exact binomial limits of n trials around a target ratio; each tail holds at most (1 - level) / 2.

    Source: Spiegelhalter 2005. Worked value: target .85, n 10: below 6 (95 %), below 4 (99.8 %).
    """
    assert 0 < target < 1 and n >= 1
    tail = (1 - level) / 2
    low, below = 0, binomial(0, n, target)
    while low < n and below <= tail:
        low += 1
        below += binomial(low, n, target)
    high, above = n, binomial(n, n, target)
    while high > 0 and above <= tail:
        high -= 1
        above += binomial(high, n, target)
    return Limits(low, high)


def power(true: float, target: float, n: int, level: float) -> float:
    """The chance that a unit whose true ratio differs from the target lies outside its limits.

    Worked value: true .70 among .85, 99.8 %: 5 % at n 20, 32 % at 50, 98 % at 200.
    """
    limits = funnel_limits(target, n, level)
    return sum(binomial(k, n, true) for k in range(n + 1) if limits.is_outside(k))


def false_flags(units: int, measures: int, level: float) -> float:
    """How many flags chance alone is expected to raise. Worked value: 30 people, 5 measures: 7.5 at 95 %, 0.3 at 99.8 %."""
    return units * measures * (1 - level)


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How much more units differ than chance explains. z: each unit's score on the arcsine scale, without tau2."""

    target: float
    z: tuple[float, ...]
    phi: float
    tau2: float
    sizes: tuple[int, ...]

    @property
    def adjusted(self) -> tuple[float, ...]:
        """Scores against limits widened by the spread between units."""
        return tuple(z / (2 * sqrt(n)) / sqrt(1 / (4 * n) + self.tau2) for z, n in zip(self.z, self.sizes, strict=True))


def dispersion(
    units: Sequence[tuple[int, int]], *, trim: float = 0.1, targets: Sequence[float] | None = None
) -> Dispersion:
    """Measure over-dispersion of (hits, trials) of several units around their common ratio.

    trim: the share of scores at each end that is drawn in (winsorised) before phi is taken; 0 takes them as they are.
    targets: each unit's own expected ratio, where cases differ from unit to unit.
    Source: Spiegelhalter 2005 and 2012, arcsine scale, DerSimonian and Laird's tau2. Worked value: FunnelPlotR's ten units.
    """
    target = sum(k for k, _ in units) / sum(n for _, n in units)
    wanted = targets if targets is not None else [target] * len(units)
    z = tuple((asin(sqrt(k / n)) - asin(sqrt(own))) * 2 * sqrt(n) for (k, n), own in zip(units, wanted, strict=True))
    kept = z
    if trim:
        low, high = quantile(z, trim), quantile(z, 1 - trim)
        kept = tuple(min(max(score, low), high) for score in z)
    count = len(units)
    phi = sum(score * score for score in kept) / count
    weights = [4 * n for _, n in units]
    scale = sum(weights) - sum(weight * weight for weight in weights) / sum(weights)
    tau2 = max(0.0, (count * phi - (count - 1)) / scale) if scale else 0.0
    return Dispersion(target, z, phi, tau2, tuple(n for _, n in units))


def quantile(values: Sequence[float], at: float) -> float:
    """Interpolate between order statistics (type 7, as R and NumPy do by default)."""
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """A beta-binomial spread of units by moments. sigma: spread between them; strength (M): how many trials it is worth."""

    mean: float
    sigma: float
    strength: float

    def shrunk(self, k: int, n: int) -> float:
        """The unit's ratio drawn towards the mean, the more the fewer its trials."""
        return self.mean if self.strength == inf else (k + self.strength * self.mean) / (n + self.strength)

    def reliability(self, n: int) -> float:
        """The share of a unit's difference that is its own, n / (n + M); .9 is asked for to tell single people apart."""
        return 0.0 if self.strength == inf else n / (n + self.strength)


def shrinkage(units: Sequence[tuple[int, int]]) -> Shrinkage:
    """Fit a beta-binomial by moments to (hits, trials) of several units; no spread beyond chance shrinks all to the mean.

    Worked value: the ten units of `dispersion`: sigma .1119, M 17.03; 4 of 12 becomes .340, 12 of 82 .180.
    """
    total = sum(n for _, n in units)
    mean = sum(k for k, _ in units) / total
    within = mean * (1 - mean)
    spread = sum(n * (k / n - mean) ** 2 for k, n in units) - within * (len(units) - 1)
    scale = total - sum(n * n for _, n in units) / total - (len(units) - 1)
    variance = max(0.0, spread / scale) if scale > 0 else 0.0
    strength = max(0.0, within / variance - 1) if variance else inf
    return Shrinkage(mean, sqrt(variance), strength)


def trials_for(reliability: float, mean: float, sigma: float) -> int:
    """How many trials a unit needs for a reliability. Worked value: .85, sigma .05: 117 for .7, 450 for .9."""
    strength = mean * (1 - mean) / sigma**2 - 1
    return ceil(round(strength * reliability / (1 - reliability), 9))


def expected(strata: Mapping[object, tuple[int, int]], cases: Mapping[object, int]) -> float:
    """Hits that a unit's own mix of cases would have at everybody's ratio per stratum.

    strata: (hits, trials) of all units together; cases: the unit's trials. Who handled which case doesn't enter, so
    exchanging people leaves it unchanged.
    """
    return sum(n * strata[stratum][0] / strata[stratum][1] for stratum, n in cases.items() if n)


def observed_over_expected(observed: int, wanted: float, *, z: float = 1.96) -> tuple[float, float, float]:
    """Return O/E with its interval. wanted > 0. Source: Byar's approximation to the exact Poisson limits.

    Worked value: 20 observed of 10 expected is 2.0, between 1.22 and 3.09.
    """
    low = 0.0
    if observed:
        low = observed * (1 - 1 / (9 * observed) - z / (3 * sqrt(observed))) ** 3
    more = observed + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3
    return observed / wanted, low / wanted, high / wanted


def nps(promoters: int, detractors: int, answers: int, *, z: float = 1.96) -> tuple[float, float]:
    """Return the net promoter score and the half width of its interval, both in points.

    Worked value: .5 and .2 of 50 answers: 30 ± 21.6; of 20: ± 34; of 200: ± 10.8.
    """
    assert answers >= 1 and promoters + detractors <= answers
    up, down = promoters / answers, detractors / answers
    return 100 * (up - down), 100 * z * sqrt((up + down - (up - down) ** 2) / answers)


def ratio_of_means(
    one: Sequence[float], other: Sequence[float], *, draws: int = 1_000, seed: int = 1, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Compare two groups of positive amounts: the ratio of their geometric means, with a bootstrap interval.

    The same amounts and seed give the same interval. Percentile bootstrap over each group's logarithms.
    """
    logs, others = [log(value) for value in one], [log(value) for value in other]
    draw = Random(seed)  # noqa: S311 - resampling, no secret
    differences = sorted(
        fmean(draw.choices(logs, k=len(logs))) - fmean(draw.choices(others, k=len(others))) for _ in range(draws)
    )
    tail = (1 - confidence) / 2
    return (
        exp(fmean(logs) - fmean(others)),
        exp(quantile(differences, tail)),
        exp(quantile(differences, 1 - tail)),
    )


def adjusted_ratio(
    one: Sequence[tuple[Hashable, float]],
    other: Sequence[tuple[Hashable, float]],
    *,
    draws: int = 1_000,
    seed: int = 1,
    confidence: float = 0.95,
    most: int = 400,
) -> tuple[float, float, float] | None:
    """Compare amounts of two groups within alike cases: the ratio of geometric means, with a bootstrap interval.

    one, other: (stratum, amount above zero). None where no stratum has both. The same data and seed give the same
    interval. The logarithms' difference is taken within each stratum and weighted by n·m/(n+m) (least squares with a
    constant for each stratum), so that who gets the graver cases looks no better for it.
    Source: the interval is the percentiles of resampled scores (Kline & Santos 2012, score bootstrap), and above
    `most` values the m-out-of-n bootstrap, scaled (Bickel, Götze & van Zwet 1997).
    Worked value: 200 against 100 in one stratum and 20 against 10 in another is 2, however many of each there are.
    """
    rows = [(1.0, stratum, log(value)) for stratum, value in one]
    rows += [(0.0, stratum, log(value)) for stratum, value in other]
    sums: dict[Hashable, tuple[int, float, float]] = {}
    for side, stratum, value in rows:
        n, sides, values = sums.get(stratum, (0, 0.0, 0.0))
        sums[stratum] = (n + 1, sides + side, values + value)
    centred = [
        (side - sums[stratum][1] / sums[stratum][0], value - sums[stratum][2] / sums[stratum][0])
        for side, stratum, value in rows
    ]
    weight = fsum(x * x for x, _ in centred)
    if weight <= 1e-12:
        return None
    difference = fsum(x * y for x, y in centred) / weight
    scores = [x * (y - difference * x) for x, y in centred]
    size = min(len(scores), most)
    scale = len(scores) / weight * sqrt(size / len(scores))
    draw = Random(seed)  # noqa: S311 - resampling, no secret
    shifts = sorted(scale * fmean(draw.choices(scores, k=size)) for _ in range(draws))
    tail = (1 - confidence) / 2
    low, high = quantile(shifts, tail), quantile(shifts, 1 - tail)
    return exp(difference), exp(difference + low), exp(difference + high)


def hugging(amounts_minor: Sequence[int], limit_minor: int, *, natural: Sequence[int] = ()) -> tuple[int, int, float]:
    """Ask whether amounts crowd just below a limit: how many lie in [.9L, L], of those in [.8L, L], and the one-sided chance.

    natural: prices that explain themselves, e.g. a night's rate; they are left out. A chance is a reason to read the
    cases, never a finding about a person. Worked values: 14 of 16 gives .002, 12 of 20 gives .25.
    """
    kept = [minor for minor in amounts_minor if minor not in natural]
    near = sum(10 * minor >= 9 * limit_minor and minor <= limit_minor for minor in kept)
    below = sum(10 * minor >= 8 * limit_minor and 10 * minor < 9 * limit_minor for minor in kept)
    count = near + below
    return near, count, tail_of_half(near, count)


def tail_of_half(k: int, n: int) -> float:
    """The one-sided chance of k or more of n where both sides are as likely. Worked values: 14 of 16: .002; 12 of 20: .25."""
    return sum(binomial(hits, n, 0.5) for hits in range(k, n + 1)) if n else 1.0


def bonferroni_z(comparisons: int, *, confidence: float = 0.95) -> float:
    """The z of an interval that keeps its promise for all comparisons together."""
    return NormalDist().inv_cdf(1 - (1 - confidence) / (2 * max(1, comparisons)))
