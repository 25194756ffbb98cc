"""The distribution of a ratio of variances, and the interval it gives to a share of variance. Pure."""

from math import exp, lgamma, log, log1p

_TINY = 1e-300


def beta_share(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's method).

    a, b > 0; x in 0..1. Source: NIST Digital Library of Mathematical Functions 8.17.22. Worked value: I_.5(2, 3) is .6875.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _kept(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 1_000):
        step = 1.0
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _kept(1 + factor * d), _kept(1 + factor / c)
            step *= c * d
        found *= step
        if abs(step - 1) < 1e-14:
            break
    return front * found


def _kept(value: float) -> float:
    """Keep a divisor off nought."""
    return value if abs(value) > _TINY else _TINY


def f_quantile(at: float, freedom: float, other_freedom: float) -> float:
    """Below which ratio of two variances the share `at` (0..1, exclusive) lies where both are the same variance.

    Worked value: .95 with 4 and 20 degrees of freedom is 2.866.
    """
    low, high = 0.0, 1.0  # of x = d1 F / (d1 F + d2), which is a beta variable
    for _ in range(100):
        middle = (low + high) / 2
        if beta_share(freedom / 2, other_freedom / 2, middle) < at:
            low = middle
        else:
            high = middle
    x = (low + high) / 2
    return other_freedom * x / (freedom * max(1 - x, _TINY))


def share_interval(
    ratio: float, freedom: float, within_freedom: float, size: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Bound the share of variance that lies between groups; exact for groups alike in size, close for others.

    A ratio below 1, what chance gives, counts as 1 for the upper bound: groups that agree by luck can't look certain.
    ratio: the variance between groups' means ÷ the variance within (F); size: members of a typical group, above 1.
    Source: Searle, Casella & McCulloch 1992, Variance Components, §3.5d. Worked value: F 3.5 with 4 and 20 degrees of
    freedom and groups of five: from -0.001 (said as 0) to 0.853.
    """
    tail = (1 - confidence) / 2
    low = ratio / f_quantile(1 - tail, freedom, within_freedom)
    high = max(ratio, 1.0) / f_quantile(tail, freedom, within_freedom)
    return tuple(max(0.0, (one - 1) / (one + size - 1)) for one in (low, high))  # type: ignore[return-value]
