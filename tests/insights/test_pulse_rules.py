"""The pulse's arithmetic, and that no sum or difference of shown totals is about one to four people."""

from collections import defaultdict
from math import exp, lgamma, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.insights.mean_rules import mean_interval, student_quantile, student_t
from app.insights.pulse_rules import COMPANY, Group, Sums, Unit, score, shown, total_of


@pytest.mark.parametrize(("freedom", "t"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (29, 2.0452), (30, 2.0423)])
def test_the_quantile_has_the_tables_values(freedom: int, t: float) -> None:
    assert round(student_quantile(freedom), 4) == t


def within(t: float, freedom: int, *, steps: int = 2_000) -> float:
    """The chance of -t..t by Simpson's rule over the density: another way than the finite sums."""
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    width = t / steps
    heights = [scale * (1 + (step * width) ** 2 / freedom) ** (-(freedom + 1) / 2) for step in range(steps + 1)]
    return 2 * width / 3 * (heights[0] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2]) + heights[-1])


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 29, 30, 199, 2_000])
def test_students_t_equals_the_area_under_its_density(freedom: int) -> None:
    for t in (0.0, 0.4, 2.0, 9.0):
        assert student_t(t, freedom) == pytest.approx(within(t, freedom), abs=1e-9)
    assert within(student_quantile(freedom), freedom) == pytest.approx(0.95, abs=1e-9)


def test_of_many_the_normal_quantile_is_near_enough() -> None:
    assert student_quantile(2_000) == pytest.approx(student_quantile(2_001), abs=2e-3)


def test_a_mean_is_bounded_by_t_and_by_the_ends_of_its_scale() -> None:
    low, high = mean_interval(5, 5.4, 1.1401754, least=1, most=7)
    assert (round(low, 3), round(high, 3)) == (3.984, 6.816)
    assert mean_interval(5, 6.8, 1.0, least=1, most=7)[1] == 7
    assert mean_interval(5, 1.2, 1.0, least=1, most=7)[0] == 1
    assert mean_interval(5, 4.0, 0.0, least=1, most=7) == (4.0, 4.0)


@pytest.mark.parametrize(
    ("values", "answer"),
    [((7, 7, 6), 20 / 3), ((1, None, 2), 1.5), ((None, None, 7), None), ((None, None, None), None)],
)
def test_a_scale_counts_from_two_of_its_three_statements(values: tuple[int | None, ...], answer: float | None) -> None:
    assert score(values) == answer


def group(number: int, answered: int, *, site: int = 1, team: int | None = None, region: int | None = None) -> Group:
    """A group in which everybody says 4 throughout."""
    return Group(
        number, site, team, region, answered + 1, answered, (Sums(answered, 24 * answered, 576 * answered),) * 4
    )


def kinds(groups: list[Group]) -> set[tuple[str, int]]:
    return {(unit.kind, unit.id) for unit in shown(groups)}


def test_a_team_of_five_is_shown_and_one_of_four_is_not() -> None:
    assert kinds([group(1, 5, team=1)]) == {("team", 1), ("site", 1), ("company", 0)}
    assert kinds([group(1, 4, team=1)]) == set()


def test_a_scale_that_only_four_answered_hides_the_team() -> None:
    whole = group(1, 6, team=1)
    silent = Group(1, 1, 1, None, 7, 6, (Sums(4, 96, 2304), *whole.sums[1:]))
    assert shown([silent]) == {}


def test_a_total_is_left_out_when_taking_off_what_is_shown_would_tell_about_fewer_than_five() -> None:
    assert kinds([group(1, 9, team=1), group(2, 3, team=2)]) == {("team", 1)}
    assert kinds([group(1, 9, team=1), group(2, 3, team=2), group(3, 2, team=3)]) == {
        ("team", 1), ("site", 1), ("company", 0),
    }  # fmt: skip
    # A rest that nobody answered in tells nothing; and a hidden site must not come out of the company either.
    assert ("site", 1) in kinds([group(1, 9, team=1), group(2, 0, team=2)])
    assert kinds([group(1, 9, team=1), group(2, 4, site=2)]) == {("team", 1), ("site", 1)}
    # Two regions, one of which would tell on two people: the company stays hidden with it.
    one, two = group(1, 8, team=1, region=1), group(2, 2, site=2, region=2)
    assert kinds([one, two]) == {("team", 1), ("site", 1), ("region", 1)}


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 4), st.booleans(), st.integers(0, 3), st.integers(0, 3)),
        min_size=1,
        max_size=12,
    )
)
def test_nothing_that_can_be_put_together_from_shown_totals_is_about_one_to_four_people(rows: list[tuple]) -> None:
    """Independent of the rule: people who are in exactly the same shown totals are the finest that can be told apart."""
    groups = []
    for number, (answered, site, has_team, silent, _spare) in enumerate(rows, start=1):
        counts = [answered, max(0, answered - silent), answered, max(0, answered - _spare)]
        sums = tuple(Sums(one, 24 * one, 576 * one) for one in counts)
        groups.append(Group(number, site, number if has_team else None, (None, 1, 1, 2)[site - 1], 10, answered, sums))
    found = shown(groups)
    alike: dict[frozenset[Unit], list[Group]] = defaultdict(list)
    for one in groups:
        alike[frozenset(unit for unit, parts in found.items() if one in parts)].append(one)
    for inside, together in alike.items():
        for place in range(5):
            people = sum(one.counts[place] for one in together)
            assert not inside or people == 0 or people >= 5, (inside, people)
    for unit, parts in found.items():
        assert all(sum(one.counts[place] for one in parts) >= 5 for place in range(5)), unit


def test_a_total_adds_its_groups_up_exactly() -> None:
    total = total_of(COMPANY, [group(1, 5), group(2, 7)])
    assert [(one.count, one.mean, one.low, one.high, one.verdict) for one in total.scales] == [
        (12, 4, 4, 4, "open")
    ] * 4
    assert (total.rate.successes, total.rate.trials) == (12, 14)
