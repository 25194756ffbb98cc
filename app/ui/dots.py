"""Where the dots of a small distribution stand: each value a dot, equal ones stacked, one of them marked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.ui.charts import nice_ceiling

BINS = 60
ROW_PIXELS = 7.0


@dataclass(frozen=True, slots=True)
class Ring:
    """One value: percent along the axis, pixels above it."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class DotPlot:
    """band: from and width in percent, where eight of ten values lie; mine: percent of the marked value."""

    rings: tuple[Ring, ...]
    band_x: float
    band_width: float
    mine: float
    height: int
    low: int
    middle: int
    high: int


def dot_plot(values: Sequence[int], mine: int, *, stack_max: int = 6) -> DotPlot:
    """Place ascending values >= 0 and a marked one on one axis from 0; stacks above `stack_max` are pressed together.

    Needs at least one value. low and high bound the middle eight tenths (nearest rank), middle is the median.
    """
    assert values and list(values) == sorted(values)
    top = nice_ceiling(max(values[-1], mine, 1))

    def percent(value: float) -> float:
        return round(2 + 96 * value / top, 2)

    bins: Counter[int] = Counter(round(BINS * value / top) for value in values)
    tallest = max(bins.values())
    step = ROW_PIXELS if tallest <= stack_max else ROW_PIXELS * stack_max / tallest
    rings = [
        Ring(percent(top * place / BINS), round(5 + step * level, 1))
        for place, count in sorted(bins.items())
        for level in range(count)
    ]
    low, middle, high = (values[_rank(len(values), share)] for share in (0.1, 0.5, 0.9))
    height = round(10 + step * tallest)
    return DotPlot(
        rings=tuple(rings),
        band_x=percent(low),
        band_width=round(max(percent(high) - percent(low), 0.5), 2),
        mine=percent(mine),
        height=max(height, 24),
        low=low,
        middle=middle,
        high=high,
    )


def _rank(count: int, share: float) -> int:
    """Index of the nearest-rank quantile in ascending values."""
    return min(count - 1, max(0, -(-round(share * count * 1_000) // 1_000) - 1))
