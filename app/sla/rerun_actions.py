"""Bringing new hours or targets to open cases: asked for with a reason, previewed, made in batches, one entry per case.

Closed cases never move, nor does what was promised to a customer or set by law.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, func, insert, or_, select, update

from app.audit import actions as audit
from app.calendars.models import CalendarVersion
from app.calendars.queries import calendar_of
from app.calendars.rules import Pause
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people.models import Site
from app.people.permissions import require
from app.sla import hooks, notice_actions, queries, rules, task_actions
from app.sla.changes import STORED, written
from app.sla.models import Clock, ClockChange, ClockPause, Rerun
from app.sla.rerun_rules import KINDS, MOVABLE, Aim, Held, Move, move
from app.sla.target_rules import Traits, targets_of

ASKED = audit.declare("rerun:ask", "kind", "reason", "cases", sentence=_l("asked for a re-run of open cases"))
STOPPED = audit.declare("rerun:stop", "looked", "moved", sentence=_l("stopped a re-run"))
FINISHED = audit.declare("rerun:finish", "looked", "moved", sentence=_l("finished a re-run"))
MOVED = audit.declare("clock:rerun", "rerun", "clocks", sentence=_l("brought new hours or targets to the clocks"))
RERUN = rule("sla-rerun")
BATCH = 500
PREVIEW_CASES = 200


class RerunUnderWay(Refusal):
    """Another re-run is not finished yet."""

    code = "rerun-under-way"
    sentence = _l("Another re-run is under way. Wait until it has finished, or stop it.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a re-run would do: open cases it would look at, and what happens to the first of them."""

    case_count: int
    looked_count: int
    moves: tuple[Move, ...]


def preview(kind: str, *, now: datetime) -> Preview:
    """Say what a re-run would do, from all open cases that it would look at and the first PREVIEW_CASES; writes nothing."""
    aims = _Aims(kind)
    count = db.session.scalar(select(func.count(Clock.case_id.distinct())).where(*aims.wanted())) or 0
    case_ids = _next_cases(aims, 0, PREVIEW_CASES)
    moves = tuple(one for one in _moves(case_ids, aims, now) if one.is_moved)
    return Preview(count, len(case_ids), moves)


def ask(*, kind: str, reason: str, actor: Actor, now: datetime) -> int:
    """Ask for a re-run and return its id; a job makes it. Raises BadInput or RerunUnderWay."""
    require(actor, "settings.write")
    if kind not in KINDS:
        raise BadInput({"kind": [_("Choose what open cases should follow.")]})
    if not 3 <= len(reason.strip()) <= 500:
        raise BadInput({"reason": [_("Say why, in 3 to 500 characters.")]})
    with transaction():
        if db.session.scalar(select(Rerun.id).where(Rerun.state == "waiting").limit(1)) is not None:
            raise RerunUnderWay
        count = db.session.scalar(select(func.count(Clock.case_id.distinct())).where(*_Aims(kind).wanted())) or 0
        rerun = Rerun(
            kind=kind, reason=reason.strip(), asked_by_id=actor.id, asked_at=now, state="waiting", case_count=count,
            looked_count=0, moved_count=0, last_case_id=0,
        )  # fmt: skip
        db.session.add(rerun)
        db.session.flush()
        audit.record(
            ASKED, subject=ref("rerun", rerun.id), actor=actor, at=now, kind=kind, reason=reason.strip(), cases=count
        )
        return rerun.id


def stop(*, rerun_id: int, actor: Actor, now: datetime) -> None:
    """Stop a re-run that is under way; what it has moved stays moved."""
    require(actor, "settings.write")
    with transaction():
        rerun = db.session.get(Rerun, rerun_id, with_for_update=True)
        if rerun is None:
            raise NotFound
        if rerun.state == "waiting":
            _end(rerun, "stopped", STOPPED, actor, now)


def run_waiting(*, now: datetime, limit: int = BATCH) -> int:
    """Make one batch of the re-run that waits; returns how many cases it looked at. May run twice or in two processes."""
    if db.session.scalar(select(Rerun.id).where(Rerun.state == "waiting").limit(1)) is None:
        return 0
    with transaction():
        rerun = db.session.scalar(
            select(Rerun).where(Rerun.state == "waiting").order_by(Rerun.id).limit(1).with_for_update(skip_locked=True)
        )
        if rerun is None:
            return 0
        aims = _Aims(rerun.kind)
        case_ids = _next_cases(aims, rerun.last_case_id, limit)
        if not case_ids:
            _end(rerun, "done", FINISHED, RERUN, now)
            return 0
        task_actions.lock(case_ids)
        moves = _moves(case_ids, aims, now, lock=True)
        _store(moves, rerun.id, now)
        rerun.looked_count += len(case_ids)
        rerun.moved_count += len({one.held.case_id for one in moves if one.is_moved})
        rerun.last_case_id = case_ids[-1]
        return len(case_ids)


def _end(rerun: Rerun, state: str, entry: audit.EntryType, actor: Actor, now: datetime) -> None:
    rerun.state, rerun.finished_at = state, now
    audit.record(
        entry, subject=ref("rerun", rerun.id), actor=actor, at=now, looked=rerun.looked_count, moved=rerun.moved_count
    )


