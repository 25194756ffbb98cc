"""What a provisioning program does to people and teams, through the same actions as the pages.

Somebody whose role provisioning could not have given (an administrator, HR, unless the settings say so) can be closed by
it and named by it, and neither renamed, re-addressed, promoted nor let back in.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people import queries
from app.people.models import Employee, ProvisionedPerson, ProvisioningToken, Site
from app.people.permissions import only_takes_away, require
from app.people.queries import PersonRow
from app.people.role_actions import propose_for_program, set_role, withdraw_for_program
from app.people.role_rules import LEAST
from app.people.rules import hash_token, new_token
from app.people.scim_rules import Roles, Wanted, given_roles
from app.people.stop_actions import stop_access

PROVISIONED = audit.declare("person:provision", "what", "token", sentence=_l("brought a person up to date"))
TOKEN_MADE = audit.declare("provisioning:token", "name", "expires", sentence=_l("made a token for provisioning"))
TOKEN_REVOKED = audit.declare("provisioning:revoke", "name", sentence=_l("revoked a token for provisioning"))
TOKEN_PREFIX = "mgp_"  # noqa: S105 - lets secret scanners know a token that was committed somewhere
TOKEN_LASTS = timedelta(days=365)
TOKENS_MAX = 5


class Taken(Refusal):
    code = "taken"
    sentence = _l("Somebody already has this user name or e-mail address.")


class OutOfReach(Refusal):
    status = 403
    code = "out-of-reach"
    sentence = _l("Provisioning doesn't give this person's role, so it can only close their access.")


class NoSite(Refusal):
    code = "no-site"
    sentence = _l("There is no site to work at. Make one, or name it in MAKEGOOD_SCIM_SITE.")


def make_provisioning_token(*, name: str, actor: Actor, now: datetime) -> str:
    """Make a token for a provisioning program and return it, once."""
    require(actor, "people.write")
    name = " ".join(name.split())
    if not 2 <= len(name) <= 60:
        raise BadInput({"name": [_("Use 2 to 60 characters.")]})
    secret = TOKEN_PREFIX + new_token()
    with transaction():
        live = select(ProvisioningToken.id).where(
            ProvisioningToken.revoked_at.is_(None), ProvisioningToken.expires_at > now
        )
        if len(db.session.scalars(live).all()) >= TOKENS_MAX:
            raise BadInput({"name": [_("There are %(count)d tokens. Revoke one first.", count=TOKENS_MAX)]})
        row = ProvisioningToken(
            name=name, token_hash=hash_token(secret), made_by_id=actor.id, made_at=now, expires_at=now + TOKEN_LASTS
        )
        db.session.add(row)
        db.session.flush()
        expires = row.expires_at.date().isoformat()
        audit.record(TOKEN_MADE, subject=token_name(row.id), actor=actor, at=now, name=name, expires=expires)
    return secret


def revoke_provisioning_token(*, token_id: int, actor: Actor, now: datetime) -> None:
    """End a token at once. A second time changes nothing."""
    require(actor, "people.write")
    with transaction():
        row = db.session.get(ProvisioningToken, token_id, with_for_update=True)
        if row is None:
            raise NotFound
        if row.revoked_at is None:
            row.revoked_at = now
            audit.record(TOKEN_REVOKED, subject=token_name(row.id), actor=actor, at=now, name=row.name)


def token_name(token_id: int) -> str:
    return f"provisioning-{token_id}"


def own_site(code: str) -> Site:
    """Return the site at which new people begin. Raises NoSite."""
    wanted = select(Site).order_by(Site.id).limit(1)
    site = db.session.scalar(wanted.where(Site.code == code) if code else wanted)
    if site is None:
        raise NoSite
    return site


def put_person(
    *, employee_id: int | None, wanted: Wanted, roles: Roles, site: str, token: str, actor: Actor, now: datetime
) -> int:
    """Make somebody, or bring them up to date; returns their id. Whoever was deleted and is made anew comes back.

    A role that gives more than they have is proposed, and an administrator confirms it.

    Raises Taken, OutOfReach, LastAdministrator and what the inner actions refuse; then nothing has changed.
    """
    with transaction():
        twin = _twin(wanted, employee_id)
        is_new = employee_id is None
        if employee_id is None:
            employee_id = twin
        elif twin is not None:
            raise Taken
        if employee_id is None:
            added = people.add_person(
                name=wanted.name or wanted.user_name.partition("@")[0], email=wanted.email,
                role=LEAST, site_id=own_site(site).id, job_title=wanted.job_title,
                manager_id=_manager(wanted.manager), actor=actor, now=now,
            )  # fmt: skip
            employee_id = added.id
            _ask_role(_known(employee_id), wanted.role or roles[0][1], token, actor, now)
        else:
            _edit(_known(employee_id), wanted, given_roles(roles), token, actor, now)
        _note(employee_id, wanted, now)
        said = "made" if is_new else "changed"
        audit.record(
            PROVISIONED, subject=ref("employee", employee_id), actor=actor, at=now, what=said, token=token
        )  # fmt: skip
        if wanted.is_active is not None or is_new:
            _open_or_close(_known(employee_id), wanted.is_active is not False, given_roles(roles), actor, now)
    return employee_id


def delete_person(*, employee_id: int, token: str, actor: Actor, now: datetime) -> None:
    """Close somebody's access at once and forget them for the program; the employee's row stays, with old deeds."""
    with transaction():
        person = _known(employee_id)
        kept = db.session.get(ProvisionedPerson, employee_id)
        if kept is None:
            kept = ProvisionedPerson(employee_id=employee_id, user_name=person.email, said="{}")
            db.session.add(kept)
        kept.user_name_key, kept.deleted_at, kept.changed_at = f"deleted/{person.ref}", now, now
        audit.record(PROVISIONED, subject=person.ref, actor=actor, at=now, what="deleted", token=token)
        _open_or_close(person, False, frozenset(), actor, now)


def _known(employee_id: int) -> PersonRow:
    person = queries.person(employee_id)
    if person is None:
        raise NotFound
    return person


def _twin(wanted: Wanted, employee_id: int | None) -> int | None:
    """Return who was deleted and is meant by this; raises Taken when somebody else goes by it."""
    key = wanted.user_name.casefold()
    rows = db.session.execute(
        select(Employee.id, ProvisionedPerson.deleted_at)
        .outerjoin(ProvisionedPerson, ProvisionedPerson.employee_id == Employee.id)
        .where(or_(Employee.email.in_({wanted.email, key}), ProvisionedPerson.user_name_key == key))
        .where(Employee.id != (employee_id or 0))
    ).all()
    if not rows:
        return None
    if len(rows) > 1 or rows[0].deleted_at is None:
        raise Taken
    return int(rows[0].id)


def _manager(reference: str | None) -> int | None:
    if reference is None:
        return None
    found = parse_ref("employee", reference.rpartition("/")[2])
    if found is None or queries.person(found) is None:
        raise BadInput({"manager": [_("Choose somebody active.")]})
    return found


def _edit(person: PersonRow, wanted: Wanted, given: frozenset[str], token: str, actor: Actor, now: datetime) -> None:
    role = wanted.role or person.role
    if role != person.role and person.role not in given:
        raise OutOfReach
    changes = {
        "name": " ".join((wanted.name or person.name).split()), "email": wanted.email,
        "job_title": " ".join(wanted.job_title.split()),
        "manager_id": _manager(wanted.manager),
    }  # fmt: skip
    before = {key: getattr(person, key) for key in changes}
    if changes != before:
        if person.role not in given:
            raise OutOfReach
        people.edit_person(
            employee_id=person.id, **{**before, **changes}, site_id=person.site_id, team_id=person.team_id,
            locale=person.locale, version=person.version, actor=actor, now=now,
        )  # fmt: skip
    if wanted.role is not None:
        _ask_role(person, wanted.role, token, actor, now)


def _ask_role(person: PersonRow, role: str, token: str, actor: Actor, now: datetime) -> None:
    """Take rights away at once; what gives more waits for an administrator, and not for who made the token."""
    if role == person.role:
        withdraw_for_program(employee_id=person.id, actor=actor, now=now)
    elif only_takes_away(person.role, role):
        set_role(employee_id=person.id, role=role, reason=_("The company's directory says so."), actor=actor, now=now)
    else:
        made_by = select(ProvisioningToken.made_by_id).where(ProvisioningToken.id == int(token.rpartition("-")[2]))
        propose_for_program(
            employee_id=person.id, role=role, reason=_("The company's directory says so."), token=token,
            made_by_id=db.session.scalars(made_by).one(), actor=actor, now=now,
        )  # fmt: skip


def _note(employee_id: int, wanted: Wanted, now: datetime) -> None:
    """Keep what was said, and what it meant, so that later changes by others show."""
    person = _known(employee_id)
    # A role that only waits to be confirmed isn't theirs yet, so the program reads the one that they have.
    then = {"name": person.name, "email": person.email, "role": wanted.role or person.role}
    kept = db.session.get(ProvisionedPerson, employee_id)
    if kept is None:
        kept = ProvisionedPerson(employee_id=employee_id)
        db.session.add(kept)
    kept.user_name, kept.user_name_key = wanted.user_name, wanted.user_name.casefold()
    kept.external_id, kept.said = wanted.external_id, orjson.dumps({**wanted.said, "then": then}).decode()
    kept.changed_at, kept.deleted_at = now, None
    db.session.flush()


def _open_or_close(person: PersonRow, is_active: bool, given: frozenset[str], actor: Actor, now: datetime) -> None:
    """Let somebody in or out. Who leaves is out at once, also while what they hold can't be handed over yet."""
    is_in = person.is_active and people.may_come_in(person.id)
    if is_active and not is_in:
        if person.role not in given:
            raise OutOfReach
        people.reactivate(employee_id=person.id, actor=actor, now=now)
    if is_active or not is_in:
        return
    try:
        with db.session.begin_nested():
            people.deactivate(employee_id=person.id, successor_id=successor_of(person), actor=actor, now=now)
    except people.LastAdministrator:
        raise
    except Refusal as refusal:
        stop_access(employee_id=person.id, reason=str(refusal), actor=actor, now=now)


def successor_of(person: PersonRow) -> int | None:
    """Choose who takes over whom and what somebody led: their manager, else whoever decides nearest to them."""
    teams, reports = queries.teams_led_by(person.id), queries.reports_of(person.id)
    if not teams and not reports:
        return None
    possible = [person.manager_id, *queries.supervisors_for(person.site_id, person.team_id)]
    for one in possible:
        found = queries.person(one) if one is not None and one != person.id else None
        if found is None or not found.is_active:
            continue
        leads = found.role == "manager" or (
            found.role == "supervisor" and all(team.site_id == found.site_id for team in teams)
        )
        if leads or not teams:
            return found.id
    return None


def provisioning_actor(request_id: str | None, address: str | None) -> Actor:
    """A program that acts for the company: the trail names it and the token."""
    return replace(Actor("rule", "rule:provisioning@1"), request_id=request_id, address=address)
