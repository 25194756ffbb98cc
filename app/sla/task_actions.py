"""Clocks that belong to something beside the case: a promise, an exception, a task for another team or a supplier; and long pauses.

Each of these may move what is due next of its case; the rooms above are told through `hooks.on_moved`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.people.permissions import require
from app.people.queries import supervisors_for
from app.sla import hooks, queries
from app.sla.actions import CANCELLED, RESUMED, STARTED, STOPPED, apply
from app.sla.changes import Deed, end_pause, listed, open_pause, recompute, written
from app.sla.models import Clock, ClockPause
from app.sla.notice_words import REST_ENDED
from app.sla.target_rules import Target, Traits, target_of

APPROVED = audit.declare("clock:approve-pause", "milestones", "reason", sentence=_l("let the clocks rest for longer"))
LIMIT = rule("pause-limit")
TASKS = ("ola", "uc")
TASK_SECONDS_MAX = 366 * 86_400


class NothingRests(Refusal):
    """No pause of this case waits for a supervisor's word."""

    code = "nothing-rests"
    sentence = _l("No clock of this case rests, or its pause is approved already.")


def start_clock(
    *,
    case_id: int,
    milestone: str,
    subject: str,
    site_id: int,
    team_id: int | None,
    owner_id: int | None,
    severity: int,
    started_at: datetime,
    actor: Actor,
    now: datetime,
    seconds: int | None = None,
    label: str | None = None,
) -> datetime | None:
    """Start one clock for a record of a case, in the site's newest hours; returns when it is due.

    seconds: how long, in the clock's own time; None takes the policy's target, and starts nothing where there is none.
    """
    with transaction():
        lock([case_id])
        place = {"site_id": site_id, "team_id": team_id, "owner_id": owner_id, "severity": severity}
        record = {"milestone": milestone, "subject": subject, "label": label}
        clock = begin(case_id, {**place, **record}, started_at, seconds)
        if clock is None:
            return None
        deed = Deed(case_id, actor, now)
        record_start(deed, clock)
        moved(deed)
        return clock.due_at


def begin(
    case_id: int,
    place: dict[str, Any],
    started_at: datetime,
    seconds: int | None,
    *,
    default_seconds: int | None = None,
) -> Clock | None:
    """Write a clock for a record, inside a deed; None where neither `seconds` nor the policy nor a default gives it time."""
    policy_id, hours_id, _packs = queries.versions_for_start(place["site_id"])
    policy = queries.policy(policy_id)
    seconds = seconds or _target_seconds(policy.targets, case_id, place) or default_seconds
    if seconds is None:
        return None
    clock = Clock(
        case_id=case_id,
        case_ref=ref("case", case_id),
        policy_version_id=policy_id,
        calendar_version_id=hours_id if policy.rules.of(place["milestone"]).time == "working" else None,
        target_seconds=seconds,
        started_at=started_at,
        historic=False,
        version=0,
        **place,
    )
    clock.pauses = []
    db.session.add(clock)
    recompute(clock)
    return clock


def _target_seconds(targets: Iterable[Target], case_id: int, place: dict[str, Any]) -> int | None:
    """The policy's target; what the case is like is asked only where a line of this milestone names it."""
    lines = [line for line in targets if line.milestone == place["milestone"]]
    traits = traits_of(case_id) if any(line.segment or line.channel for line in lines) else (None, None)
    found = target_of(lines, place["milestone"], Traits(place["severity"], *traits, site_id=place["site_id"]))
    return found.seconds if found else None


def traits_of(case_id: int) -> tuple[str | None, str | None]:
    """Segment and channel of a case, as far as they are known."""
    return hooks.traits_of([case_id]).get(case_id, (None, None)) if hooks.traits_of else (None, None)


def record_start(deed: Deed, clock: Clock) -> None:
    deed.record(
        STARTED,
        [clock],
        severity=clock.severity,
        clocks=[[clock.milestone, written(clock.due_at)]],
        historic=False,
        policy_version=clock.policy_version_id,
        calendar_version=clock.calendar_version_id,
    )


def end_clock(
    *, case_id: int, subject: str, at: datetime, actor: Actor, now: datetime, cancelled: bool = False
) -> None:
    """The record was done at `at`, or is no longer asked for; nothing happens when its clock has ended already."""
    with transaction():
        lock([case_id])
        deed = Deed(case_id, actor, now)
        if end(deed, subject, at, cancelled=cancelled):
            deed.tell()
            moved(deed)


def end(deed: Deed, subject: str, at: datetime, *, cancelled: bool) -> bool:
    """End the open clocks of a record, inside a deed; False when there was none."""
    ending = [clock for clock in deed.clocks if clock.subject == subject and clock.is_open]
    for clock in ending:
        with deed.change(clock, "cancel" if cancelled else "stop", until=at):
            end_pause(clock, at)
            clock.stopped_at, clock.cancelled_at = (None, at) if cancelled else (at, None)
    if ending:
        milestones = [clock.milestone for clock in ending]
        late = [clock.milestone for clock in ending if clock.breached_at is not None]
        if cancelled:
            deed.record(CANCELLED, ending, milestones=milestones)
        else:
            deed.record(STOPPED, ending, milestones=milestones, late=late, stopped_at=written(at))
    return bool(ending)


def hand_over(*, case_id: int, subject: str, team_id: int | None, owner_id: int | None) -> None:
    """Tell a record's clock who keeps it now, inside the deed that changed it."""
    for clock in db.session.scalars(select(Clock).where(Clock.case_id == case_id, Clock.subject == subject)):
        clock.team_id, clock.owner_id = team_id, owner_id
        clock.version += 1