class _Aims:
    """What open clocks would count by, worked out once per batch."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.policy_id = queries.newest_policy()[0]
        self.policy = queries.policy(self.policy_id)
        newest = select(func.max(CalendarVersion.id)).group_by(CalendarVersion.calendar_id)
        rows = db.session.execute(
            select(Site.id, CalendarVersion.id)
            .join(CalendarVersion, CalendarVersion.calendar_id == Site.calendar_id)
            .where(CalendarVersion.id.in_(newest))
        )
        self.hours: dict[int, int] = {row[0]: row[1] for row in rows}

    def wanted(self) -> list[Any]:
        """Open clocks that count by something older; around-the-clock ones have no hours that could change."""
        old_hours = [
            and_(
                Clock.site_id == site_id,
                Clock.calendar_version_id.is_not(None),
                Clock.calendar_version_id != version_id,
            )
            for site_id, version_id in self.hours.items()
        ]
        old_targets = [Clock.policy_version_id.is_distinct_from(self.policy_id)]
        parts = {"hours": old_hours, "targets": old_targets, "both": [*old_hours, *old_targets]}[self.kind]
        return [
            Clock.stopped_at.is_(None),
            Clock.cancelled_at.is_(None),
            ~Clock.historic,
            Clock.milestone.in_(MOVABLE),
            or_(False, *parts),
        ]

    def of(self, held: Held, traits: tuple[str | None, str | None]) -> Aim:
        hours_id, policy_id, seconds = held.calendar_version_id, held.policy_version_id, held.target_seconds
        found: int | None = seconds
        if self.kind != "hours":
            policy_id = self.policy_id
            wall = self.policy.rules.of(held.milestone).time == "wall"
            hours_id = None if wall else hours_id or self.hours.get(held.site_id)
            wanted = targets_of(self.policy.targets, Traits(held.severity, *traits, held.site_id))
            # A task or a request was given its own time; it keeps that when the policy has none.
            found = wanted.get(held.milestone, seconds if held.milestone in ("approval", "ola", "uc") else None)
        if self.kind != "targets" and hours_id is not None:
            hours_id = self.hours.get(held.site_id, hours_id)
        return Aim(found, policy_id, hours_id, calendar_of(hours_id), queries.policy(policy_id).rules)


_COLUMNS = tuple(getattr(Clock, name) for name in Held.__dataclass_fields__)


def _next_cases(aims: _Aims, after: int, limit: int) -> list[int]:
    wanted = select(Clock.case_id).where(Clock.case_id > after, *aims.wanted()).distinct()
    return list(db.session.scalars(wanted.order_by(Clock.case_id).limit(limit)))


def _moves(case_ids: Sequence[int], aims: _Aims, now: datetime, *, lock: bool = False) -> list[Move]:
    if not case_ids:
        return []
    wanted: Select[Any] = select(*_COLUMNS).where(Clock.case_id.in_(case_ids), *aims.wanted()).order_by(Clock.id)
    held = [Held(*row) for row in db.session.execute(wanted.with_for_update() if lock else wanted)]
    pauses: dict[int, list[Pause]] = {}
    rows = db.session.execute(
        select(ClockPause.clock_id, ClockPause.from_at, ClockPause.to_at)
        .join(Clock, Clock.id == ClockPause.clock_id)
        .where(Clock.case_id.in_(case_ids))
        .order_by(ClockPause.id)
    )
    for clock_id, from_at, to_at in rows:
        pauses.setdefault(clock_id, []).append((from_at, to_at))
    traits = hooks.traits_of(case_ids) if hooks.traits_of and aims.kind != "hours" else {}
    return [
        move(one, tuple(pauses.get(one.id, ())), aims.of(one, traits.get(one.case_id, (None, None))), now)
        for one in held
    ]


def _store(moves: Sequence[Move], rerun_id: int, now: datetime) -> None:
    if not moves:
        return
    db.session.execute(update(Clock), [one.values for one in moves])
    ended = [one.held.id for one in moves if one.values["cancelled_at"] is not None]
    if ended:
        db.session.execute(
            update(ClockPause)
            .where(ClockPause.clock_id.in_(ended), ClockPause.to_at.is_(None))
            .values(to_at=now)
            .execution_options(synchronize_session=False)
        )
    db.session.execute(insert(ClockChange), [_change(one, now) for one in moves])
    by_case: dict[int, list[Move]] = {}
    for one in moves:
        by_case.setdefault(one.held.case_id, []).append(one)
    audit.record_many([_entry(found, rerun_id) for found in by_case.values()], actor=RERUN, at=now)
    unseen = [one.held for one in moves if one.is_new_breach]
    if unseen:
        notice_actions.record_breaches(unseen, now=now)
    dues = _next_dues(list(by_case))
    for hook in hooks.on_moved:
        hook(dues, now)


def _next_dues(case_ids: Sequence[int]) -> dict[int, datetime | None]:
    rows = db.session.execute(
        select(Clock.case_id, Clock.due_at).where(
            Clock.case_id.in_(case_ids), Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None)
        )
    )
    found: dict[int, list[datetime | None]] = {case_id: [] for case_id in case_ids}
    for case_id, due_at in rows:
        found[case_id].append(due_at)
    return {case_id: rules.earliest(due) for case_id, due in found.items()}


def _change(one: Move, now: datetime) -> dict[str, Any]:
    before = {name: written(getattr(one.held, name, None)) for name in STORED}
    after = {**before, **{name: written(value) for name, value in one.values.items() if name in STORED}}
    return {
        "clock_id": one.held.id,
        "at": now,
        "kind": "rerun",
        "actor_id": None,
        "actor": RERUN.label,
        "before": before,
        "after": after,
    }


def _entry(moves: Sequence[Move], rerun_id: int) -> audit.Entry:
    held = moves[0].held
    said = {
        "rerun": rerun_id,
        "clocks": [[one.held.milestone, written(one.held.due_at), written(one.values["due_at"])] for one in moves],
    }
    return audit.Entry(MOVED, held.case_ref, said, held.case_id, held.site_id)
