"""Figures beside the bar."""

import pytest

from app.kernel.money import Money
from app.ui.windows import WindowRow
from tests.ui.gallery import make_app


@pytest.fixture(autouse=True)
def _reading():
    with make_app().test_request_context("/"):
        yield


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def test_the_whole_window_may_be_asked_for_and_one_penny_more_is_over():
    whole = WindowRow("month", gbp(10_000), gbp(4_000), gbp(1_000), gbp(5_000))
    more = WindowRow("month", gbp(10_000), gbp(4_000), gbp(1_000), gbp(5_001))
    assert (whole.left, whole.is_over, whole.over) == (gbp(0), False, gbp(0))
    assert (more.left, more.is_over, more.over) == (gbp(-1), True, gbp(1))


def test_figures_say_what_the_bar_draws():
    assert WindowRow("m", gbp(20_000), gbp(0), gbp(0), gbp(12_000)).figures == "£0.00 used + £120.00 of £200.00"
    row = WindowRow("m", gbp(120_000), gbp(51_500), gbp(9_000))
    assert row.figures == "£515.00 settled · £90.00 reserved · £1,200.00 limit"
