"""The worked values of the domain's anchors, each by its name, and what chance alone may not do."""

from itertools import pairwise
from random import Random

import pytest

from app.insights.rules import wilson_interval
from app.insights.statistics_rules import (
    ALARM,
    WARNING,
    adjusted_ratio,
    bonferroni_z,
    dispersion,
    expected,
    false_flags,
    funnel_limits,
    hugging,
    nps,
    observed_over_expected,
    power,
    quantile,
    ratio_of_means,
    shrinkage,
    trials_for,
)
from tests.counts import count

# FunnelPlotR's development file: hits and trials of ten units.
UNITS = [(12, 82), (30, 98), (26, 100), (50, 125), (42, 162), (71, 151), (4, 12), (29, 100), (48, 82), (36, 99)]


@pytest.mark.parametrize(("k", "n", "low", "high"), [(9, 10, 0.596, 0.982), (10, 10, 0.722, 1.0), (5, 5, 0.566, 1.0)])
def test_wilson_has_the_anchors_values(k: int, n: int, low: float, high: float) -> None:
    assert [round(bound, 3) for bound in wilson_interval(k, n)] == [low, high]


@pytest.mark.parametrize(("n", "warning", "alarm"), [(10, 6, 4), (20, 14, 11), (50, 37, 34)])
def test_funnel_limits_are_exact_for_few_cases(n: int, warning: int, alarm: int) -> None:
    assert funnel_limits(0.85, n, WARNING).low == warning
    assert funnel_limits(0.85, n, ALARM).low == alarm
    assert not funnel_limits(0.85, n, WARNING).is_outside(warning)
    assert funnel_limits(0.85, n, WARNING).is_outside(warning - 1)


def test_over_dispersion_widens_the_limits_as_in_the_published_example() -> None:
    plain, drawn_in = dispersion(UNITS, trim=0), dispersion(UNITS)
    assert round(plain.target, 4) == 0.3442
    assert (round(plain.phi, 3), round(plain.tau2, 5)) == (6.037, 0.01436)
    assert (round(drawn_in.phi, 3), round(drawn_in.tau2, 5)) == (4.009, 0.00869)

    def outside(scores: tuple[float, ...], z: float) -> int:
        return sum(abs(score) > z for score in scores)

    assert [outside(scores, 1.96) for scores in (plain.z, drawn_in.adjusted, plain.adjusted)] == [4, 2, 0]
    assert [outside(scores, 3.09) for scores in (plain.z, drawn_in.adjusted, plain.adjusted)] == [3, 0, 0]
    assert round(max(drawn_in.adjusted), 2) == 2.25
    assert round(min(drawn_in.adjusted), 2) == -2.16


def test_shrinkage_draws_few_cases_to_the_mean() -> None:
    fitted = shrinkage(UNITS)
    assert (round(fitted.sigma, 4), round(fitted.strength, 2)) == (0.1119, 17.03)
    assert [round(fitted.shrunk(k, n), 3) for k, n in ((4, 12), (48, 82), (12, 82))] == [0.340, 0.544, 0.180]
    alike = shrinkage([(5, 10)] * 4)
    assert (alike.sigma, alike.shrunk(1, 10), alike.reliability(1_000)) == (0.0, 0.5, 0.0), (
        "no spread: all are the mean"
    )


@pytest.mark.parametrize(
    ("reliability", "sigma", "trials"), [(0.7, 0.05, 117), (0.9, 0.05, 450), (0.7, 0.10, 28), (0.9, 0.10, 106)]
)
def test_reliability_asks_for_more_cases_than_most_people_have(reliability: float, sigma: float, trials: int) -> None:
    assert trials_for(reliability, 0.85, sigma) == trials


def test_power_says_when_a_missing_flag_means_nothing() -> None:
    assert [round(power(0.70, 0.85, n, ALARM), 2) for n in (20, 50, 200)] == [0.05, 0.32, 0.98]


def test_many_comparisons_raise_flags_by_chance() -> None:
    assert round(false_flags(30, 5, WARNING), 1) == 7.5
    assert round(false_flags(30, 5, ALARM), 1) == 0.3
    assert round(bonferroni_z(1), 2) == 1.96
    assert round(bonferroni_z(30), 2) == 3.14


def test_people_who_are_all_alike_are_flagged_no_more_often_than_chance_allows() -> None:
    draw, runs = Random(7), count(20_000, 2_000)
    flagged = sum(
        funnel_limits(0.85, 40, ALARM).is_outside(sum(draw.random() < 0.85 for _ in range(40))) for _ in range(runs)
    )
    assert flagged <= max(3, 0.002 * runs + 3 * (0.002 * runs) ** 0.5)


