"""Deeds on the clocks of a case. The case's own action has checked who may; each deed here is one audit entry per kind.

Every function returns the earliest instant at which an open clock of the case is due, or None.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.sla import queries, rules
from app.sla.changes import Deed, end_pause, listed, open_pause, recompute, written
from app.sla.condition_rules import OF_A_CASE, OF_A_TASK, OF_AN_EXCEPTION
from app.sla.models import Clock, ClockPause
from app.sla.starting import legal_rows, row_of
from app.sla.target_rules import Traits, targets_of

AskTraits = Callable[[], tuple[str | None, str | None]]  # segment and channel of the case
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
CANCELLED = audit.declare("clock:cancel", "milestones", sentence=_l("cancelled a clock"))
PAUSED = audit.declare("clock:pause", "milestones", "reason", sentence=_l("paused the clocks"))
RESUMED = audit.declare("clock:resume", "clocks", sentence=_l("let the clocks run on"))
REOPENED = audit.declare("clock:reopen", "clocks", sentence=_l("let the resolution clock run on"))
RETARGETED = audit.declare("clock:retarget", "severity", "clocks", sentence=_l("changed the targets"))
REASSIGNED = audit.declare("clock:reassign", "team_id", "owner_id", sentence=_l("moved the clocks"))


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
    received_at: datetime | None = None,
    segment: str | None = None,
    channel: str | None = None,
) -> datetime | None:
    """Start a clock for every milestone that begins with a new case and has a target, and for the site's legal packs.

    started_at: when the customer was hit; received_at: when we heard of it (default: the same). Each milestone's policy
    says from which of them, or from now, it counts. stopped: for history, when a milestone was reached.
    """
    anchors = {"occurred": started_at, "received": received_at or started_at, "logged": now}
    place = {"site_id": site_id, "team_id": team_id, "owner_id": owner_id, "severity": severity, "historic": historic}
    with transaction():
        policy_id, calendar_id, packs = queries.versions_for_start(site_id)
        policy = queries.policy(policy_id)
        rows: list[dict[str, Any]] = []
        for milestone, seconds in targets_of(policy.targets, Traits(severity, segment, channel, site_id)).items():
            rule = policy.rules.of(milestone)
            if milestone in OF_A_CASE and "logged" in rule.start:
                hours_id = calendar_id if rule.time == "working" else None
                row = {"policy_version_id": policy_id, "calendar_version_id": hours_id, "milestone": milestone, **place}
                rows.append(row_of(case_id, row, seconds, anchors[rule.anchor], (stopped or {}).get(milestone)))
        if packs and severity > 0 and not historic:
            rows += legal_rows(case_id, place, policy_id, calendar_id, packs, anchors["received"])
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
            clocks=[[row["milestone"], written(row["due_at"])] for row in rows],
            historic=historic,
            policy_version=policy_id,
            calendar_version=calendar_id,
        )
        return rules.earliest(row["due_at"] for row in rows if row["stopped_at"] is None)


def happened(
    *,
    case_id: int,
    event: str,
    actor: Actor,
    now: datetime,
    segment: str | None = None,
    channel: str | None = None,
    rest: str | None = None,
    subject: str | None = None,
) -> datetime | None:
    """Something happened to a case: do what each clock's policy says about it (stop, cancel, reset, run on, rest, start).

    rest: the reason to wait that begins with it. subject: the record that it happened to; the clocks of others don't hear
    of it, and while another exception waits nothing runs on that rests for an approval.
    """
    with transaction():
        deed = Deed(case_id, actor, now)
        apply(deed, event, lambda: (segment, channel), rest=rest, subject=subject)
        deed.tell()
        return deed.next_due()


def apply(
    deed: Deed,
    event: str,
    traits: AskTraits,
    *,
    rest: str | None = None,
    subject: str | None = None,
) -> None:
    """What `happened` does, inside a deed on these clocks. traits: segment and channel, asked where a clock starts."""
    own = [clock for clock in deed.clocks if clock.subject is None]
    told = [clock for clock in deed.clocks if _hears(clock, event, subject)]
    waiting = [clock for clock in deed.clocks if clock not in told and clock.milestone == "approval" and clock.is_open]
    by_rule = [(clock, queries.policy(clock.policy_version_id).rules.of(clock.milestone)) for clock in told]
    again = [clock for clock, rule in by_rule if event in rule.reset and clock.is_open]
    _cancel(deed, [clock for clock, rule in by_rule if event in rule.cancel])
    _stop(deed, [clock for clock, rule in by_rule if event in rule.stop or event in rule.reset], deed.now)
    if event != "exception_decided" or not waiting:
        _run_on(deed, [clock for clock, rule in by_rule if event in rule.resume], reopened=event == "reopened")
    if rest:
        _rest(deed, [clock for clock in told if clock.subject is None or clock.subject != subject], rest)
    if own:
        _start_more(deed, own[0], event, traits, again)


def stop(*, case_id: int, milestone: str, at: datetime, actor: Actor, now: datetime) -> datetime | None:
    """A milestone was reached at `at`; nothing happens when its clock has ended already."""
    with transaction():
        deed = Deed(case_id, actor, now)
        _stop(deed, [clock for clock in deed.clocks if clock.milestone == milestone], at)
        deed.tell()
        return deed.next_due()


def stop_all(*, case_id: int, at: datetime, actor: Actor, now: datetime) -> datetime | None:
    """The case was resolved: every open clock ends, and none is due any more."""
    with transaction():
        deed = Deed(case_id, actor, now)
        _stop(deed, deed.clocks, at)
        deed.tell()
        return deed.next_due()


def pause(*, case_id: int, reason: str, actor: Actor, now: datetime) -> datetime | None:
    """Hold the clocks that this reason to wait stops under their policy; the others run on.

    A pause that no supervisor made or approved ends by itself after the time that the policy says.
    """
    with transaction():
        deed = Deed(case_id, actor, now)
        _rest(deed, deed.clocks, reason)
        deed.tell()
        return deed.next_due()


def resume(*, case_id: int, actor: Actor, now: datetime) -> datetime | None:
    """Let held clocks run on; what had elapsed before the pause still counts."""
    with transaction():
        deed = Deed(case_id, actor, now)
        _run_on(deed, deed.clocks)
        deed.tell()
        return deed.next_due()


def reopen(*, case_id: int, actor: Actor, now: datetime) -> datetime | None:
    """Let the resolution clock run on from what had elapsed: the time between was a pause. A breach stays."""
    return happened(case_id=case_id, event="reopened", actor=actor, now=now)


def retarget(
    *,
    case_id: int,
    severity: int,
    actor: Actor,
    now: datetime,
    segment: str | None = None,
    channel: str | None = None,
) -> datetime | None:
    """Give the open clocks the targets of another severity, from the same start: what has elapsed is kept.

    The policy version stays the one the case began with. A milestone that the severity lacks is cancelled until
    a severity has it again; one that is new starts where the others did.
    """
    with transaction():
        deed = Deed(case_id, actor, now)
        own = [clock for clock in deed.clocks if clock.subject is None]
        if not own:
            return deed.next_due()
        policy = queries.policy(own[0].policy_version_id)
        wanted = targets_of(policy.targets, Traits(severity, segment, channel, own[0].site_id))
        missing = {
            name: s for name, s in wanted.items() if name in OF_A_CASE and "logged" in policy.rules.of(name).start
        }
        for clock in own:
            seconds = wanted.get(clock.milestone)
            missing.pop(clock.milestone, None)
            if clock.stopped_at is None:
                with deed.change(clock, "retarget"):
                    _aim(clock, seconds, severity, now)
        deed.clocks += [_another(deed, own[0], name, seconds, severity) for name, seconds in missing.items()]
        deed.record(RETARGETED, own, severity=severity, clocks=listed(deed.clocks))
        deed.tell()
        return deed.next_due()


def reassign(
    *,
    case_id: int,
    team_id: int | None,
    owner_id: int | None,
    actor: Actor,
    now: datetime,
    site_id: int | None = None,
) -> datetime | None:
    """Tell the clocks who is responsible now; deadlines stay, also at another site. A task keeps its own department."""
    with transaction():
        deed = Deed(case_id, actor, now)
        own = [clock for clock in deed.clocks if clock.subject is None or clock.milestone == "legal"]
        for clock in own:
            clock.team_id, clock.owner_id = team_id, owner_id
            clock.site_id = site_id or clock.site_id
            clock.version += 1
        if own:
            deed.record(REASSIGNED, own, team_id=team_id, owner_id=owner_id)
        return deed.next_due()


def _stop(deed: Deed, ending: Iterable[Clock], at: datetime) -> None:
    ended = [clock for clock in ending if clock.is_open]
    for clock in ended:
        with deed.change(clock, "stop", until=at):
            end_pause(clock, at)
            clock.stopped_at = at
    if ended:
        late = [clock.milestone for clock in ended if clock.breached_at is not None]
        deed.record(STOPPED, ended, milestones=[clock.milestone for clock in ended], late=late, stopped_at=iso(at))


def _rest(deed: Deed, clocks: Iterable[Clock], reason: str) -> None:
    held = [clock for clock in clocks if clock.is_open and _rests_for(clock, reason) and open_pause(clock) is None]
    for clock in held:
        with deed.change(clock, "pause"):
            deed.rest(clock, reason)
    if held:
        deed.record(PAUSED, held, milestones=[c.milestone for c in held], reason=reason)


def _cancel(deed: Deed, ending: Iterable[Clock]) -> None:
    ended = [clock for clock in ending if clock.is_open]
    for clock in ended:
        with deed.change(clock, "cancel"):
            end_pause(clock, deed.now)
            clock.cancelled_at = deed.now
    if ended:
        deed.record(CANCELLED, ended, milestones=[clock.milestone for clock in ended])


def _run_on(deed: Deed, clocks: Sequence[Clock], *, reopened: bool = False) -> None:
    resting = [clock for clock in clocks if clock.is_open and open_pause(clock) is not None]
    stopped = [clock for clock in clocks if reopened and clock.stopped_at is not None]
    for clock in resting:
        with deed.change(clock, "resume"):
            end_pause(clock, deed.now)
    for clock in stopped:
        with deed.change(clock, "reopen"):
            deed.run_on(clock)
    if resting:
        deed.record(RESUMED, resting, clocks=listed(resting))
    if stopped:
        deed.record(REOPENED, stopped, clocks=listed(stopped))


def _start_more(deed: Deed, first: Clock, event: str, traits: AskTraits, again: list[Clock]) -> None:
    """Start what the policy starts at this event, and begin anew what was reset; both count from now."""
    policy = queries.policy(first.policy_version_id)
    running = {clock.milestone for clock in deed.clocks if clock.is_open}
    names = [name for name in OF_A_CASE if event in policy.rules.of(name).start and event != "logged"]
    names = [name for name in dict.fromkeys([*names, *(clock.milestone for clock in again)]) if name not in running]
    if not names:
        return
    wanted = targets_of(policy.targets, Traits(first.severity, *traits(), first.site_id))
    fresh = [_another(deed, first, name, wanted[name], first.severity, at=deed.now) for name in names if name in wanted]
    if fresh:
        deed.clocks += fresh
        deed.record(
            STARTED,
            fresh,
            severity=first.severity,
            clocks=listed(fresh),
            historic=first.historic,
            policy_version=first.policy_version_id,
            calendar_version=fresh[0].calendar_version_id,
        )


def _hears(clock: Clock, event: str, subject: str | None) -> bool:
    """What happens to one exception doesn't concern the clock of another, nor the end of one task the other tasks."""
    if event in OF_AN_EXCEPTION:
        return clock.milestone != "approval" or clock.subject == subject
    return event not in OF_A_TASK or clock.subject in (None, subject) or clock.milestone == "legal"


