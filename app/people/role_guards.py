"""What holds whoever changes somebody's role: one administrator stays, what somebody leads goes to others first, and the
second pair of eyes isn't the first one's."""

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.errors import Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.people.factor_actions import FACTOR_REMOVED
from app.people.models import Employee, Team
from app.people.passkey_actions import REMOVED as PASSKEY_REMOVED
from app.people.role_rules import LASTS
from app.people.secret_actions import LINK_MADE
from app.people.sso_actions import BOUND

# With each of these somebody could sign in as another person.
_RENEWS_SIGN_IN = tuple(entry.name for entry in (LINK_MADE, FACTOR_REMOVED, PASSKEY_REMOVED, BOUND))


class LastAdministrator(Refusal):
    code = "last-administrator"
    sentence = _l("This is the last administrator. Make somebody else an administrator first.")


class NeedsSuccessor(Refusal):
    code = "needs-successor"
    sentence = _l("This person leads people or teams. Choose who takes over.")


class RenewedByProposer(Refusal):
    code = "renewed-by-proposer"
    sentence = _l(
        "Who proposed this renewed your sign-in within the last 7 days and could act as you. Another administrator has to"
        " confirm it, or you, once 7 days have passed."
    )


def locked(employee_id: int, version: int | None) -> Employee:
    # Administrators are locked first and in order, so that two who deactivate each other at once wait instead of
    # blocking each other for good, and the second finds that it would be the last.
    db.session.execute(
        select(Employee.id).where(Employee.role == "admin").order_by(Employee.id).with_for_update()
    ).all()
    employee = db.session.get(Employee, employee_id, with_for_update=True)
    if employee is None:
        raise NotFound
    if version is not None and employee.version != version:
        raise Conflict
    return employee


def keep_an_administrator(leaving_id: int) -> None:
    other = db.session.scalar(
        select(Employee.id)
        .where(Employee.role == "admin", Employee.deactivated_at.is_(None), Employee.id != leaving_id)
        .limit(1)
    )
    if other is None:
        raise LastAdministrator


def refuse_if_leading(employee: Employee, role: str, site_id: int) -> None:
    if role == "manager" or (role == "supervisor" and site_id == employee.site_id):
        return
    led = db.session.scalars(select(Team.name).where(Team.supervisor_id == employee.id).order_by(Team.name)).all()
    if led:
        raise NeedsSuccessor(
            _("%(name)s leads %(teams)s. Give it another supervisor first.", name=employee.name, teams=", ".join(led))
        )


def refuse_if_renewed(*, proposer_id: int, confirmer_id: int, now: datetime) -> None:
    """Refuse who signs in by means that the proposer gave them within LASTS: both could be one person."""
    found = db.session.scalar(
        select(AuditEntry.id)
        .where(
            AuditEntry.subject == ref("employee", confirmer_id),
            AuditEntry.actor_id == proposer_id,
            AuditEntry.type.in_(_RENEWS_SIGN_IN),
            AuditEntry.at > now - LASTS,
        )
        .limit(1)
    )
    if found is not None:
        raise RenewedByProposer
