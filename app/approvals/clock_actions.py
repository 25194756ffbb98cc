"""Reminding, climbing and raising the alarm while a request waits. Nothing here decides: time never approves anything."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.approvals import actions as approvals
from app.approvals import queries, route_queries, step_queries, writing
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionStep
from app.audit import actions as audit
from app.audit.models import AuditEntry
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications.rules import declare
from app.people import queries as people

REMINDED = audit.declare("exception:remind", "step", "told", sentence=_l("reminded of an exception"))
RAISED = audit.declare("exception:raise", "step", "told", sentence=_l("raised an exception that nobody had answered"))
FOLLOWED = audit.declare("exception:move", "step", "due_at", sentence=_l("moved the time limit of an exception"))
ORPHANED = audit.declare("exception:orphan", "step", "told", sentence=_l("found nobody who may decide an exception"))
REMIND_NOTICE = declare("exception:remind", _l("%(amount)s in %(case)s still waits for your answer"))
RAISE_NOTICE = declare("exception:raise", _l("Nobody has answered in time: %(amount)s in %(case)s waits for you too"))
ORPHAN_NOTICE = declare(
    "exception:orphan", _l("Nobody is there who may decide %(amount)s in %(case)s. Name a decider.")
)


def follow(*, step_id: int, actor: Actor, now: datetime) -> bool:
    """Take over the time limit of a step from its clock, which a re-run or a pause has moved."""
    with transaction():
        request, step = _still_open(step_id)
        answer = step_queries.answer_of(step_id) if step else None
        if request is None or step is None or answer is None or answer.due_at in (None, step.due_at):
            return False
        step.remind_at, step.due_at = answer.half_at, answer.due_at
        request.due_at = answer.due_at
        request.expires_at = max(request.expires_at, answer.due_at)
        audit.record(
            FOLLOWED, subject=request.ref, actor=actor, at=now, case_id=request.case_id, site_id=request.site_id,
            step=step.number, due_at=iso(answer.due_at),
        )  # fmt: skip
        return True


def remind(*, step_id: int, actor: Actor, now: datetime) -> bool:
    """Remind those whose turn it is, once per step, after half of the staffed time; while the site is staffed."""
    with transaction():
        request, step = _still_open(step_id, now)
        if request is None or step is None or not _take(step_id, ExceptionStep.reminded_at, now):
            return False
        _tell(request, step, approvals.asked_ids(request, now), REMINDED, REMIND_NOTICE, actor, now)
        return True


def raise_step(*, step_id: int, actor: Actor, now: datetime) -> bool:
    """Open an unanswered step to who comes next, once; those who were asked before may still answer."""
    with transaction():
        request, step = _still_open(step_id, now)
        if request is None or step is None or not _take(step_id, ExceptionStep.escalated_at, now):
            return False
        told = approvals.asked_ids(request, now)
        _tell(request, step, told, RAISED, RAISE_NOTICE, actor, now)
        return True


def alarm(*, exception_id: int, step_id: int, actor: Actor, now: datetime) -> bool:
    """Tell managers and administrators that a request has nobody who is there to decide it; once per step."""
    with transaction():
        request, step = _still_open(step_id)
        row = queries.request_row(exception_id)
        if request is None or step is None or row is None:
            return False
        standing = queries.standing([row], now)
        if standing.roster.present(standing.facts[exception_id], now) or _is_alarmed(request, step):
            return False
        leads = people.active_people(("manager", "admin"))
        told = [one.id for one in leads if one.role == "admin" or one.reaches(row.site_id)]
        _tell(request, step, told, ORPHANED, ORPHAN_NOTICE, actor, now)
        return True


def _still_open(
    step_id: int, staffed_at: datetime | None = None
) -> tuple[ExceptionRequest | None, ExceptionStep | None]:
    """The request of an open step, under its lock, as it stands; none where its site is not staffed at `staffed_at`."""
    step = db.session.get(ExceptionStep, step_id)
    if step is None:
        return None, None
    request = approvals.locked(step.exception_id)
    db.session.refresh(step)
    if request.state != "waiting" or step.done_at is not None or step.opened_at is None:
        return None, None
    if staffed_at is not None and not route_queries.is_staffed(request.site_id, staffed_at):
        return None, None
    return request, step


def _take(step_id: int, column: object, now: datetime) -> bool:
    """Mark a step as reminded of or raised if nobody else has; the condition is in the statement."""
    taken = db.session.execute(
        update(ExceptionStep)
        .where(ExceptionStep.id == step_id, ExceptionStep.done_at.is_(None), column.is_(None))  # type: ignore[attr-defined]
        .values({column: now})
        .execution_options(synchronize_session=False)
    )
    return taken.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def _is_alarmed(request: ExceptionRequest, step: ExceptionStep) -> bool:
    since = step.opened_at
    return _audit_since(request.ref, ORPHANED.name, since) if since else False


def _audit_since(subject: str, name: str, since: datetime) -> bool:
    """Tell whether an entry of this type was written about a subject since an instant."""
    statement = select(AuditEntry.id).where(
        AuditEntry.subject == subject, AuditEntry.type == name, AuditEntry.at >= since
    )
    return db.session.execute(statement.limit(1)).first() is not None


def _tell(
    request: ExceptionRequest,
    step: ExceptionStep,
    told: Sequence[int],
    entry: audit.EntryType,
    notice: str,
    actor: Actor,
    now: datetime,
) -> None:
    audit.record(
        entry, subject=request.ref, actor=actor, at=now, case_id=request.case_id, site_id=request.site_id,
        step=step.number, told=list(told),
    )  # fmt: skip
    writing.tell(told, notice, request, request.amount, actor, now)