def _rests_for(clock: Clock, reason: str) -> bool:
    return reason in queries.policy(clock.policy_version_id).rules.of(clock.milestone).pause


def _aim(clock: Clock, seconds: int | None, severity: int, now: datetime) -> None:
    if seconds is None:
        end_pause(clock, now)
        clock.cancelled_at = clock.cancelled_at or now
    else:
        clock.target_seconds, clock.severity, clock.cancelled_at = seconds, severity, None


def _another(
    deed: Deed, first: Clock, milestone: str, seconds: int, severity: int, *, at: datetime | None = None
) -> Clock:
    """A clock for a milestone that the case did not have yet, beside the others; from where they began, or from `at`."""
    rule = queries.policy(first.policy_version_id).rules.of(milestone)
    hours_id = next((c.calendar_version_id for c in deed.clocks if c.calendar_version_id is not None), None)
    clock = Clock(
        case_id=first.case_id,
        case_ref=first.case_ref,
        milestone=milestone,
        severity=severity,
        site_id=first.site_id,
        team_id=first.team_id,
        owner_id=first.owner_id,
        policy_version_id=first.policy_version_id,
        calendar_version_id=hours_id if rule.time == "working" else None,
        target_seconds=seconds,
        started_at=at or first.started_at,
        historic=first.historic,
        version=0,
    )
    clock.pauses = [
        ClockPause(from_at=p.from_at, to_at=p.to_at, reason=p.reason, actor_id=p.actor_id)
        for p in first.pauses
        if p.reason in rule.pause and at is None
    ]
    db.session.add(clock)
    recompute(clock)
    return clock
