"""What the deeds on clocks are made of: the clocks of a case under lock, one change with its before and after, its entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.calendars.rules import due
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.time import iso
from app.sla import notice_actions, queries, rules
from app.sla.models import Clock, ClockChange, ClockPause
from app.sla.rules import Facts

_CLOCKS = select(Clock).where(Clock.case_id == bindparam("case_id")).order_by(Clock.id).with_for_update(of=Clock)
# After a wait for the lock PostgreSQL reads the clocks again, but not what was joined to them: there the pauses are a
# second statement. SQLite has the only write lock already, so one is enough.
_OF_CASE = {
    "sqlite": _CLOCKS.options(joinedload(Clock.pauses)),
    "postgresql": _CLOCKS.options(selectinload(Clock.pauses)),
}
STORED = (
    "target_seconds",
    "severity",
    "policy_version_id",
    "calendar_version_id",
    "soon_at",
    "due_at",
    "stopped_at",
    "cancelled_at",
    "breached_at",
)
# Who may rest a clock for as long as it takes.
MAY_REST_LONG = ("supervisor", "manager")


class Deed:
    """The clocks of one case while something is done to them, inside a transaction."""

    def __init__(self, case_id: int, actor: Actor, now: datetime) -> None:
        self.actor, self.now = actor, now
        self.clocks = list(db.session.scalars(_OF_CASE[db.engine.dialect.name], {"case_id": case_id}).unique())
        self._unnoticed: list[Clock] = []

    @contextmanager
    def change(self, clock: Clock, kind: str, *, until: datetime | None = None) -> Iterator[None]:
        """Change a clock: a breach that nobody had seen yet is kept first, then the deadline is worked out again.

        until: when it ended, where that was before now.
        """
        if clock.is_open:
            self._keep_breach(clock, until or self.now)
        before = stored(clock)
        yield
        recompute(clock)
        if clock.stopped_at is not None:
            self._keep_breach(clock, clock.stopped_at)
            look_again(clock, facts_of(clock))
        db.session.add(
            ClockChange(
                clock_id=clock.id,
                at=self.now,
                kind=kind,
                actor_id=self.actor.id,
                actor=self.actor.label,
                before=before,
                after=stored(clock),
            )
        )

    def _keep_breach(self, clock: Clock, at: datetime) -> None:
        """A breach stays, whatever is changed afterwards; it is recorded at the end of the deed."""
        if clock.breached_at is None and clock.due_at is not None and clock.due_at < at:
            clock.breached_at = clock.due_at
            if not clock.historic:
                clock.told = rules.BREACH  # warnings lapse; the sweep tells of the breach, inside working hours
                self._unnoticed.append(clock)

    def rest(self, clock: Clock, reason: str) -> None:
        """Begin a pause; without a supervisor's word it has an end."""
        limit_at = None
        if self.actor.is_person and self.actor.role not in MAY_REST_LONG:
            most = queries.policy(clock.policy_version_id).rules.pause_seconds_max
            limit_at = due(self.now, most, calendar_of(clock.calendar_version_id))
        clock.pauses.append(
            ClockPause(from_at=self.now, to_at=None, reason=reason, actor_id=self.actor.id, limit_at=limit_at)
        )

    def run_on(self, clock: Clock) -> None:
        """Let a stopped clock go on; the time between is a pause, unless its policy counts it. A breach stays."""
        assert clock.stopped_at is not None
        until = max(self.now, clock.stopped_at)
        if clock.milestone != "legal" and not queries.policy(clock.policy_version_id).rules.reopen_counts_gap:
            clock.pauses.append(
                ClockPause(from_at=clock.stopped_at, to_at=until, reason="resolved", actor_id=self.actor.id)
            )
        clock.stopped_at = None

    def tell(self) -> None:
        """Record the breaches that this deed was the first to see."""
        if self._unnoticed:
            db.session.flush()
            fresh, self._unnoticed = self._unnoticed, []
            notice_actions.record_breaches(fresh, now=self.now)

    def record(self, entry: audit.EntryType, about: Sequence[Clock], **said: Any) -> None:
        first = about[0]
        audit.record(
            entry,
            subject=first.case_ref,
            actor=self.actor,
            at=self.now,
            case_id=first.case_id,
            site_id=first.site_id,
            **said,
        )

    def next_due(self) -> datetime | None:
        return rules.earliest(clock.due_at for clock in self.clocks if clock.is_open)


def facts_of(clock: Clock) -> Facts:
    """What the rules need to know of a clock whose pauses are loaded."""
    return Facts(
        clock.target_seconds,
        clock.started_at,
        clock.stopped_at,
        clock.cancelled_at,
        clock.breached_at,
        tuple((pause.from_at, pause.to_at) for pause in clock.pauses),
    )


def recompute(clock: Clock) -> None:
    """Store what follows from the facts: the deadline, and when the sweep has to look again."""
    facts, calendar = facts_of(clock), calendar_of(clock.calendar_version_id)
    ends = rules.deadline(facts, calendar)
    clock.due_at, clock.soon_at = ends.due_at, ends.soon_at
    look_again(clock, facts)
    clock.version += 1


def look_again(clock: Clock, facts: Facts) -> None:
    """Store when the sweep has to look at a clock the next time."""
    clock.next_notice_at = rules.next_notice_at(
        facts,
        calendar_of(clock.calendar_version_id),
        queries.policy(clock.policy_version_id).rules,
        rules.told_of(clock.told, clock.warned_at, clock.breached_at),
        historic=clock.historic,
    )


def stored(clock: Clock) -> dict[str, Any]:
    """The stored values that a change may move, as they are written down."""
    return {name: written(getattr(clock, name)) for name in STORED}


def written(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def open_pause(clock: Clock) -> ClockPause | None:
    return next((pause for pause in clock.pauses if pause.to_at is None), None)


def end_pause(clock: Clock, at: datetime) -> bool:
    """End the open pause of a clock, if there is one."""
    held = open_pause(clock)
    if held is not None:
        held.to_at = max(at, held.from_at)
    return held is not None


def listed(clocks: Iterable[Clock]) -> list[list[str | None]]:
    """For the trail: the open clocks with their deadlines."""
    return [[clock.milestone, written(clock.due_at)] for clock in clocks if clock.is_open]
