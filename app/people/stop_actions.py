"""Stop somebody's access at once, where deactivating them has to wait until somebody took over what they hold."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import hooks
from app.people.models import AccessStop, ApiToken, OneTimeLink
from app.people.permissions import require
from app.people.session_actions import end_all_sessions

STOPPED = audit.declare(
    "person:stop", "reason", "sessions_ended", "tokens_revoked", sentence=_l("stopped the person's access")
)


def stop_access(*, employee_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """End every way in, and tell who may hand over what the person holds. A second time changes nothing."""
    require(actor, "people.write")
    with transaction():
        if db.session.get(AccessStop, employee_id) is not None:
            return
        db.session.add(AccessStop(employee_id=employee_id, reason=reason, at=now))
        ended = end_all_sessions(employee_id=employee_id, now=now)
        revoked = revoke_secrets(employee_id=employee_id, now=now)
        audit.record(
            STOPPED, subject=ref("employee", employee_id), actor=actor, at=now, reason=reason, sessions_ended=ended,
            tokens_revoked=revoked,
        )  # fmt: skip
        for step in hooks.on_access_stop:
            step(employee_id, now)


def revoke_secrets(*, employee_id: int, now: datetime) -> int:
    """Revoke tokens and one-time links inside the caller's deed; returns how many tokens."""
    tokens = db.session.execute(
        update(ApiToken)
        .where(ApiToken.employee_id == employee_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    db.session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.employee_id == employee_id, OneTimeLink.used_at.is_(None))
        .values(revoked_at=now)
    )
    return int(tokens.rowcount)  # type: ignore[attr-defined]


def lift(employee_id: int) -> bool:
    """Take a stop away inside the caller's deed; tells whether there was one."""
    if db.session.get(AccessStop, employee_id) is None:
        return False  # a deletion of nothing would count as a change that nobody told
    db.session.execute(delete(AccessStop).where(AccessStop.employee_id == employee_id))
    return True
