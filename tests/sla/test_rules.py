from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.calendars.rules import WEEKDAYS, Calendar
from app.sla.rules import Deadline, Facts, deadline, known_at, next_notice_at, state

WEEK = Calendar.parse({name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}, "Etc/UTC")
LUNCH = Calendar.parse({"mon": [["09:00", "12:00"], ["13:00", "17:00"]]}, "Etc/UTC")
MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
FOUR_HOURS = Facts(4 * 3_600, MONDAY)


def at(hour: float, day: int = 2) -> datetime:
    return datetime(2026, 2, day, tzinfo=UTC) + hour * HOUR


def test_a_warning_lies_in_working_hours_before_the_deadline() -> None:
    """The reported case: 4 hours from Monday 17:00 are due on Tuesday 13:00, and soon one hour before."""
    assert deadline(Facts(4 * 3_600, at(17)), WEEK) == Deadline(at(13, 3), at(12, 3))


@pytest.mark.parametrize(
    ("instant", "name"),
    [
        (at(9), "running"),
        (at(12) - SECOND, "running"),
        (at(12), "soon"),
        (at(13), "soon"),
        (at(13) + SECOND, "breached"),
        (at(9, 9), "breached"),
    ],
)
def test_an_open_clock_turns_at_its_edges(instant: datetime, name: str) -> None:
    assert state(FOUR_HOURS, WEEK, instant).name == name


@pytest.mark.parametrize(("stopped", "name"), [(at(13), "met"), (at(13) + SECOND, "missed"), (at(9), "met")])
def test_a_clock_stopped_on_the_deadline_is_met_and_one_second_later_missed(stopped: datetime, name: str) -> None:
    facts = Facts(4 * 3_600, MONDAY, stopped_at=stopped)
    assert state(facts, WEEK, at(9, 9)).name == name
    assert state(facts, WEEK, at(9, 9)).elapsed_seconds == (stopped - MONDAY).total_seconds()


def test_a_paused_clock_has_no_deadline_and_keeps_what_is_left() -> None:
    shown = state(Facts(4 * 3_600, MONDAY, pauses=((at(11), None),)), WEEK, at(16))
    assert (shown.name, shown.due_at, shown.left_seconds, shown.is_paused) == ("paused", None, 2 * 3_600, True)


def test_a_clock_that_was_late_before_its_pause_stays_late() -> None:
    shown = state(Facts(4 * 3_600, MONDAY, pauses=((at(14), None),)), WEEK, at(16))
    assert (shown.name, shown.due_at, shown.is_paused) == ("breached", at(13), True)


def test_a_breach_once_recorded_stays_when_the_target_grows() -> None:
    facts = Facts(40 * 3_600, MONDAY, breached_at=at(13))
    assert state(facts, WEEK, at(14)).name == "breached"
    assert state(facts, WEEK, at(12)).name == "running"


def test_a_cancelled_clock_is_neither_met_nor_missed() -> None:
    assert state(Facts(4 * 3_600, MONDAY, cancelled_at=at(10)), WEEK, at(9, 9)).name == "cancelled"
    assert state(Facts(4 * 3_600, MONDAY, cancelled_at=at(10)), WEEK, at(9.5)).name == "running"


def test_a_pause_overnight_moves_the_deadline_by_nothing() -> None:
    night = Facts(12 * 3_600, MONDAY, pauses=((at(17), at(9, 3)),))
    assert deadline(night, WEEK) == deadline(Facts(12 * 3_600, MONDAY), WEEK)


@pytest.mark.parametrize(
    ("warned", "breached", "open_now", "historic", "expected"),
    [
        (False, False, True, False, at(12)),
        (True, False, True, False, at(13)),
        (True, True, True, False, None),
        (False, True, True, False, None),
        (False, False, False, False, None),
        (False, False, True, True, None),
    ],
)
def test_a_threshold_is_told_once_and_never_for_history(
    warned: bool, breached: bool, open_now: bool, historic: bool, expected: datetime | None
) -> None:
    ends = Deadline(at(13), at(12))
    found = next_notice_at(ends, warned=warned, breached=breached, open_now=open_now, historic=historic)
    assert found == expected


def naive_state(facts: Facts, instant: datetime) -> str:
    """Walk second by second, asking the wall clock: an independent opinion."""
    facts = known_at(facts, instant)
    counted, moment, late = 0, facts.started_at, False
    until = min(instant, facts.stopped_at or instant)
    soon = False
    while True:
        if counted >= facts.target_seconds * 3 / 4:
            soon = True
        if counted >= facts.target_seconds and moment < until:
            late = True
        if moment >= until:
            break
        is_open = moment.weekday() < 5 and moment.hour in (9, 10, 11, 13, 14, 15, 16)
        paused = any(a <= moment and (b is None or moment < b) for a, b in facts.pauses)
        counted += is_open and not paused
        moment += SECOND
    if facts.stopped_at is not None:
        return "missed" if late else "met"
    if late:
        return "breached"
    if any(a <= instant and (b is None or instant < b) for a, b in facts.pauses):
        return "paused"
    return "soon" if soon else "running"


TRACE = st.lists(st.integers(0, 6_500), min_size=5, max_size=5, unique=True).map(sorted)


@settings(max_examples=25, deadline=None)
@given(TRACE, st.integers(1, 2_000), st.booleans(), st.booleans())
def test_the_shown_state_equals_an_independent_walk_at_every_step_of_a_trace(
    trace: list[int], target: int, stops: bool, ends_pause: bool
) -> None:
    hops = [at(11.5) + timedelta(seconds=n) for n in trace]  # half an hour before the lunch break
    facts = Facts(target, hops[0], hops[4] if stops else None, pauses=((hops[1], hops[2] if ends_pause else None),))
    ends = deadline(facts, LUNCH)
    edges = [*hops, *(end for end in (ends.due_at, ends.soon_at) if end)]
    for edge in {e + n * SECOND for e in edges for n in (-1, 0, 1)}:
        if edge >= hops[0] and edge < hops[4] + HOUR:
            assert state(facts, LUNCH, edge).name == naive_state(facts, edge), edge