@pytest.mark.parametrize(("n", "half"), [(20, 34.2), (50, 21.6), (200, 10.8)])
def test_nps_is_shown_with_its_interval(n: int, half: float) -> None:
    score, width = nps(n // 2, n // 5, n)
    assert (round(score), round(width, 1)) == (30, half)


def test_hugging_a_limit_is_said_with_its_chance_and_natural_prices_explain_themselves() -> None:
    near, asked, chance = hugging([9_500] * 14 + [8_500] * 2, 10_000)
    assert (near, asked, round(chance, 3)) == (14, 16, 0.002)
    assert round(hugging([9_500] * 12 + [8_500] * 8, 10_000)[2], 2) == 0.25
    assert hugging([9_000, 8_999, 10_000, 10_001, 8_000, 7_999], 10_000)[:2] == (2, 4), "both edges"
    assert hugging([9_500] * 14, 10_000, natural=[9_500]) == (0, 0, 1.0)


def test_expected_hits_do_not_depend_on_who_handled_which_case() -> None:
    strata = {"easy": (90, 100), "hard": (20, 50)}
    assert expected(strata, {"easy": 10, "hard": 5}) == pytest.approx(11.0)
    assert expected(strata, {"easy": 100, "hard": 50}) == pytest.approx(110), "all together are as expected"


def test_observed_over_expected_has_an_interval() -> None:
    assert [round(part, 2) for part in observed_over_expected(20, 10)] == [2.0, 1.22, 3.09]
    assert observed_over_expected(0, 4)[:2] == (0.0, 0.0)


def amounts(draw: Random, number: int, factor: float = 1.0) -> list[float]:
    return [factor * 100 * draw.lognormvariate(0, 0.5) for _ in range(number)]


def test_a_planted_gap_in_amounts_is_found_and_none_is_found_where_there_is_none() -> None:
    draw, runs = Random(11), count(300, 12, least=10)
    found = missed = 0
    for seed in range(runs):
        _, low, high = ratio_of_means(amounts(draw, 200, 1.2), amounts(draw, 200), draws=200, seed=seed)
        found += low > 1
        _, low, high = ratio_of_means(amounts(draw, 200), amounts(draw, 200), draws=200, seed=seed)
        missed += not low <= 1 <= high
    assert found >= 0.9 * runs - 1
    assert missed <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5, "nominal 5 % and three standard errors"


def test_a_bootstrap_says_the_same_again() -> None:
    one, other = [90.0, 110.0, 130.0, 80.0] * 5, [100.0, 95.0, 105.0] * 5
    first = ratio_of_means(one, other)
    assert first == ratio_of_means(one, other)
    assert first[1] < first[0] < first[2]


def alike(amounts: list[float], stratum: str = "s") -> list[tuple[str, float]]:
    return [(stratum, amount) for amount in amounts]


def test_a_ratio_within_alike_cases_ignores_who_gets_the_graver_ones() -> None:
    """The worked value: twice as much in each stratum is twice as much, though the others get the large cases."""
    one = alike([200.0, 210.0, 190.0], "grave") + alike([20.0, 21.0, 19.0] * 10, "light")
    other = alike([100.0, 105.0, 95.0] * 10, "grave") + alike([10.0, 10.5, 9.5], "light")
    found = adjusted_ratio(one, other)
    assert found is not None
    ratio, low, high = found
    assert ratio == pytest.approx(2.0)
    assert 1.9 < low < ratio < high < 2.1
    assert adjusted_ratio(one, other) == found, "seeded"
    crude = ratio_of_means([amount for _, amount in one], [amount for _, amount in other])
    assert crude[0] < 0.5, "which says the opposite"
    assert adjusted_ratio(alike([1.0] * 20, "a"), alike([2.0] * 20, "b")) is None, "nothing alike"
    assert adjusted_ratio(alike([1.0, 4.0]), alike([1.0, 1.0]))[0] == pytest.approx(2.0)  # type: ignore[index]


def test_a_planted_gap_is_found_within_alike_cases_and_none_where_there_is_none() -> None:
    """Row 10 of the anchors: 20 % among 400, log-sd .5, is found in 90 of 100; none is flagged in at most 7 of 100."""
    draw, runs = Random(23), count(1_000, 20, least=10)
    found = flagged = 0
    for seed in range(runs):
        for factor in (1.2, 1.0):
            strata = [(alike(amounts(draw, 100, factor * size), kind), alike(amounts(draw, 100, size), kind))
                      for kind, size in (("light", 1.0), ("grave", 9.0))]  # fmt: skip
            one, other = ([row for pair in strata for row in pair[side]] for side in (0, 1))
            bounds = adjusted_ratio(one, other, draws=200, seed=seed)
            assert bounds is not None
            is_gap = not bounds[1] <= 1 <= bounds[2]
            found, flagged = found + (factor > 1 and is_gap), flagged + (factor == 1 and is_gap)
    assert found >= 0.9 * runs - 2
    assert flagged <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5, "nominal 5 % and three standard errors"


def test_many_amounts_are_resampled_in_part_and_bound_as_well() -> None:
    draw = Random(5)
    one, other = alike(amounts(draw, 4_000, 1.05)), alike(amounts(draw, 4_000))
    part, whole = adjusted_ratio(one, other), adjusted_ratio(one, other, most=10_000, draws=300)
    assert part is not None
    assert whole is not None
    assert part[0] == whole[0]
    assert part[2] - part[1] == pytest.approx(whole[2] - whole[1], rel=0.2)


def test_quantiles_interpolate_between_neighbours() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    assert [quantile(values, at) for at in (0, 0.5, 1)] == [1.0, 2.5, 4.0]
    found = [quantile(values, at / 10) for at in range(11)]
    assert all(low <= high for low, high in pairwise(found))
