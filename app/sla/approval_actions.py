"""The clocks of exceptions that wait for a decision: one for each step, in the hours in which its site is staffed."""

from dataclasses import dataclass
from datetime import datetime

from app.calendars.queries import calendar_of
from app.kernel.actor import Actor
from app.kernel.transactions import transaction
from app.sla import actions as clocks
from app.sla import queries, rules
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
    what: str,
    actor: Actor,
    now: datetime,
) -> Answer:
    """An exception waits for those whose turn it is: its clock starts, an earlier one of it ends.

    what: asked, for the first time, which the other clocks hear of; answered: the step before is, and its clock is met or
    missed; amended: it is asked anew, and its clock is cancelled. default_seconds: where the policy has no target.
    """
    assert what in ("asked", "answered", "amended")
    with transaction():
        tasks.lock([case_id])
        deed = Deed(case_id, actor, now)
        if what == "asked":
            clocks.apply(deed, "exception_asked", lambda: tasks.traits_of(case_id), rest="approval", subject=subject)
        else:
            tasks.end(deed, subject, now, cancelled=what == "amended")
        place = {"site_id": site_id, "team_id": team_id, "owner_id": None, "severity": severity}
        record = {"milestone": "approval", "subject": subject, "label": subject}
        since = now.replace(microsecond=0)
        clock = tasks.begin(case_id, {**place, **record}, since, None, default_seconds=default_seconds)
        assert clock is not None, "an approval always has a time"
        deed.clocks.append(clock)
        tasks.record_start(deed, clock)
        deed.tell()
        tasks.moved(deed)
        return answer_of(clock)


def end_approval(*, case_id: int, subject: str, is_withdrawn: bool, actor: Actor, now: datetime) -> None:
    """An exception was decided, taken back or has expired: its clock ends, and the others do what their policies say."""
    with transaction():
        tasks.lock([case_id])
        deed = Deed(case_id, actor, now)
        tasks.end(deed, subject, now, cancelled=is_withdrawn)
        clocks.apply(deed, "exception_decided", lambda: tasks.traits_of(case_id), subject=subject)
        deed.tell()
        tasks.moved(deed)


def answer_of(clock: Clock) -> Answer:
    """Both instants, by the function that gives every clock its deadline."""
    half = rules.rung_at(
        facts_of(clock),
        calendar_of(clock.calendar_version_id),
        queries.policy(clock.policy_version_id).rules,
        rules.HALF,
    )
    return Answer(half, clock.due_at)
