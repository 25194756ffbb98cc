"""Take a higher role for a short time, and give it back. Who has to know is told by whoever calls, in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.audit.models import AuditEntry
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.people.models import Employee, SignInSession
from app.people.permissions import require
from app.people.raise_models import RoleRaise
from app.people.raise_rules import MINUTES, REASON_MAX, REASON_MIN, lasts, targets

RAISED = audit.declare("role:raise", "role", "minutes", "reason", sentence=_l("took a higher role for a short time"))
LOWERED = audit.declare("role:lower", "role", "deeds", sentence=_l("gave a higher role back"))


class AlreadyRaised(Refusal):
    code = "already-raised"
    sentence = _l("You hold a higher role already. Give it back first.")


@dataclass(frozen=True, slots=True)
class Raised:
    """reason: why it was taken. deeds: how many entries of the trail were made with it."""

    id: int
    employee_id: int
    role: str
    ends_at: datetime
    reason: str
    deeds: int = 0


def raise_role(*, session_id: int, role: str, minutes: int, reason: str, actor: Actor, now: datetime) -> Raised:
    """Let one session of the actor act with another role until the time is over."""
    require(actor, "raises.use")
    assert actor.id is not None
    with transaction():
        own = db.session.get_one(Employee, actor.id).role
        errors: dict[str, list[str]] = {}
        if role not in targets(own):
            errors["role"] = [_("Your role can't take this one.")]
        if minutes not in MINUTES:
            errors["minutes"] = [_("Choose one of the times.")]
        if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
            errors["reason"] = [_("Say in %(least)d letters or more what can't wait, and why.", least=REASON_MIN)]
        if errors:
            raise BadInput(errors)
        session = db.session.get(SignInSession, session_id)
        if session is None or session.employee_id != actor.id or session.ended_at is not None:
            raise NotFound
        open_one = db.session.scalars(
            select(RoleRaise).where(RoleRaise.employee_id == actor.id, RoleRaise.ended_at.is_(None))
        ).first()
        if open_one is not None and open_one.ends_at > now:
            raise AlreadyRaised
        if open_one is not None:
            lower(raise_id=open_one.id, actor=actor, now=now)
        row = RoleRaise(
            employee_id=actor.id, session_id=session_id, own_role=own, role=role, reason=reason.strip(), begun_at=now,
            ends_at=now + lasts(minutes), ended_at=None, ended_by_id=None,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        audit.record(
            RAISED, subject=ref("employee", actor.id), actor=actor, at=now, role=role, minutes=minutes,
            reason=row.reason,
        )  # fmt: skip
        return Raised(row.id, row.employee_id, row.role, row.ends_at, row.reason)


def lower(*, raise_id: int, actor: Actor, now: datetime) -> Raised:
    """End a raise, by its holder, an administrator or the clock, inside the caller's deed; says what was done with it."""
    assert in_transaction()
    row = db.session.get(RoleRaise, raise_id)
    if row is None or row.ended_at is not None:
        raise NotFound
    if actor.is_person and actor.id != row.employee_id:
        require(actor, "people.write")
    row.ended_at = min(now, row.ends_at)
    row.ended_by_id = actor.id
    deeds = deeds_of(row)
    audit.record(LOWERED, subject=ref("employee", row.employee_id), actor=actor, at=now, role=row.role, deeds=deeds)
    return Raised(row.id, row.employee_id, row.role, row.ends_at, row.reason, deeds)


def deeds_of(row: RoleRaise) -> int:
    """Count the entries of the trail that its holder made while it held, itself not counted."""
    made = select(func.count()).where(
        AuditEntry.actor_id == row.employee_id,
        AuditEntry.type != RAISED.name,
        AuditEntry.recorded_at >= row.begun_at,
        AuditEntry.recorded_at <= (row.ended_at or row.ends_at),
    )
    return int(db.session.scalar(made) or 0)
