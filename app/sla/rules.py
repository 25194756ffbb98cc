"""What a clock shows at an instant. Page, API, export and job all ask this one function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.calendars.rules import Calendar, Pause, due, elapsed, next_open
from app.sla.condition_rules import LEVELS, PERCENTS, THRESHOLDS, PolicyRules

SEVERITIES = range(5)
SOON_PERCENT = PERCENTS["soon"]
HALF, SOON, BREACH = (THRESHOLDS.index(name) for name in ("half", "soon", "breach"))

StateName = Literal["running", "soon", "breached", "paused", "met", "missed", "cancelled"]
Targets = Mapping[int, Mapping[str, int]]  # severity -> milestone -> business seconds

_MINUTE, _HOUR = 60, 3_600
# What holds until a company publishes its own targets; a working day counts as 8 hours.
DEFAULT_TARGETS: Targets = {
    0: {"resolve": 40 * _HOUR},
    1: {"acknowledge": 4 * _HOUR, "first_response": 8 * _HOUR, "resolve": 40 * _HOUR},
    2: {"acknowledge": 1 * _HOUR, "first_response": 4 * _HOUR, "resolve": 24 * _HOUR},
    3: {"acknowledge": 30 * _MINUTE, "first_response": 1 * _HOUR, "resolve": 16 * _HOUR},
    4: {"acknowledge": 15 * _MINUTE, "first_response": 30 * _MINUTE, "resolve": 8 * _HOUR},
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened to a clock; everything shown is computed from it."""

    target_seconds: int
    started_at: datetime
    stopped_at: datetime | None = None
    cancelled_at: datetime | None = None
    breached_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a clock is due and when it counts as due soon; None while a pause holds it."""

    due_at: datetime | None
    soon_at: datetime | None


@dataclass(frozen=True, slots=True)
class Climb:
    """What a look at a clock brings. told: how many steps lie behind it; step: the one to tell about now, if any.

    is_breach: the deadline has passed and nobody had kept that yet. look_at: when the desk opens again or the deadline
    passes, where a notice waits for the desk; otherwise None.
    """

    told: int
    step: str | None = None
    is_breach: bool = False
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A clock at an instant. `left_seconds` is business time, `wall_seconds` the time until due; below zero is late."""

    name: StateName
    due_at: datetime | None
    elapsed_seconds: int
    left_seconds: int
    wall_seconds: int | None
    is_paused: bool