def ask_task(
    *,
    case_id: int,
    kind: str,
    what: str,
    seconds: int | None,
    team_id: int | None,
    owner_id: int | None,
    site_id: int,
    severity: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Ask another team (ola) or a supplier (uc) to do something for a case. Raises BadInput.

    what: for whom and what, one line. seconds: None takes the policy's target.
    """
    require(actor, "cases.write", site_id=site_id)
    if kind not in TASKS:
        raise BadInput({"kind": [_("Choose who does it.")]})
    if not 3 <= len(what.strip()) <= 160:
        raise BadInput({"what": [_("Say in 3 to 160 characters what has to be done.")]})
    if seconds is not None and not 60 <= seconds <= TASK_SECONDS_MAX:
        raise BadInput({"time": [_("Give a time from 1 minute to 366 days.")]})
    with transaction():
        number = sum(1 for clock in Deed(case_id, actor, now).clocks if clock.milestone in TASKS) + 1
        due_at = start_clock(
            case_id=case_id,
            milestone=kind,
            subject=f"{kind}:{number}",
            site_id=site_id,
            team_id=team_id,
            owner_id=owner_id,
            severity=severity,
            started_at=now,
            seconds=seconds,
            label=what.strip(),
            actor=actor,
            now=now,
        )
        if due_at is None:
            raise BadInput({"time": [_("There is no target for this task. Say how long it may take.")]})


def finish(*, clock_id: int, actor: Actor, now: datetime) -> str:
    """A task was done, or a customer was followed up; returns the case's reference. Other clocks end by their own deeds."""
    with transaction():
        clock = db.session.get(Clock, clock_id)
        if clock is None or clock.milestone not in (*TASKS, "follow_up"):
            raise NotFound
        require(actor, "cases.write", site_id=clock.site_id)
        lock([clock.case_id])
        deed, event = Deed(clock.case_id, actor, now), "followed_up" if clock.milestone == "follow_up" else "done"
        ending = [one for one in deed.clocks if one.id == clock_id and one.is_open]
        for one in ending:
            with deed.change(one, "stop"):
                end_pause(one, now)
                one.stopped_at = now
        if ending:
            late = [one.milestone for one in ending if one.breached_at is not None]
            deed.record(STOPPED, ending, milestones=[clock.milestone], late=late, stopped_at=written(now))
            apply(deed, event, lambda: traits_of(clock.case_id), subject=clock.subject)
        deed.tell()
        moved(deed)
        return clock.case_ref


def approve_pause(*, case_id: int, site_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """A supervisor lets the clocks of a case rest for as long as it takes. Raises NothingRests."""
    require(actor, "clocks.approve", site_id=site_id)
    if len(reason.strip()) < 3:
        raise BadInput({"reason": [_("Say why the clocks may rest.")]})
    with transaction():
        deed = Deed(case_id, actor, now)
        resting = [
            clock for clock in deed.clocks if (held := open_pause(clock)) is not None and held.limit_at is not None
        ]
        if not resting:
            raise NothingRests
        for clock in resting:
            held = open_pause(clock)
            assert held is not None
            held.limit_at, held.approved_by_id, held.approved_at = None, actor.id, now
        deed.record(APPROVED, resting, milestones=[clock.milestone for clock in resting], reason=reason.strip())


def end_long_pauses(*, now: datetime, limit: int) -> int:
    """Let clocks run on whose pause has lasted too long without a supervisor's word; returns how many cases."""
    late = (
        select(Clock.case_id)
        .join(ClockPause, ClockPause.clock_id == Clock.id)
        .where(ClockPause.limit_at <= now, ClockPause.to_at.is_(None), ClockPause.limit_at.is_not(None))
        .distinct()
        .limit(limit)
    )
    case_ids = list(db.session.scalars(late))
    return sum(_end_long_pause(case_id, now) for case_id in case_ids)


def _end_long_pause(case_id: int, now: datetime) -> int:
    with transaction():
        lock([case_id])
        deed = Deed(case_id, LIMIT, now)
        over = [clock for clock in deed.clocks if _is_over(clock, now)]
        for clock in over:
            with deed.change(clock, "resume"):
                end_pause(clock, now)
        if not over:
            return 0
        deed.record(RESUMED, over, clocks=listed(over))
        deed.tell()
        first = over[0]
        notify(
            employee_ids=[first.owner_id, *supervisors_for(first.site_id, first.team_id)[:1]],
            kind="clock:rest-ended",
            subject=first.case_ref,
            url=f"/cases/{first.case_ref}",
            text_key=REST_ENDED,
            params={"case": first.case_ref},
            at=now,
        )
        moved(deed)
        return 1


def _is_over(clock: Clock, now: datetime) -> bool:
    held = open_pause(clock)
    return clock.is_open and held is not None and held.limit_at is not None and held.limit_at <= now


def lock(case_ids: Sequence[int]) -> None:
    """Lock cases before their clocks, as every deed on a case does, so that two deeds never wait for each other."""
    if hooks.lock_cases is not None:
        hooks.lock_cases(case_ids)


def moved(deed: Deed) -> None:
    """Tell the rooms above what is due next of the case."""
    db.session.flush()
    if deed.clocks:
        for hook in hooks.on_moved:
            hook({deed.clocks[0].case_id: deed.next_due()}, deed.now)
