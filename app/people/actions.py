"""Write people: add, edit, deactivate. Sites, sessions and secrets are beside, and reached through here."""

from datetime import datetime
from typing import Any

from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import hooks
from app.people.key_actions import refuse_erased
from app.people.models import ROLES, THEMES, Employee, Site, Team
from app.people.permissions import require
from app.people.place_actions import add_site, add_team, edit_site, edit_team
from app.people.role_actions import (
    confirm_role,
    lapse_open,
    propose_role,
    refuse_role,
    set_role,
    withdraw_role,
)
from app.people.role_guards import (
    LastAdministrator,
    NeedsSuccessor,
    keep_an_administrator,
    locked,
    refuse_if_leading,
)
from app.people.role_rules import LEAST
from app.people.rules import clean_email, makes_a_circle
from app.people.secret_actions import (
    change_pass_phrase,
    check_credentials,
    make_link,
    make_token,
    revoke_token,
    set_pass_phrase,
    use_link,
)
from app.people.session_actions import (
    end_all_sessions,
    end_other_sessions,
    end_own_session,
    end_session,
    may_come_in,
    start_session,
    touch_session,
)
from app.people.stop_actions import lift, revoke_secrets

__all__ = [
    "LastAdministrator",
    "NeedsSuccessor",
    "add_person",
    "add_site",
    "add_team",
    "change_pass_phrase",
    "check_credentials",
    "confirm_role",
    "deactivate",
    "edit_person",
    "edit_site",
    "edit_team",
    "end_other_sessions",
    "end_own_session",
    "end_session",
    "invite",
    "make_link",
    "make_token",
    "may_come_in",
    "prefer",
    "propose_role",
    "reactivate",
    "refuse_role",
    "revoke_token",
    "set_pass_phrase",
    "set_role",
    "start_session",
    "touch_session",
    "use_link",
    "withdraw_role",
]

_PERSON_KEYS = ("name", "email", "role", "job_title", "team_id", "manager_id", "locale")
PERSON_ADDED = audit.declare("person:add", *_PERSON_KEYS, sentence=_l("added the person"))
PERSON_EDITED = audit.declare(
    "person:edit", *_PERSON_KEYS, "role_before", "sessions_ended", sentence=_l("changed the person")
)
DEACTIVATED = audit.declare(
    "person:deactivate", "successor_id", "sessions_ended", "tokens_revoked", sentence=_l("deactivated the person")
)
PREFERRED = audit.declare("person:prefer", "locale", "theme", "keys_off", sentence=_l("chose how their screens look"))
REACTIVATED = audit.declare("person:reactivate", sentence=_l("activated the person again"))


class AlreadyInactive(Refusal):
    code = "already-inactive"
    sentence = _l("This person is already deactivated.")


def add_person(
    *,
    name: str,
    email: str,
    role: str,
    site_id: int,
    team_id: int | None = None,
    manager_id: int | None = None,
    job_title: str = "",
    locale: str | None = None,
    actor: Actor,
    now: datetime,
) -> Employee:
    """Add somebody, who can't sign in until a one-time link has let them choose a pass phrase.

    Whom a person adds begins as frontline: a role above that is proposed, and another administrator confirms it.
    """
    require(actor, "people.write")
    with transaction():
        said = _checked_person(None, name, email, role, job_title, site_id, team_id, manager_id, locale)
        said["role"] = LEAST if actor.is_person else role
        employee = Employee(**said, theme="auto", keys_off=False, active_from=now, version=1)
        db.session.add(employee)
        db.session.flush()
        audit.record(PERSON_ADDED, subject=ref("employee", employee.id), actor=actor, at=now, **said)
        if role != employee.role:
            propose_role(employee_id=employee.id, role=role, reason=_("Added with this role."), actor=actor, now=now)
    return employee


def invite(*, actor: Actor, now: datetime, **said: Any) -> tuple[Employee, str, datetime]:
    """Add somebody together with their one-time link: (who, its token, when it ends)."""
    with transaction():
        employee = add_person(**said, actor=actor, now=now)
        token, expires_at = make_link(employee_id=employee.id, actor=actor, now=now)
    return employee, token, expires_at


