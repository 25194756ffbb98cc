"""The mean of few answers with an interval that few answers allow; pure."""

from functools import lru_cache
from math import atan, cos, fsum, pi, sin, sqrt
from statistics import NormalDist

_EXACT_MAX = 2_000  # from here on the normal quantile differs by less than .002


def student_t(t: float, freedom: int) -> float:
    """The chance that Student's t with whole degrees of freedom lies within -t..t; t >= 0.

    Source: Abramowitz & Stegun 26.7.3 and 26.7.4, finite sums. Worked value: 2.7764 with 4 is .95.
    """
    assert t >= 0 and freedom >= 1
    angle = atan(t / sqrt(freedom))
    square = cos(angle) ** 2
    term, terms = (cos(angle), [cos(angle)]) if freedom % 2 else (1.0, [1.0])
    for step in range(3 if freedom % 2 else 2, freedom - 1, 2):
        term *= square * (step - 1) / step
        terms.append(term)
    if freedom % 2 == 0:
        return sin(angle) * fsum(terms)
    return (angle + (sin(angle) * fsum(terms) if freedom > 1 else 0.0)) * 2 / pi


@lru_cache(maxsize=5_000)
def student_quantile(freedom: int, confidence: float = 0.95) -> float:
    """The t that holds `confidence` between -t and t. Worked values: 12.706 with 1, 2.7764 with 4, 2.0452 with 29."""
    if freedom > _EXACT_MAX:
        return NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = 0.0, 2.0
    while student_t(high, freedom) < confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_t(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def mean_interval(
    count: int, mean: float, deviation: float, *, least: float, most: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Bound a mean of `count` >= 2 values by Student's t, and never beyond the scale's own ends.

    deviation: the sample's, with count - 1. Worked value: 4, 5, 5, 6, 7 (mean 5.4, deviation 1.1402) gives 3.984 to 6.816.
    """
    assert count >= 2
    reach = student_quantile(count - 1, confidence) * deviation / sqrt(count)
    return max(least, mean - reach), min(most, mean + reach)
