from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendars.rules import WEEKDAYS, Calendar
from app.sla.condition_rules import PolicyRules
from app.sla.rules import Deadline, Facts, deadline, next_notice_at, passed, state

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


LADDER = PolicyRules({}, escalate_seconds=(3_600, 7_200, 14_400))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (0, at(11)),
        (1, at(12)),
        (2, at(12.6)),
        (3, at(13)),
        (4, at(14)),
        (5, at(15)),
        (6, at(9, 3)),  # due at closing time: told when the desk opens again
        (7, None),
    ],
)
def test_each_step_of_the_ladder_is_looked_for_once_and_in_working_hours(told: int, expected: datetime | None) -> None:
    assert next_notice_at(FOUR_HOURS, WEEK, LADDER, told, historic=False) == expected
    assert next_notice_at(FOUR_HOURS, WEEK, LADDER, told, historic=True) is None
    stopped = Facts(4 * 3_600, MONDAY, stopped_at=at(10))
    assert next_notice_at(stopped, WEEK, LADDER, told, historic=False) is None


def test_a_step_that_the_policy_leaves_out_is_passed_over() -> None:
    quiet = PolicyRules({}, thresholds=frozenset({"breach", "level3"}))
    assert [next_notice_at(FOUR_HOURS, WEEK, quiet, told, historic=False) for told in (0, 4)] == [at(13), at(13, 3)]


@pytest.mark.parametrize(
    ("told", "now", "expected"),
    [
        (0, at(11), 0),
        (0, at(11) + SECOND, 1),
        (0, at(12.7), 3),  # of three warnings the highest
        (0, at(13), 3),
        (0, at(9, 9), 4),  # whatever was overtaken: the breach is told, and the levels one by one
        (4, at(9, 9), 5),
        (5, at(9, 9), 6),
        (6, at(9, 9), 7),
        (7, at(9, 9), 7),
    ],
)
def test_overtaken_warnings_lapse_and_the_breach_and_its_levels_never_do(
    told: int, now: datetime, expected: int
) -> None:
    assert passed(FOUR_HOURS, WEEK, LADDER, told, now) == expected


# Windows of a few minutes, with a break of one: a trace of ten minutes then meets every kind of edge.
SHORT = Calendar.parse({"mon": [["09:00:20", "09:03:00"], ["09:04:00", "09:08:10"]]}, "Etc/UTC")


def walked_states(facts: Facts, seconds: int) -> list[tuple[str, int]]:
    """What the clock shows at each second: one walk that knows nothing of intervals, only of this second."""
    counted, seen, late = 0, [], False
    for second in range(seconds):
        moment = MONDAY + second * SECOND
        ended = facts.stopped_at is not None and moment >= facts.stopped_at
        paused = any(a <= moment and (b is None or moment < b) for a, b in facts.pauses)
        if (moment > facts.started_at and not ended) or (ended and moment == facts.stopped_at):
            before = moment - SECOND
            was_open = 20 <= (before - MONDAY).seconds < 180 or 240 <= (before - MONDAY).seconds < 490
            rested = any(a <= before and (b is None or before < b) for a, b in facts.pauses)
            # Late begins after the second in which the last one was counted.
            late = late or counted >= facts.target_seconds
            counted += was_open and not rested and before >= facts.started_at
        if ended:
            name = "missed" if late else "met"
        elif late:
            name = "breached"
        elif paused:
            name = "paused"
        else:
            name = "soon" if counted * 4 >= facts.target_seconds * 3 else "running"
        seen.append((name, counted))
    return seen


@given(
    st.lists(st.integers(0, 599), min_size=6, max_size=6, unique=True).map(sorted),
    st.integers(1, 300),
    st.booleans(),
    st.booleans(),
)
def test_the_shown_state_equals_an_independent_walk_at_every_second_of_a_trace(
    trace: list[int], target: int, stops: bool, ends_pause: bool
) -> None:
    hops = [MONDAY + n * SECOND for n in trace]
    pauses = ((hops[1], hops[2]), (hops[3], hops[4] if ends_pause or stops else None))
    facts = Facts(target, hops[0], hops[5] if stops else None, pauses=pauses)
    walk = walked_states(facts, 640)
    for second in range(trace[0], 640):
        shown = state(facts, SHORT, MONDAY + second * SECOND)
        assert (shown.name, shown.elapsed_seconds) == walk[second], second
