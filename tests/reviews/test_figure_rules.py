"""What a figure of a person may say: worked teams, exchanged people, and edges on both sides."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reviews.figure_rules import Counts, Figure, expected_hits, figure, figure_of
from app.reviews.funnel import funnel
from app.reviews.rules import STEPS, can_appeal, draw, may, period_mistake
from tests.counts import count
from tests.reviews.builders import NOW, SINCE, UNTIL

DESK = (1, 2, "desk")
STRATA = st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from(["desk", "phone"]))
CELL = st.integers(0, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TEAMS = st.dictionaries(
    st.integers(1, 9), st.dictionaries(STRATA, CELL, min_size=1, max_size=4), min_size=2, max_size=9
)


def team(*people: tuple[int, int]) -> Counts:
    return {who: {DESK: cell} for who, cell in enumerate(people)}


def drawn(random: Random, ratios: list[float], n: int) -> Counts:
    return team(*((sum(random.random() < ratio for _ in range(n)), n) for ratio in ratios))


@given(TEAMS, st.randoms(use_true_random=False))
def test_exchanging_who_got_which_results_leaves_expected_values_unchanged(counts: Counts, random: Random) -> None:
    """Each person keeps their cases; the hits of alike cases are dealt anew among them."""
    exchanged: dict[int, dict[tuple[int, int, str], tuple[int, int]]] = {who: {} for who in counts}
    for stratum in {stratum for strata in counts.values() for stratum in strata}:
        held = [(who, *strata[stratum]) for who, strata in counts.items() if stratum in strata]
        hits = [True] * sum(k for _, k, _ in held) + [False] * sum(n - k for _, k, n in held)
        random.shuffle(hits)
        for who, _, n in held:
            exchanged[who][stratum] = (sum(hits[:n]), n)
            hits = hits[n:]
    assert expected_hits(exchanged) == pytest.approx(expected_hits(counts))


@given(TEAMS)
def test_renaming_people_changes_no_figure(counts: Counts) -> None:
    renamed = {100 - who: strata for who, strata in reversed(list(counts.items()))}
    for who in counts:
        one, other = figure("recovery", counts, who), figure("recovery", renamed, 100 - who)
        assert (one.verdict, one.k, one.expected, one.reliability) == (
            other.verdict,
            other.k,
            other.expected,
            other.reliability,
        )
        assert sorted(one.peers) == sorted(other.peers)


def test_expected_hits_add_up_to_all_hits_where_every_stratum_is_large() -> None:
    counts = {1: {DESK: (8, 10), (1, 3, "desk"): (2, 10)}, 2: {DESK: (10, 10), (1, 3, "desk"): (10, 30)}}
    wanted = expected_hits(counts)
    assert wanted == {1: pytest.approx(9 + 3), 2: pytest.approx(9 + 9)}
    assert sum(wanted.values()) == pytest.approx(30)


def test_nine_cases_say_nothing_and_ten_say_something() -> None:
    peers = [(25, 30)] * 6
    assert figure("recovery", team((9, 9), *peers), 0) == Figure("recovery", "too_few")
    assert figure("recovery", team((9, 10), *peers), 0).n == 10
    assert figure("recovery", team(*peers), 77) == Figure("recovery", "too_few")


def test_five_colleagues_are_enough_to_compare_with_and_four_are_not() -> None:
    assert figure("recovery", team((9, 12), *[(25, 30)] * 4, (9, 9)), 0).verdict == "no_peers"
    assert figure("recovery", team((9, 12), *[(25, 30)] * 5), 0).is_compared


def test_silence_is_no_praise_until_a_difference_would_have_shown() -> None:
    few = figure("recovery", team((17, 20), *[(85, 100)] * 10), 0)
    many = figure("recovery", team((340, 400), *[(340, 400)] * 10), 0)
    assert few.verdict == "cannot_tell" and few.power is not None and few.power < 0.8
    assert many.verdict == "as_expected"


def test_a_person_is_classified_only_when_the_figure_is_reliable() -> None:
    spread = [(170 + 4 * step, 200) for step in range(-4, 5)]
    flagged = figure("recovery", team((110, 200), *spread), 0)
    assert flagged.verdict == ("lower" if (flagged.reliability or 0) >= 0.9 else "read_low")
    short = figure("recovery", team((12, 40), *[(34, 40)] * 12), 0)
    assert (short.verdict, (short.reliability or 0) < 0.9) == ("read_low", True)


def test_graver_cases_are_no_fault() -> None:
    """One who has only grave cases, and does as everybody does with them, is as expected."""
    grave = (1, 4, "desk")
    counts: dict[int, dict[tuple[int, int, str], tuple[int, int]]] = {
        who: {DESK: (180, 200), grave: (12, 30)} for who in range(8)
    }
    counts[99] = {grave: (80, 200)}
    found = figure("recovery", counts, 99)
    assert found.expected == 80.0 and not found.is_flagged
    assert found.adjusted == found.house


def test_identical_staff_are_hardly_ever_flagged_and_a_planted_difference_is_found() -> None:
    random, people = Random(8), 30
    teams = count(1_000, 20)
    flags = sum(
        figure("recovery", counts, who).is_flagged
        for counts in (drawn(random, [0.85] * people, 60) for _ in range(teams))
        for who in range(people)
    )
    trials = teams * people
    assert flags <= 0.002 * trials + 3 * (0.002 * 0.998 * trials) ** 0.5
    tries = count(500, 60)
    found = sum(
        figure("recovery", drawn(random, [0.70] + [0.85] * (people - 1), 200), 0).is_flagged for _ in range(tries)
    )
    assert found / tries >= 0.9


def test_a_frozen_figure_reads_back_and_what_is_handed_on_holds_no_single_colleague() -> None:
    one = figure("recovery", team((41, 47), *[(25, 30)] * 7), 0)
    assert figure_of(one.plain()) == one
    assert "peers" not in one.shared() and one.shared()["peer_count"] == 7
    placed = funnel(one, say=str, count=str)
    assert placed is not None and len(placed.rings) == 7
    assert all(0 <= ring.x <= 100 and 0 <= ring.y <= placed.base for ring in (*placed.rings, placed.me))


def test_each_step_has_one_side_and_none_before_the_self_assessment_is_the_reviewers() -> None:
    assert not [deed for (state, deed), side in STEPS.items() if state == "self_assessment" and side != "employee"]
    assert may("conversation", "note", "reviewer") and not may("conversation", "note", "employee")
    assert not may("closed", "note", "reviewer") and not may("signing", "sign", None)


def test_periods_draws_and_appeals_have_edges() -> None:
    today = UNTIL
    assert period_mistake(SINCE, UNTIL, today) is None
    assert period_mistake(UNTIL, SINCE, today) == "order"
    assert period_mistake(SINCE, UNTIL, SINCE) == "ahead"
    assert draw([5, 3, 9], 7) == [3, 5, 9]
    assert draw(range(100), 7) == draw(range(99, -1, -1), 7) != draw(range(100), 8)
    assert not can_appeal(None, NOW) and can_appeal(NOW, NOW)
