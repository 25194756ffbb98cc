"""Intervals that keep small samples honest; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb, sqrt

# Below this many no proportion and no percentile is said. Our choice: docs/metrics.md.
COUNT_MIN = 10


def wilson_interval(successes: int, trials: int, *, z: float = 1.96) -> tuple[float, float]:
    """Bound a proportion so that small samples cannot look certain.

    trials >= 1, 0 <= successes <= trials; returns (low, high), ratios in 0..1.
    Source: Wilson 1927, score interval. Worked value: 9 of 10 gives 0.596 to 0.982.
    """
    assert trials >= 1 and 0 <= successes <= trials
    share = successes / trials
    middle = share + z * z / (2 * trials)
    reach = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low, high = (middle - reach) / scale, (middle + reach) / scale
    # Exact at the ends, where a last binary digit would put the share outside its own interval.
    return 0.0 if successes == 0 else low, 1.0 if successes == trials else high


@dataclass(frozen=True, slots=True)
class Share:
    """k of n with its 95 % interval; low and high are None below COUNT_MIN, where no proportion may be said."""

    successes: int
    trials: int
    low: float | None
    high: float | None

    @property
    def ratio(self) -> float | None:
        return self.successes / self.trials if self.low is not None else None

    @property
    def is_enough(self) -> bool:
        return self.low is not None


def share(successes: int, trials: int) -> Share:
    """Say a share only when there are enough to say it."""
    if trials < COUNT_MIN:
        return Share(successes, trials, None, None)
    return Share(successes, trials, *wilson_interval(successes, trials))


@dataclass(frozen=True, slots=True)
class Percentile:
    """An order statistic with the order statistics that bound it; None below COUNT_MIN or where no bound exists."""

    value: int | None
    low: int | None
    high: int | None
    count: int


def percentile(sorted_values: Sequence[int], at: float, *, confidence: float = 0.95) -> Percentile:
    """Return the nearest-rank percentile of ascending values and its distribution-free interval.

    at in 0..1 (exclusive). The bounds are the order statistics l < u with P(l <= Binomial(n, at) < u) >= confidence,
    taken symmetrically from the tails; a bound that the sample is too small for is None.
    Source: Conover, Practical Nonparametric Statistics, confidence interval for a quantile.
    Worked value: the median of 1..20 is 10 with bounds 6 and 15.
    """
    count = len(sorted_values)
    if count < COUNT_MIN:
        return Percentile(None, None, None, count)
    rank = max(1, ceil(round(at * count, 9)))
    tail = (1 - confidence) / 2
    low_rank, high_rank = _bounds(count, at, tail)
    return Percentile(
        sorted_values[rank - 1],
        sorted_values[low_rank - 1] if low_rank >= 1 else None,
        sorted_values[high_rank - 1] if high_rank <= count else None,
        count,
    )


def _bounds(count: int, at: float, tail: float) -> tuple[int, int]:
    """Ranks (from 1) of the bounding order statistics; 0 or count + 1 where none is far enough out."""
    if count > 400:  # the normal form differs by less than one rank here, and big binomials are slow
        reach = 1.959964 * sqrt(count * at * (1 - at))
        return int(count * at - reach), ceil(count * at + reach) + 1
    below, low, high = 0.0, 0, count + 1
    for hits in range(count + 1):
        chance = comb(count, hits) * at**hits * (1 - at) ** (count - hits)
        if below + chance <= tail:
            low = hits + 1
        if below < 1 - tail <= below + chance:
            high = hits + 1
            break
        below += chance
    return low, high


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the filter: how far back, and the bins of its chart."""

    name: str
    days: int
    bin_days: int


PERIODS = (Period("7d", 7, 1), Period("30d", 30, 6), Period("90d", 90, 15), Period("365d", 365, 30))


def period_of(name: str | None) -> Period:
    """Return a period by its name in the URL; anything else is 30 days."""
    return next((period for period in PERIODS if period.name == name), PERIODS[1])
