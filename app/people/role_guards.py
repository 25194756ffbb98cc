"""What holds whoever changes somebody's role: one administrator stays, and what somebody leads goes to others first."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.kernel.database import db
from app.kernel.errors import Conflict, NotFound, Refusal
from app.people.models import Employee, Team


class LastAdministrator(Refusal):
    code = "last-administrator"
    sentence = _l("This is the last administrator. Make somebody else an administrator first.")


class NeedsSuccessor(Refusal):
    code = "needs-successor"
    sentence = _l("This person leads people or teams. Choose who takes over.")


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
