"""Worked values and edges of the intervals."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.insights.pattern_rules import Gift, is_split, spread
from app.insights.rules import COUNT_MIN, percentile, period_of, share, wilson_interval
from app.insights.variance_rules import beta_share, f_quantile, share_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(9, 10, 0.596, 0.982), (10, 10, 0.722, 1.0), (5, 5, 0.566, 1.0), (0, 10, 0.0, 0.278), (73, 73, 0.950, 1.0)],
)
def test_wilson_agrees_with_the_worked_values(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_72_of_72_is_not_yet_certain_to_95_percent_and_73_of_73_is() -> None:
    assert wilson_interval(72, 72)[0] < 0.95 <= wilson_interval(73, 73)[0]


def test_the_interval_mirrors_and_contains_the_share() -> None:
    for trials in range(1, 60):
        for successes in range(trials + 1):
            low, high = wilson_interval(successes, trials)
            assert 0 <= low <= successes / trials <= high <= 1
            mirror = wilson_interval(trials - successes, trials)
            assert (1 - high, 1 - low) == (pytest.approx(mirror[0]), pytest.approx(mirror[1]))


def test_one_below_the_minimum_says_no_share_and_the_minimum_does() -> None:
    assert share(COUNT_MIN - 1, COUNT_MIN - 1).ratio is None
    assert share(9, COUNT_MIN).ratio == 0.9


def test_the_median_of_1_to_20_is_10_between_6_and_15() -> None:
    found = percentile(list(range(1, 21)), 0.5)
    assert (found.value, found.low, found.high, found.count) == (10, 6, 15, 20)


def test_a_bound_that_the_sample_is_too_small_for_is_not_said() -> None:
    found = percentile(list(range(1, 11)), 0.9)
    assert (found.value, found.high) == (9, None)
    assert percentile([1] * 9, 0.5).value is None


@pytest.mark.parametrize("at", [0.5, 0.9])
@pytest.mark.parametrize("count", [60, 401])
def test_the_bounds_hold_the_true_value_in_95_of_100_samples(at: float, count: int) -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(600):
        found = percentile(sorted(chance.randrange(1_000_000) for _ in range(count)), at)
        assert found.low is not None and found.high is not None
        held += found.low <= at * 1_000_000 <= found.high
    assert held / 600 >= 0.93


def test_exact_and_normal_bounds_differ_by_at_most_one_rank() -> None:
    exact, normal = percentile(list(range(400)), 0.5), percentile(list(range(401)), 0.5)
    assert exact.low is not None and normal.low is not None and abs(exact.low - normal.low) <= 1
    assert exact.high is not None and normal.high is not None and abs(exact.high - normal.high) <= 2


def test_an_unknown_period_is_30_days() -> None:
    assert [period_of(name).days for name in ("7d", None, "'; --", "365d")] == [7, 30, 30, 365]


def test_the_share_between_people_has_the_interval_of_the_ratio_of_variances() -> None:
    assert beta_share(2, 3, 0.5) == pytest.approx(0.6875)
    # From printed tables of F: 95 % with 4 and 20 degrees of freedom, 97.5 % with 1 and 10, 97.5 % with 4 and 20.
    assert [round(f_quantile(*of), 2) for of in ((0.95, 4, 20), (0.975, 1, 10), (0.975, 4, 20))] == [2.87, 6.94, 3.51]
    assert f_quantile(0.025, 4, 20) == pytest.approx(1 / f_quantile(0.975, 20, 4))
    low, high = share_interval(3.5, 4, 20, 5)
    assert (low, round(high, 3)) == (0.0, 0.853)
    amounts = [(person, "alike", round(1_000 * factor)) for person in range(6) for factor in (0.8, 1, 1.25, 1.1, 0.9)]
    same = spread(amounts)
    assert same and (same.share, same.low) == (0.0, 0.0) and 0 < same.high < 0.6, "alike people: none of it is theirs"
    apart = spread([(person, stratum, minor * (person + 1)) for person, stratum, minor in amounts])
    assert apart and 0 < apart.low < apart.share < apart.high < 1 and apart.low > 0.5


def test_a_higher_limit_hides_no_harm_paid_in_pieces() -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    pieces = [
        Gift(key, start + timedelta(hours=key), minor, limit)
        for key, minor, limit in ((1, 60, 100), (2, 10, 1_000), (3, 60, 100))
    ]
    assert is_split(pieces) and not is_split(pieces[:2])
    assert not is_split([pieces[0], replace(pieces[2], at=start + timedelta(hours=74))])
