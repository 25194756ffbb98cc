"""What must be shown of flags: hardly any among identical people, nearly always a planted one, and none moved by exchanging people.

`make soak` simulates the 1,000 teams of 30; `make test` some of them. The flags are those that a review shows.
"""

from random import Random
from typing import Any

import pytest

from app.insights.statistics_rules import expected
from app.reviews.figure_rules import expected_hits, figure
from tests.counts import count

TEAM = 30
STRATA = {(1, 2, "desk"): 0.95, (1, 3, "phone"): 0.85, (2, 4, "email"): 0.70}


def team(draw: Random, ratio_of: Any, sizes: tuple[int, int] = (4, 40)) -> dict[int, dict[Any, tuple[int, int]]]:
    """Thirty people with cases of their own mix; ratio_of(person, the stratum's ratio) is how often each is a hit."""
    made: dict[int, dict[Any, tuple[int, int]]] = {}
    for person in range(TEAM):
        made[person] = {}
        for stratum, ratio in STRATA.items():
            n = draw.randint(*sizes)
            made[person][stratum] = (sum(draw.random() < ratio_of(person, ratio) for _ in range(n)), n)
    return made


def test_identical_people_are_flagged_no_more_often_than_two_in_a_thousand() -> None:
    draw, teams = Random(1_000), count(1_000, 12, least=3)
    people = teams * TEAM
    flagged = 0
    for _ in range(teams):
        counts = team(draw, lambda _person, ratio: ratio)
        flagged += sum(figure("recovery", counts, person).is_flagged for person in counts)
    assert flagged <= 0.002 * people + 3 * (0.002 * 0.998 * people) ** 0.5, (flagged, people)


def test_one_at_seventy_of_a_hundred_among_eighty_five_is_flagged_nine_times_in_ten() -> None:
    draw, teams = Random(200), count(1_000, 30, least=10)
    found = 0
    for _ in range(teams):
        hits = {who: sum(draw.random() < (0.85 if who else 0.70) for _ in range(200)) for who in range(TEAM)}
        found += figure("recovery", {who: {(1, 2, "desk"): (k, 200)} for who, k in hits.items()}, 0).is_flagged
    assert found >= 0.9 * teams, (found, teams)


def test_exchanging_people_leaves_what_is_expected_unchanged() -> None:
    draw = Random(3)
    counts = team(draw, lambda _person, ratio: ratio)
    wanted = expected_hits(counts)
    names = list(counts)
    draw.shuffle(names)
    # Whose cases they are is exchanged: everybody's expectation goes with the cases.
    exchanged = expected_hits({names[person]: strata for person, strata in counts.items()})
    assert {person: exchanged[names[person]] for person in counts} == pytest.approx(wanted)
    # Who did how well is exchanged, with everybody's mix as it was: no expectation moves.
    k_by_stratum = {stratum: sum(strata[stratum][0] for strata in counts.values()) for stratum in STRATA}
    n_by_stratum = {stratum: sum(strata[stratum][1] for strata in counts.values()) for stratum in STRATA}
    known: dict[object, tuple[int, int]] = {key: (k_by_stratum[key], n_by_stratum[key]) for key in STRATA}
    for person, strata in counts.items():
        assert wanted[person] == pytest.approx(expected(known, {key: n for key, (_, n) in strata.items()}))
