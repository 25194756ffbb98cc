"""Deeds on the clocks of a case. The case's own action has checked who may; each deed here is one audit entry.

Every function returns the earliest instant at which an open clock of the case is due, or None.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import joinedload, selectinload

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.sla import notice_actions, queries, rules
from app.sla.models import Clock, ClockPause
from app.sla.rules import Facts

STARTED = audit.declare(
    "clock:start",
    "severity",
    "clocks",
    "historic",
    "policy_version",
    "calendar_version",
    sentence=_l("started the clocks"),
)
STOPPED = audit.declare("clock:stop", "milestones", "late", "stopped_at", sentence=_l("stopped a clock"))
PAUSED = audit.declare("clock:pause", "milestones", "reason", sentence=_l("paused the clocks"))
RESUMED = audit.declare("clock:resume", "clocks", sentence=_l("let the clocks run on"))
REOPENED = audit.declare("clock:reopen", "clocks", sentence=_l("let the resolution clock run on"))
RETARGETED = audit.declare("clock:retarget", "severity", "clocks", sentence=_l("changed the targets"))
REASSIGNED = audit.declare("clock:reassign", "team_id", "owner_id", sentence=_l("moved the clocks"))

_CLOCKS = select(Clock).where(Clock.case_id == bindparam("case_id")).order_by(Clock.id).with_for_update(of=Clock)
# After a wait for the lock PostgreSQL reads the clocks again, but not what was joined to them: there the pauses are a
# second statement. SQLite has the only write lock already, so one is enough.
_OF_CASE = {
    "sqlite": _CLOCKS.options(joinedload(Clock.pauses)),
    "postgresql": _CLOCKS.options(selectinload(Clock.pauses)),
}


def start_case_clocks(
    *,
    case_id: int,
    site_id: int,
    team_id: int | None,
    owner_id: int | None,
    severity: int,
    started_at: datetime,
    actor: Actor,
    now: datetime,
    historic: bool = False,
    stopped: Mapping[str, datetime] | None = None,
) -> datetime | None:
    """Start a clock for every milestone that the severity has a target for, in the site's hours.

    stopped: for history, when a milestone was reached, e.g. {"resolve": at}.
    """
    with transaction():
        policy_id, calendar_id = queries.newest_versions(site_id)
        calendar = calendar_of(calendar_id)
        rows: list[dict[str, Any]] = []
        for milestone, seconds in queries.targets(policy_id).get(severity, {}).items():
            stopped_at = (stopped or {}).get(milestone)
            facts = Facts(seconds, started_at, stopped_at=stopped_at)
            ends = rules.deadline(facts, calendar)
            late = stopped_at is not None and rules.is_late(facts, ends.due_at, stopped_at)
            rows.append(
                {
                    "case_id": case_id,
                    "case_ref": ref("case", case_id),
                    "milestone": milestone,
                    "severity": severity,
                    "site_id": site_id,
                    "team_id": team_id,
                    "owner_id": owner_id,
                    "policy_version_id": policy_id,
                    "calendar_version_id": calendar_id,
                    "target_seconds": seconds,
                    "started_at": started_at,
                    "soon_at": ends.soon_at,
                    "due_at": ends.due_at,
                    "stopped_at": stopped_at,
                    "breached_at": ends.due_at if late else None,
                    "next_notice_at": rules.next_notice_at(
                        ends, warned=False, breached=late, open_now=stopped_at is None, historic=historic
                    ),
                    "historic": historic,
                    "version": 1,
                }
            )
        if rows:
            db.session.execute(insert(Clock), rows)
        audit.record(
            STARTED,
            subject=ref("case", case_id),
            actor=actor,
            at=now,
            case_id=case_id,
            site_id=site_id,
            severity=severity,
            clocks=[[row["milestone"], _iso(row["due_at"])] for row in rows],
            historic=historic,
            policy_version=policy_id,
            calendar_version=calendar_id,
        )
        return rules.earliest(row["due_at"] for row in rows if row["stopped_at"] is None)


def stop(*, case_id: int, milestone: str, at: datetime, actor: Actor, now: datetime) -> datetime | None:
    """A milestone was reached at `at`; nothing happens when its clock has ended already."""
    with transaction():
        clocks = _clocks(case_id)
        return _stop(clocks, [clock for clock in clocks if clock.milestone == milestone], at, actor, now)


def stop_all(*, case_id: int, at: datetime, actor: Actor, now: datetime) -> datetime | None:
    """The case was resolved: every open clock ends, and none is due any more."""
    with transaction():
        clocks = _clocks(case_id)
        return _stop(clocks, clocks, at, actor, now)


def pause(*, case_id: int, reason: str, actor: Actor, now: datetime) -> datetime | None:
    """Hold the clocks that this reason to wait stops (customer, third_party, approval); the others run on."""
    with transaction():
        clocks = _clocks(case_id)
        held = [c for c in clocks if c.is_open and c.milestone in rules.PAUSED_BY[reason] and _open_pause(c) is None]
        for clock in held:
            clock.pauses.append(ClockPause(from_at=now, to_at=None, reason=reason, actor_id=actor.id))
            _recompute(clock)
        if held:
            _record(PAUSED, held[0], actor, now, milestones=[c.milestone for c in held], reason=reason)
        return _next_due(clocks)


def resume(*, case_id: int, actor: Actor, now: datetime) -> datetime | None:
    """Let held clocks run on; what had elapsed before the pause still counts."""
    with transaction():
        clocks = _clocks(case_id)
        held = [clock for clock in clocks if clock.is_open and _end_pause(clock, now)]
        for clock in held:
            _recompute(clock)
        if held:
            _record(RESUMED, held[0], actor, now, clocks=_listed(held))
        return _next_due(clocks)


def reopen(*, case_id: int, actor: Actor, now: datetime) -> datetime | None:
    """Let the resolution clock run on from what had elapsed: the time between was a pause. A breach stays."""
    with transaction():
        clocks = _clocks(case_id)
        again = [clock for clock in clocks if clock.milestone == "resolve" and clock.stopped_at is not None]
        for clock in again:
            assert clock.stopped_at is not None
            until = max(now, clock.stopped_at)
            clock.pauses.append(ClockPause(from_at=clock.stopped_at, to_at=until, reason="resolved", actor_id=actor.id))
            clock.stopped_at = None
            _recompute(clock)
        if again:
            _record(REOPENED, again[0], actor, now, clocks=_listed(again))
        return _next_due(clocks)


def retarget(*, case_id: int, severity: int, actor: Actor, now: datetime) -> datetime | None:
    """Give the open clocks the targets of another severity, from the same start: what has elapsed is kept.

    The policy version stays the one the case began with. A milestone that the severity lacks is cancelled until
    a severity has it again; one that is new starts where the others did.
    """
    with transaction():
        clocks = _clocks(case_id)
        if not clocks:
            return None
        wanted = dict(queries.targets(clocks[0].policy_version_id).get(severity, {}))
        for clock in clocks:
            seconds = wanted.pop(clock.milestone, None)
            if clock.stopped_at is not None:
                continue
            if seconds is None:
                _end_pause(clock, now)
                clock.cancelled_at = clock.cancelled_at or now
            else:
                clock.target_seconds, clock.severity, clock.cancelled_at = seconds, severity, None
            _recompute(clock)
        clocks += [_another(clocks[0], milestone, seconds, severity) for milestone, seconds in wanted.items()]
        _record(RETARGETED, clocks[0], actor, now, severity=severity, clocks=_listed(clocks))
        return _next_due(clocks)


def reassign(
    *,
    case_id: int,
    team_id: int | None,
    owner_id: int | None,
    actor: Actor,
    now: datetime,
    site_id: int | None = None,
) -> datetime | None:
    """Tell the clocks who is responsible now; deadlines stay, also at another site."""
    with transaction():
        clocks = _clocks(case_id)
        for clock in clocks:
            clock.team_id, clock.owner_id = team_id, owner_id
            clock.site_id = site_id or clock.site_id
            clock.version += 1
        if clocks:
            _record(REASSIGNED, clocks[0], actor, now, team_id=team_id, owner_id=owner_id)
        return _next_due(clocks)


def _stop(clocks: list[Clock], ending: Iterable[Clock], at: datetime, actor: Actor, now: datetime) -> datetime | None:
    ended = [clock for clock in ending if clock.is_open]
    unnoticed = []
    for clock in ended:
        _end_pause(clock, at)
        clock.stopped_at = at
        _recompute(clock)
        if rules.is_late(facts_of(clock), clock.due_at, at) and clock.breached_at is None:
            clock.breached_at = clock.due_at
            unnoticed += [] if clock.historic else [clock]
    if ended:
        late = [clock.milestone for clock in ended if clock.breached_at is not None]
        milestones = [clock.milestone for clock in ended]
        _record(STOPPED, ended[0], actor, now, milestones=milestones, late=late, stopped_at=iso(at))
    if unnoticed:
        db.session.flush()
        notice_actions.tell(unnoticed, "breach", now=now)
    return _next_due(clocks)


def _clocks(case_id: int) -> list[Clock]:
    return list(db.session.scalars(_OF_CASE[db.engine.dialect.name], {"case_id": case_id}).unique())


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


def _recompute(clock: Clock) -> None:
    ends = rules.deadline(facts_of(clock), calendar_of(clock.calendar_version_id))
    clock.due_at, clock.soon_at = ends.due_at, ends.soon_at
    clock.next_notice_at = rules.next_notice_at(
        ends,
        warned=clock.warned_at is not None,
        breached=clock.breached_at is not None,
        open_now=clock.is_open,
        historic=clock.historic,
    )
    clock.version += 1


def _another(first: Clock, milestone: str, seconds: int, severity: int) -> Clock:
    """A clock for a milestone that the case did not have yet, beside the others."""
    clock = Clock(
        case_id=first.case_id,
        case_ref=first.case_ref,
        milestone=milestone,
        severity=severity,
        site_id=first.site_id,
        team_id=first.team_id,
        owner_id=first.owner_id,
        policy_version_id=first.policy_version_id,
        calendar_version_id=first.calendar_version_id,
        target_seconds=seconds,
        started_at=first.started_at,
        historic=first.historic,
        version=0,
    )
    clock.pauses = [
        ClockPause(from_at=p.from_at, to_at=p.to_at, reason=p.reason, actor_id=p.actor_id)
        for p in first.pauses
        if milestone in rules.PAUSED_BY.get(p.reason, ())
    ]
    db.session.add(clock)
    _recompute(clock)
    return clock


def _open_pause(clock: Clock) -> ClockPause | None:
    return next((pause for pause in clock.pauses if pause.to_at is None), None)


def _end_pause(clock: Clock, at: datetime) -> bool:
    held = _open_pause(clock)
    if held is not None:
        held.to_at = max(at, held.from_at)
    return held is not None


def _next_due(clocks: Iterable[Clock]) -> datetime | None:
    return rules.earliest(clock.due_at for clock in clocks if clock.is_open)


def _listed(clocks: Iterable[Clock]) -> list[list[str | None]]:
    return [[clock.milestone, _iso(clock.due_at)] for clock in clocks if clock.is_open]


def _iso(at: datetime | None) -> str | None:
    return iso(at) if at is not None else None


def _record(entry: audit.EntryType, first: Clock, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry, subject=first.case_ref, actor=actor, at=now, case_id=first.case_id, site_id=first.site_id, **said
    )
