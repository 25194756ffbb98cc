"""The risk score adds up, stays within its bounds, sees nothing of what comes later, and is told apart from luck."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.insights import risk_rules as rules
from app.insights.calibration_rules import Graded, calibrate
from app.insights.risk_rules import Situation, Told, Turn, score, situation
from app.kernel.time import UTC

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def told(number: int, ago: float, *, end: float | None = None, again: float | None = None, severity: int = 3) -> Told:
    turns = [Turn(NOW - end * DAY, True)] if end is not None else []
    turns += [Turn(NOW - again * DAY, False)] if again is not None else []
    at = NOW - ago * DAY
    return Told(number, at, at, severity, tuple(turns))


def test_the_worked_example_of_the_documentation_adds_up() -> None:
    found = score(situation([told(1, 40, end=32), told(2, 20)], [NOW - 3 * DAY], NOW))
    assert {term.code: term.points for term in found.terms} == {
        "recent": 14, "earlier": 8, "open": 8, "again": 15, "broken": 5,
    }  # fmt: skip
    assert (found.points, found.level) == (50, "raised")
    assert [term.code for term in found.reasons] == ["again", "recent", "earlier"]


@pytest.mark.parametrize(
    ("days", "points"),
    [(0, 20), (7, 20), (8, 14), (30, 14), (31, 8), (90, 8), (91, 3), (365, 3), (366, 0), (None, 0)],
)
def test_the_older_the_last_failure_the_fewer_points(days: int | None, points: int) -> None:
    assert rules.recent(days) == points


@pytest.mark.parametrize(
    ("term", "each"), [(rules.earlier, 8), (rules.still_open, 8), (rules.again, 15), (rules.broken, 5)]
)
def test_a_term_starts_at_nothing_and_gives_its_points_for_the_first(term: object, each: int) -> None:
    assert (term(0), term(1)) == (0, each)  # type: ignore[operator]


@pytest.mark.parametrize(("points", "level"), [(39, "usual"), (40, "raised"), (59, "raised"), (60, "high")])
def test_the_words_change_at_their_bounds(points: int, level: str) -> None:
    assert rules.Score(points, ()).level == level


@pytest.mark.parametrize(("after", "counts"), [(1, 1), (30, 1), (30.001, 0)])
def test_a_second_failure_is_soon_within_thirty_days_of_a_recovery(after: float, counts: int) -> None:
    assert situation([told(1, 60, end=50, again=50 - after)], [], NOW).again == counts
    assert situation([told(1, 60, end=50), told(2, 50 - after)], [], NOW).again == counts


def test_a_kind_gesture_is_no_failure_and_a_resolved_case_is_not_open() -> None:
    assert situation([told(1, 1, severity=0)], [], NOW) == Situation()
    assert situation([told(1, 9, end=8)], [], NOW) == Situation(recent_days=9)
    assert situation([told(1, 9, end=8, again=7)], [], NOW) == Situation(recent_days=9, open=1, again=1)


counts = st.integers(0, 50)
situations = st.builds(
    Situation, recent_days=st.none() | st.integers(0, 500), earlier=counts, open=counts, again=counts, broken=counts
)


@given(situations)
def test_the_score_is_the_sum_of_its_bounded_terms_and_names_the_heaviest(of: Situation) -> None:
    found = score(of)
    assert found.points == sum(term.points for term in found.terms)
    assert 0 <= found.points <= rules.SCORE_MAX
    assert [term.code for term in found.terms] == list(rules.TERMS)
    assert all(0 <= term.points <= rules.MOST[term.code] for term in found.terms)
    shown, rest = found.reasons, [term for term in found.terms if term not in found.reasons]
    assert len(shown) <= 3 and all(term.points for term in shown)
    assert not rest or not shown or min(term.points for term in shown) >= max(term.points for term in rest)


@given(situations, st.sampled_from(("earlier", "open", "again", "broken")))
def test_more_trouble_never_gives_fewer_points(of: Situation, what: str) -> None:
    worse = Situation(**{name: getattr(of, name) + (name == what) for name in ("earlier", "open", "again", "broken")},
                      recent_days=of.recent_days)  # fmt: skip
    assert score(worse).points >= score(of).points


ago = st.floats(-60, 400).map(lambda days: NOW - days * DAY)
stories = st.lists(
    st.builds(
        Told, st.integers(1, 6), ago, ago, st.integers(0, 4), st.lists(st.builds(Turn, ago, st.booleans())).map(tuple)
    ),
    max_size=6,
    unique_by=lambda case: case.case_id,
)


@given(stories, st.lists(ago, max_size=4), ago)
def test_nothing_that_comes_later_changes_a_score(cases: list[Told], missed: list[datetime], at: datetime) -> None:
    """What is known at an instant is the same whether the rest of the story is told or not; later changes are undone."""
    cut = [
        Told(
            case.case_id,
            case.received_at,
            case.logged_at,
            case.severity,
            tuple(turn for turn in case.turns if turn.at < at),
        )
        for case in cases
        if case.logged_at < at and case.received_at < at
    ]
    then = situation(cut, [one for one in missed if one < at], at)
    assert situation(cases, missed, at) == then
    changed = [
        Told(case.case_id, case.received_at, case.logged_at, 0, case.turns, ((at, case.severity), (at + DAY, 2)))
        for case in cases
    ]
    assert situation(changed, missed, at) == then


def test_equal_points_lie_in_one_tenth() -> None:
    found = calibrate([Graded(points, False) for points in (0, 5, 0, 9, 0)])
    assert [(one.number, one.low, one.high, one.share.trials) for one in found.tenths] == [
        (1, 0, 0, 3), (7, 5, 5, 1), (9, 9, 9, 1),
    ]  # fmt: skip
    assert found.verdict == "few" and found.tenths[0].share.low is None, "under ten nothing is said"


@given(st.lists(st.builds(Graded, st.integers(0, 100), st.booleans()), max_size=120))
def test_everybody_lies_in_one_tenth_and_one_half(graded: list[Graded]) -> None:
    found = calibrate(graded)
    assert sum(one.share.trials for one in found.tenths) == len(graded) == found.everybody.trials
    assert found.lower.trials + found.upper.trials == len(graded)
    assert sum(one.share.successes for one in found.tenths) == found.everybody.successes
    bounds = [edge for one in found.tenths for edge in (one.low, one.high)]
    assert bounds == sorted(bounds) and all(
        a.high < b.low for a, b in zip(found.tenths, found.tenths[1:], strict=False)
    )


def of(low_hits: int, high_hits: int) -> list[Graded]:
    return [Graded(20, place < low_hits) for place in range(100)] + [
        Graded(60, place < high_hits) for place in range(100)
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(10, 40, "holds"), (40, 10, "reversed"), (20, 25, "unclear"), (3, 4, "few"), (100, 95, "few")],
)
def test_the_sentence_says_no_more_than_the_halves_bear(low: int, high: int, verdict: str) -> None:
    assert calibrate(of(low, high)).verdict == verdict
    assert calibrate([Graded(28, place < 50) for place in range(200)]).verdict == "unclear", (
        "one score tells nothing apart"
    )