def edit_person(
    *,
    employee_id: int,
    name: str,
    email: str,
    site_id: int,
    team_id: int | None,
    manager_id: int | None,
    job_title: str,
    locale: str | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> Employee:
    """Change who somebody is and where they stand; another place or address ends their sessions. Their role stays."""
    require(actor, "people.write")
    with transaction():
        employee = locked(employee_id, version)
        refuse_erased(employee_id)
        role = employee.role
        said = _checked_person(employee_id, name, email, role, job_title, site_id, team_id, manager_id, locale)
        before = (employee.site_id, employee.team_id, employee.email)
        if site_id != employee.site_id:
            refuse_if_leading(employee, role, site_id)
        for key, value in said.items():
            setattr(employee, key, value)
        employee.version += 1
        changed = (site_id, team_id, employee.email) != before
        audit.record(
            PERSON_EDITED,
            subject=ref("employee", employee_id),
            actor=actor,
            at=now,
            role_before=role,
            sessions_ended=end_all_sessions(employee_id=employee_id, now=now) if changed else 0,
            **said,
        )
    return employee


def deactivate(
    *, employee_id: int, successor_id: int | None = None, version: int | None = None, actor: Actor, now: datetime
) -> None:
    """Close somebody's access at once; whom and what they led goes to the successor.

    Raises LastAdministrator, NeedsSuccessor, or what a higher room's hook refuses; then nothing has changed.
    """
    require(actor, "people.write")
    with transaction():
        employee = locked(employee_id, version)
        if employee.deactivated_at is not None:
            raise AlreadyInactive
        if employee.role == "admin":
            keep_an_administrator(employee_id)
        _hand_over(employee, successor_id)
        for step in hooks.on_deactivate:
            step(employee_id, actor, now)
        employee.deactivated_at = now
        employee.version += 1
        lapse_open(employee_id, actor, now)
        ended = end_all_sessions(employee_id=employee_id, now=now)
        tokens = revoke_secrets(employee_id=employee_id, now=now)
        lift(employee_id)
        audit.record(
            DEACTIVATED,
            subject=ref("employee", employee_id),
            actor=actor,
            at=now,
            site_id=employee.site_id,
            successor_id=successor_id,
            sessions_ended=ended,
            tokens_revoked=tokens,
        )


def reactivate(*, employee_id: int, version: int | None = None, actor: Actor, now: datetime) -> None:
    """Let somebody back in, also whose access was stopped; they choose a new pass phrase by a link."""
    require(actor, "people.write")
    with transaction():
        employee = locked(employee_id, version)
        refuse_erased(employee_id)
        if not lift(employee_id) and employee.deactivated_at is None:
            return
        employee.deactivated_at = None
        employee.password_hash = None
        employee.version += 1
        audit.record(REACTIVATED, subject=ref("employee", employee_id), actor=actor, at=now, site_id=employee.site_id)


def prefer(*, locale: str | None, theme: str, keys_off: bool, actor: Actor, now: datetime) -> None:
    """Keep how somebody likes their own screens."""
    require(actor, "profile.write", owner_id=actor.id)
    errors: dict[str, list[str]] = {}
    if theme not in THEMES:
        errors["theme"] = [_("Choose light, dark or automatic.")]
    _check_locale(errors, locale)
    if errors:
        raise BadInput(errors)
    with transaction():
        employee = db.session.get(Employee, actor.id)
        if employee is None:
            raise NotFound
        employee.locale, employee.theme, employee.keys_off = locale, theme, keys_off
        audit.record(
            PREFERRED,
            subject=ref("employee", employee.id),
            actor=actor,
            at=now,
            site_id=employee.site_id,
            locale=locale,
            theme=theme,
            keys_off=keys_off,
        )


def _hand_over(employee: Employee, successor_id: int | None) -> None:
    """Re-point the teams and people that this person leads."""
    teams = db.session.scalars(select(Team).where(Team.supervisor_id == employee.id)).all()
    reports = db.session.scalars(
        select(Employee).where(Employee.manager_id == employee.id, Employee.deactivated_at.is_(None))
    ).all()
    if not teams and not reports:
        return
    if successor_id is None:
        raise NeedsSuccessor(
            _(
                "%(name)s leads %(teams)d teams and %(people)d people. Choose who takes over.",
                name=employee.name,
                teams=len(teams),
                people=len(reports),
            )
        )
    successor = db.session.get(Employee, successor_id)
    if successor is None or successor.deactivated_at is not None or successor.id == employee.id:
        raise BadInput({"successor_id": [_("Choose somebody active.")]})
    if teams and successor.role not in ("supervisor", "manager"):
        raise BadInput({"successor_id": [_("Only a supervisor or a manager can lead a team.")]})
    if successor.role == "supervisor" and any(team.site_id != successor.site_id for team in teams):
        raise BadInput({"successor_id": [_("A supervisor leads teams at their own site.")]})
    for team in teams:
        team.supervisor_id = successor.id
        team.version += 1
    for report in reports:
        # The successor may be one of the reports: then they take the leaver's own place in the line.
        report.manager_id = employee.manager_id if report.id == successor.id else successor.id
        report.version += 1
    if makes_a_circle(successor.id, successor.manager_id, _managers()):
        successor.manager_id = employee.manager_id if employee.manager_id != successor.id else None


def _managers() -> dict[int, int | None]:
    return {row.id: row.manager_id for row in db.session.execute(select(Employee.id, Employee.manager_id))}


def _checked_person(
    employee_id: int | None,
    name: str,
    email: str,
    role: str,
    job_title: str,
    site_id: int,
    team_id: int | None,
    manager_id: int | None,
    locale: str | None,
) -> dict[str, Any]:
    """Return the cleaned columns of a person, or raise BadInput with a sentence beside every wrong field."""
    errors: dict[str, list[str]] = {}
    name, job_title, email = " ".join(name.split()), " ".join(job_title.split()), clean_email(email)
    if not 2 <= len(name) <= 100:
        errors["name"] = [_("Use 2 to 100 characters.")]
    if len(job_title) > 100:
        errors["job_title"] = [_("Use at most 100 characters.")]
    if role not in ROLES:
        errors["role"] = [_("Choose a role.")]
    try:
        email = validate_email(email, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        errors["email"] = [_("Write an e-mail address like ana@company.example.")]
    with db.session.no_autoflush:
        twin = db.session.scalar(select(Employee.id).where(Employee.email == email))
        if twin is not None and twin != employee_id:
            errors["email"] = [_("Somebody already has this e-mail address.")]
        _check_place(errors, employee_id, role, site_id, team_id, manager_id)
    _check_locale(errors, locale)
    if errors:
        raise BadInput(errors)
    return {
        "name": name,
        "email": email,
        "role": role,
        "job_title": job_title,
        "site_id": site_id,
        "team_id": team_id,
        "manager_id": manager_id,
        "locale": locale,
    }


def _check_locale(errors: dict[str, list[str]], locale: str | None) -> None:
    if locale is None:
        return
    try:
        Locale.parse(locale)
    except (UnknownLocaleError, ValueError, TypeError):
        errors["locale"] = [_("This language isn't known. Write it like en_GB.")]


def _check_place(
    errors: dict[str, list[str]],
    employee_id: int | None,
    role: str,
    site_id: int,
    team_id: int | None,
    manager_id: int | None,
) -> None:
    if db.session.get(Site, site_id) is None:
        errors["site_id"] = [_("Choose a site.")]
    team = db.session.get(Team, team_id) if team_id is not None else None
    if team_id is not None and (team is None or team.site_id != site_id):
        errors["team_id"] = [_("Choose a team of this site.")]
    if manager_id is None:
        return
    manager = db.session.get(Employee, manager_id)
    if manager is None or manager.deactivated_at is not None:
        errors["manager_id"] = [_("Choose somebody active.")]
    elif employee_id is not None and makes_a_circle(employee_id, manager_id, _managers()):
        errors["manager_id"] = [_("The manager line would lead back to this person.")]
