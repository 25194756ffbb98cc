"""Looking back: a clock at any past moment, and the line of everything that happened to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from app.calendars.queries import calendar_of
from app.kernel.database import db
from app.people.queries import names
from app.sla import rules
from app.sla.changes import STORED, written
from app.sla.models import Clock, ClockChange, ClockNotice, ClockPause
from app.sla.replay_rules import Change, Past, Rest, past


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything kept of one clock."""

    clock: Clock
    changes: tuple[Change, ...]
    rests: tuple[Rest, ...]

    def at(self, at: datetime) -> Past:
        return past(self.clock.started_at, self._stored(), self.changes, self.rests, at)

    def now(self) -> Past:
        """As the clock's own row has it."""
        return past(self.clock.started_at, self._stored(), (), self.rests, datetime.max.replace(tzinfo=UTC))

    def _stored(self) -> dict[str, Any]:
        return {name: written(getattr(self.clock, name)) for name in STORED}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a clock. kind: start, pause, resume, stop, cancel, reopen, retarget, rerun or a step of
    the ladder. values: what it changed, for the sentence."""

    at: datetime
    kind: str
    who: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stored deadline that does not follow from the events."""

    clock_id: int
    at: datetime
    stored: datetime | None
    computed: datetime | None


def kept(clock_ids: Iterable[int]) -> list[Kept]:
    """These clocks with their changes and pauses, in three queries."""
    wanted = list(clock_ids)
    clocks = db.session.scalars(select(Clock).where(Clock.id.in_(wanted)).order_by(Clock.id)).all()
    changes: dict[int, list[Change]] = {}
    for row in db.session.scalars(select(ClockChange).where(ClockChange.clock_id.in_(wanted)).order_by(ClockChange.id)):
        changes.setdefault(row.clock_id, []).append(Change(row.at, row.kind, row.before, row.after))
    rests: dict[int, list[Rest]] = {}
    for pause in db.session.scalars(select(ClockPause).where(ClockPause.clock_id.in_(wanted)).order_by(ClockPause.id)):
        rests.setdefault(pause.clock_id, []).append(Rest(pause.from_at, pause.to_at, pause.reason == "resolved"))
    return [Kept(clock, tuple(changes.get(clock.id, ())), tuple(rests.get(clock.id, ()))) for clock in clocks]


def state_at(clock_id: int, at: datetime) -> rules.State | None:
    """What a clock showed at a past moment; None when there is no such clock, or it had not begun."""
    found = kept([clock_id])
    if not found or found[0].clock.started_at > at:
        return None
    then = found[0].at(at)
    return rules.state(then.facts, calendar_of(then.calendar_version_id), at)


def disagreements(clock_ids: Iterable[int]) -> list[Disagreement]:
    """Every stored deadline, after each change and now, that the events do not give; empty when all is well.

    Imported history keeps the deadlines of its file and is not asked.
    """
    found = []
    for one in kept(clock_ids):
        if one.clock.historic:
            continue
        moments = [change.at for index, change in enumerate(one.changes) if _is_last(one.changes, index)]
        for at in [*moments, None]:
            then = one.at(at) if at is not None else one.now()
            ends = rules.deadline(then.facts, calendar_of(then.calendar_version_id))
            if ends.due_at != then.stored_due_at:
                found.append(Disagreement(one.clock.id, at or one.clock.started_at, then.stored_due_at, ends.due_at))
    return found


def _is_last(changes: tuple[Change, ...], index: int) -> bool:
    """The last of several changes at one instant; between them nobody could look."""
    return index + 1 == len(changes) or changes[index + 1].at > changes[index].at


def lines_of(clock_ids: Iterable[int]) -> dict[int, list[Line]]:
    """What happened to these clocks, by clock, in the order of time."""
    wanted = list(clock_ids)
    found: dict[int, list[tuple[datetime, str, int | None, str, dict[str, Any]]]] = {}
    for clock in db.session.scalars(select(Clock).where(Clock.id.in_(wanted))):
        found[clock.id] = [(clock.started_at, "start", None, "", {"target_seconds": clock.target_seconds})]
    for row in db.session.scalars(select(ClockChange).where(ClockChange.clock_id.in_(wanted)).order_by(ClockChange.id)):
        if row.kind != "pause":
            found[row.clock_id].append((row.at, row.kind, row.actor_id, row.actor, {**row.after, "before": row.before}))
    for pause in db.session.scalars(
        select(ClockPause)
        .where(ClockPause.clock_id.in_(wanted), ClockPause.reason != "resolved")
        .order_by(ClockPause.id)
    ):
        values = {"reason": pause.reason, "limit_at": pause.limit_at, "approved_at": pause.approved_at}
        found[pause.clock_id].append((pause.from_at, "pause", pause.actor_id, "", values))
    for notice in db.session.scalars(
        select(ClockNotice).where(ClockNotice.clock_id.in_(wanted)).order_by(ClockNotice.id)
    ):
        found[notice.clock_id].append((notice.at, notice.threshold, None, "", {}))
    called = names(line[2] for lines in found.values() for line in lines)
    return {
        clock_id: [
            Line(at, kind, called.get(who or 0, actor if not actor.startswith("EM-") else ""), values)
            for at, kind, who, actor, values in sorted(lines, key=lambda line: line[0])
        ]
        for clock_id, lines in found.items()
    }
