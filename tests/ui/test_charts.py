"""Geometry of drawn figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.charts import (
    INSET,
    Interval,
    Part,
    bar_chart,
    bar_parts,
    heat_map,
    interval_plot,
    line_chart,
    nice_ceiling,
    stacked_bars,
)

MINOR = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (0.7, 0.8), (1, 1), (41, 50), (61, 80), (100, 100), (101, 120), (1999, 2000)]
)
def test_a_scale_ends_at_the_next_round_number(value, ceiling):
    assert nice_ceiling(value) == pytest.approx(ceiling)


def test_a_window_within_its_limit_shows_settled_reserved_and_ask_in_order():
    parts = bar_parts(limit=200, settled=50, reserved=30, ask=20)
    assert parts == (Part("settled", 0, 25), Part("reserved", 25, 15), Part("ask", 40, 10))


def test_a_full_window_shows_nothing_over_and_one_unit_more_shows_it():
    assert [part.kind for part in bar_parts(limit=100, settled=60, reserved=0, ask=40)] == ["settled", "ask"]
    assert [part.kind for part in bar_parts(limit=100, settled=60, reserved=0, ask=41)] == [
        "settled",
        "ask",
        "over",
        "edge",
    ]


def test_a_window_without_a_limit_is_all_over():
    assert bar_parts(limit=0, settled=0, reserved=0, ask=5)[0] == Part("over", 0, 100)


def test_an_empty_window_draws_nothing():
    assert bar_parts(limit=0, settled=0, reserved=0) == ()


@given(limit=MINOR, settled=MINOR, reserved=MINOR, ask=MINOR)
def test_parts_of_a_window_never_leave_the_bar_and_never_overlap(limit, settled, reserved, ask):
    parts = [
        part for part in bar_parts(limit=limit, settled=settled, reserved=reserved, ask=ask) if part.kind != "edge"
    ]
    end = 0.0
    for part in parts:
        assert part.x >= end - 0.03
        end = part.x + part.width
        assert part.width >= 0 and end <= 100.03


def test_a_bar_is_as_long_as_its_share_of_the_scale():
    chart = bar_chart([("a", 25), ("b", 50), ("c", 0)])
    assert [row.parts[0].width for row in chart.rows] == [50, 100, 0]
    assert [tick.text for tick in chart.ticks] == ["0", "25", "50"]


def test_a_bar_chart_without_rows_still_has_a_scale():
    assert bar_chart([]).ticks[-1].text == "1"


def test_stacked_parts_begin_where_the_last_one_ended_and_keep_their_colour_when_one_is_missing():
    (row,) = stacked_bars(["x", "y", "z"], [("all", (20, 0, 30))]).rows
    assert [(part.kind, part.x, part.width) for part in row.parts] == [("1", 0, 40), ("3", 40, 60)]
    assert row.values == ("20", "0", "30") and row.text == "50"


def test_a_line_breaks_where_nothing_is_known():
    chart = line_chart(["a", "b", "c", "d"], [("s", [1, 2, None, 4])])
    (line,) = chart.lines
    assert len(line.dots) == 3 and len(line.strokes) == 1
    assert line.texts == ("1", "2", "–", "4")


def test_a_line_stays_inside_its_drawing():
    chart = line_chart([str(n) for n in range(40)], [("s", [n * 7 % 41 for n in range(40)])])
    (line,) = chart.lines
    assert all(0 <= dot.x <= 100 and 0 <= dot.y <= chart.base for dot in line.dots)
    assert len(chart.x_ticks) <= 6 and chart.x_ticks[0].text == "0"


def test_one_point_stands_in_the_middle():
    chart = line_chart(["only"], [("s", [3])])
    assert chart.lines[0].dots[0].x == 50 and chart.lines[0].strokes == ()


def test_an_interval_is_drawn_between_its_bounds_with_k_of_n_beside():
    plot = interval_plot(
        [Interval("kept", 9, 10, 0.596, 0.982)], say=lambda r: f"{r:.0%}", of=lambda k, n: f"{k} of {n}"
    )
    (row,) = plot.rows
    assert row.low < row.x < row.high
    assert (row.of_text, row.range_text) == ("9 of 10", "60%–98%")


@pytest.mark.parametrize(("low", "high", "trials"), [(None, None, 6), (0.1, 0.9, 0)])
def test_too_few_are_said_but_not_drawn(low, high, trials):
    plot = interval_plot([Interval("few", 0, trials, low, high)], say=str, of=lambda k, n: f"{k} of {n}")
    assert plot.rows[0].x is None and plot.rows[0].of_text == f"0 of {trials}"


def test_a_proportion_of_nothing_or_everything_keeps_its_whole_dot_inside():
    plot = interval_plot(
        [Interval("none", 0, 9, 0, 0.3), Interval("all", 9, 9, 0.7, 1)], say=str, of=lambda k, n: f"{k} of {n}"
    )
    assert [row.x for row in plot.rows] == [INSET, 100 - INSET]


def test_heat_rises_in_steps_and_says_its_numbers():
    ((_label, cells),) = heat_map(["a", "b", "c", "d"], [("Mon", [0, 1, 70, None])]).rows
    assert [(cell.step, cell.text) for cell in cells] == [(0, "0"), (1, "1"), (7, "70"), (0, "–")]
