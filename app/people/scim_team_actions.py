"""What a provisioning program does to teams: it forms and renames them, and says who is in them."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people import queries
from app.people.models import ProvisionedTeam, Site, Team
from app.people.queries import PersonRow, TeamRow
from app.people.scim_actions import Taken, own_site
from app.people.scim_queries import members_of
from app.people.scim_rules import team_name

PROVISIONED = audit.declare("team:provision", "what", "token", sentence=_l("brought a team up to date"))


def put_team(
    *,
    team_id: int | None,
    display: str,
    external_id: str | None,
    members: Sequence[int],
    site: str,
    token: str,
    actor: Actor,
    now: datetime,
) -> int:
    """Form a team or bring it up to date; exactly these people are in it. Returns its id.

    Somebody is in one team: whoever is put into a second one leaves the first, and works at the team's site from then on.
    """
    with transaction():
        sites = {row.code: row.id for row in db.session.execute(select(Site.code, Site.id))}
        code, name = team_name(display, own_site(site).code, sites)
        is_new = team_id is None
        if team_id is None:
            team_id = _deleted_twin(sites[code], name)
        if team_id is None:
            team_id = people.add_team(site_id=sites[code], name=name, actor=actor, now=now).id
        team = queries.team(team_id)
        if team is None:
            raise NotFound
        if name != team.name:
            people.edit_team(
                team_id=team.id, name=name, supervisor_id=team.supervisor_id, version=team.version, actor=actor, now=now
            )
        kept = db.session.get(ProvisionedTeam, team_id) or ProvisionedTeam(team_id=team_id)
        kept.external_id, kept.changed_at, kept.deleted_at = external_id, now, None
        db.session.add(kept)
        said = "made" if is_new else "changed"
        audit.record(PROVISIONED, subject=ref("team", team_id), actor=actor, at=now, what=said, token=token)
        _seat(team, members, actor, now)
    return team_id


def delete_team(*, team_id: int, token: str, actor: Actor, now: datetime) -> None:
    """Take everybody out of a team and forget it for the program; the team stays, with its cases and its purse."""
    with transaction():
        team = queries.team(team_id)
        if team is None:
            raise NotFound
        kept = db.session.get(ProvisionedTeam, team_id) or ProvisionedTeam(team_id=team_id)
        kept.changed_at, kept.deleted_at = now, now
        db.session.add(kept)
        audit.record(PROVISIONED, subject=ref("team", team_id), actor=actor, at=now, what="deleted", token=token)
        _seat(team, (), actor, now)


def _deleted_twin(site_id: int, name: str) -> int | None:
    """Return the team that the program deleted and now makes again; raises Taken when it is there."""
    row = db.session.execute(
        select(Team.id, ProvisionedTeam.deleted_at)
        .outerjoin(ProvisionedTeam, ProvisionedTeam.team_id == Team.id)
        .where(Team.site_id == site_id, Team.name == " ".join(name.split()))
    ).first()
    if row is None:
        return None
    if row.deleted_at is None:
        raise Taken
    return int(row.id)


def _seat(team: TeamRow, members: Sequence[int], actor: Actor, now: datetime) -> None:
    wanted, seated = set(members), set(members_of([team.id])[team.id])
    for employee_id in sorted(wanted ^ seated):
        person = queries.person(employee_id)
        if person is not None:
            _move(person, team if employee_id in wanted else None, actor, now)


def _move(person: PersonRow, team: TeamRow | None, actor: Actor, now: datetime) -> None:
    people.edit_person(
        employee_id=person.id, name=person.name, email=person.email, job_title=person.job_title,
        site_id=team.site_id if team else person.site_id, team_id=team.id if team else None,
        manager_id=person.manager_id, locale=person.locale, version=person.version, actor=actor, now=now,
    )  # fmt: skip