def deadline(facts: Facts, calendar: Calendar) -> Deadline:
    """Work out both instants; soon is at 75 % of the target in business time.

    Worked value: 4 hours from Monday 17:00 in Mon-Fri 09-17 are due on Tuesday 13:00 and soon from 12:00.
    """
    soon_seconds = -(-facts.target_seconds * SOON_PERCENT // 100)
    return Deadline(
        due(facts.started_at, facts.target_seconds, calendar, facts.pauses),
        due(facts.started_at, soon_seconds, calendar, facts.pauses),
    )


def state(facts: Facts, calendar: Calendar, at: datetime) -> State:
    """What the clock shows at `at`, from what had happened by then."""
    facts = known_at(facts, at)
    ends = deadline(facts, calendar)
    until = min([at, *(end for end in (facts.stopped_at, facts.cancelled_at) if end)])
    passed = elapsed(facts.started_at, until, calendar, facts.pauses)
    late = is_late(facts, ends.due_at, until)
    paused = any(begins <= at and (to is None or at < to) for begins, to in facts.pauses)
    name: StateName
    if facts.cancelled_at is not None:
        name = "cancelled"
    elif facts.stopped_at is not None:
        name = "missed" if late else "met"
    elif late:
        name = "breached"
    elif paused:
        name = "paused"
    else:
        name = "soon" if ends.soon_at is not None and at >= ends.soon_at else "running"
    wall = None if ends.due_at is None else int((ends.due_at - until).total_seconds())
    ended = facts.stopped_at is not None or facts.cancelled_at is not None
    return State(name, ends.due_at, passed, facts.target_seconds - passed, wall, paused and not ended)


def known_at(facts: Facts, at: datetime) -> Facts:
    """Leave out what had not happened yet: a pause that ended later was still open then."""
    pauses = tuple((begins, None if to is not None and to > at else to) for begins, to in facts.pauses if begins <= at)
    return Facts(
        facts.target_seconds,
        facts.started_at,
        _by(facts.stopped_at, at),
        _by(facts.cancelled_at, at),
        _by(facts.breached_at, at),
        pauses,
    )


def is_late(facts: Facts, due_at: datetime | None, at: datetime) -> bool:
    """On the deadline is in time. A breach once recorded stays, whatever moved the deadline since."""
    return (due_at is not None and at > due_at) or (facts.breached_at is not None and at > facts.breached_at)


def rung_at(facts: Facts, calendar: Calendar, policy: PolicyRules, rung: int) -> datetime | None:
    """When a clock passes a step of the ladder: 50, 75, 90 %, the deadline, then three levels; None while a pause holds it.

    All of it is the clock's own time. Worked value: 4 hours from Monday 17:00 in Mon-Fri 09-17, the first level an hour
    after the breach: Tuesday 14:00.
    """
    name = THRESHOLDS[rung]
    if name in PERCENTS:
        seconds = -(-facts.target_seconds * PERCENTS[name] // 100)
    else:
        seconds = facts.target_seconds + (policy.escalate_seconds[LEVELS.index(name)] if name in LEVELS else 0)
    return due(facts.started_at, seconds, calendar, facts.pauses)


def next_notice_at(
    facts: Facts, calendar: Calendar, policy: PolicyRules, told: int, *, historic: bool
) -> datetime | None:
    """When the sweep has to look at this clock again: the next step that the policy tells about, inside working hours.

    told: how many steps were passed already. A step that falls on a closing time is told when the desk opens again. The
    deadline itself is looked at in any case and at any hour, so that the breach is kept at its time; a breach that was kept
    and not told yet is told of an ended clock too.
    """
    if historic:
        return None
    if is_owed(facts, told):
        return next_open(facts.breached_at, calendar) if facts.breached_at else None
    if facts.stopped_at is not None or facts.cancelled_at is not None:
        return None
    wanted = (n for n in range(told, len(THRESHOLDS)) if n == BREACH or THRESHOLDS[n] in policy.thresholds)
    rung = next(wanted, None)
    passed_at = rung_at(facts, calendar, policy, rung) if rung is not None else None
    return passed_at if passed_at is None or rung == BREACH else next_open(passed_at, calendar)


def is_owed(facts: Facts, told: int) -> bool:
    """Was the breach kept, and the step before it the last that was told?"""
    return facts.breached_at is not None and told <= BREACH


def climb(facts: Facts, calendar: Calendar, desk: Calendar, policy: PolicyRules, told: int, now: datetime) -> Climb:
    """Say what has to be kept and told of a clock at `now`. desk: the hours of those who are told.

    While the desk is closed a breach is kept and its notice waits, as does any other.
    """
    opens_at = next_open(now, desk)
    is_open = opens_at == now
    if is_owed(facts, told):
        step = "breach" if "breach" in policy.thresholds else None
        return Climb(BREACH + 1, step) if is_open else Climb(told, look_at=opens_at)
    behind = passed(facts, calendar, policy, told, now)
    is_breach = facts.breached_at is None and told <= BREACH < behind
    if not is_open:
        ahead = rung_at(facts, calendar, policy, BREACH) if behind <= BREACH else None
        return Climb(BREACH if is_breach else told, None, is_breach, earliest([opens_at, ahead]))
    steps = [name for name in THRESHOLDS[told:behind] if name in policy.thresholds]
    if behind > BREACH:
        steps = [name for name in steps if name not in PERCENTS]
    return Climb(behind, steps[-1] if steps else None, is_breach)


def passed(facts: Facts, calendar: Calendar, policy: PolicyRules, told: int, now: datetime) -> int:
    """How many steps of the ladder lie behind a clock at `now`, up to the one that is to be told next.

    Warnings that were overtaken lapse: only the highest is told, and none after the deadline. The breach and the levels
    after it are told one by one, however late. Nothing lies behind a clock that has ended.
    """
    count = told
    if facts.stopped_at is not None or facts.cancelled_at is not None:
        return count
    for rung in range(told, len(THRESHOLDS)):
        at = rung_at(facts, calendar, policy, rung)
        if at is None or at >= now:
            break
        count = rung + 1
        if rung >= BREACH and THRESHOLDS[rung] in policy.thresholds:
            break
    return count


def told_of(told: int | None, warned_at: datetime | None, breached_at: datetime | None) -> int:
    """How many steps of the ladder were told; clocks from before the ladder kept only two instants."""
    if told is not None:
        return told
    return BREACH + 1 if breached_at is not None else SOON + 1 if warned_at is not None else 0


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _by(at: datetime | None, limit: datetime) -> datetime | None:
    return at if at is not None and at <= limit else None
