"""What counts as unhappy, and how long a survey stays open."""

from datetime import datetime, timedelta

import pytest

from app.feedback.rules import OPEN_FOR, Scores, Sums, ask_at, is_low, is_open
from app.kernel.time import UTC

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scores", "low"),
    [
        (Scores(csat=2), True), (Scores(csat=3), False), (Scores(nps=6), True), (Scores(nps=7), False),
        (Scores(csat=5, nps=0), True), (Scores(ces=1, treated_well=1), False),
    ],
)  # fmt: skip
def test_one_unhappy_answer_to_either_known_question_is_a_call_for_help(scores: Scores, low: bool) -> None:
    assert is_low(scores) is low


def test_a_value_outside_its_scale_is_no_answer() -> None:
    with pytest.raises(ValueError, match="csat"):
        Scores(csat=6)
    with pytest.raises(ValueError, match="nps"):
        Scores(nps=-1)


def test_a_survey_goes_out_after_three_days_and_stays_open_for_thirty() -> None:
    assert ask_at(NOON) == NOON + timedelta(days=3)
    assert is_open(NOON, NOON + OPEN_FOR - timedelta(seconds=1))
    assert not is_open(NOON, NOON + OPEN_FOR)
    assert not is_open(None, NOON)


def test_a_mean_has_the_interval_of_its_sample() -> None:
    sums = Sums(5, 15, 55)  # 1, 2, 3, 4, 5
    assert sums.mean == 3
    assert round(sums.half_width, 2) == 1.39
