"""The clocks of exceptions that wait for a decision: one for each step, in the hours in which its site is staffed."""

from dataclasses import dataclass
from datetime import datetime

from app.calendars.queries import calendar_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.sla import actions as clocks
from app.sla import hooks, queries, rules
from app.sla import task_actions as tasks
from app.sla.changes import Deed, facts_of
from app.sla.models import Clock


@dataclass(frozen=True, slots=True)
class Answer:
    """When those who are asked are reminded, and by when they have to answer; None while a pause holds the clock."""

    half_at: datetime | None
    due_at: datetime | None


def start_approval(
    *,
    case_id: int,
    subject: str,
    site_id: int,
    team_id: int | None,
    severity: int,
    default_seconds: int,
    is_asked_anew: bool,
    actor: Actor,
    now: datetime,
) -> Answer:
    """An exception waits for those whose turn it is: its clock starts, an earlier one of it ends.

    default_seconds: where the policy has no target. is_asked_anew: the earlier clock is cancelled; otherwise the step
    before was answered, and its clock is met or missed.
    """
    with transaction():
        tasks.end_clock(case_id=case_id, subject=subject, at=now, actor=actor, now=now, cancelled=is_asked_anew)
        place = {"site_id": site_id, "team_id": team_id, "owner_id": None, "severity": severity}
        record = {"milestone": "approval", "subject": subject, "label": subject}
        clock = tasks.begin(
            case_id, {**place, **record}, now.replace(microsecond=0), None, default_seconds=default_seconds
        )
        assert clock is not None, "an approval always has a time"
        deed = Deed(case_id, actor, now)
        tasks.record_start(deed, clock)
        answer = answer_of(clock)
        tasks.moved(deed)
        return answer


def note_asked(*, case_id: int, subject: str, actor: Actor, now: datetime) -> None:
    """An exception was asked for: the clocks do what their policies say about it."""
    _tell(case_id, "exception_asked", subject, actor, now, rest="approval")


def end_approval(*, case_id: int, subject: str, is_withdrawn: bool, actor: Actor, now: datetime) -> None:
    """An exception was decided, taken back or has expired: its clock ends, and the others do what their policies say."""
    with transaction():
        tasks.end_clock(case_id=case_id, subject=subject, at=now, actor=actor, now=now, cancelled=is_withdrawn)
        _tell(case_id, "exception_decided", subject, actor, now)


def answer_of(clock: Clock) -> Answer:
    """Both instants, by the function that gives every clock its deadline."""
    half = rules.rung_at(
        facts_of(clock),
        calendar_of(clock.calendar_version_id),
        queries.policy(clock.policy_version_id).rules,
        rules.HALF,
    )
    return Answer(half, clock.due_at)


def _tell(case_id: int, event: str, subject: str, actor: Actor, now: datetime, *, rest: str | None = None) -> None:
    segment, channel = hooks.traits_of([case_id]).get(case_id, (None, None)) if hooks.traits_of else (None, None)
    with transaction():
        tasks.lock([case_id])
        due = clocks.happened(
            case_id=case_id,
            event=event,
            actor=actor,
            now=now,
            segment=segment,
            channel=channel,
            rest=rest,
            subject=subject,
        )
        db.session.flush()
        for hook in hooks.on_moved:
            hook({case_id: due}, now)
