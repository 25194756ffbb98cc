"""Reads for provisioning: people and teams with what a program has said of them; its tokens; whose access was stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, func, or_, select

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import (
    AccessStop,
    Employee,
    ProvisionedPerson,
    ProvisionedTeam,
    ProvisioningToken,
    Site,
    Team,
)
from app.people.rules import hash_token


@dataclass(frozen=True, slots=True)
class ScimPerson:
    """An employee, with what was said of them; said: as it was sent, with what it meant then under "then"."""

    id: int
    name: str
    email: str
    role: str
    job_title: str
    team_id: int | None
    team: str | None
    team_site: str | None
    team_deleted_at: datetime | None
    manager_id: int | None
    active_from: datetime
    deactivated_at: datetime | None
    stopped_at: datetime | None
    user_name: str | None
    external_id: str | None
    kept: str | None
    changed_at: datetime

    @property
    def ref(self) -> str:
        return ref("employee", self.id)

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None and self.stopped_at is None

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.kept) if self.kept else {}
        return found


@dataclass(frozen=True, slots=True)
class ScimTeam:
    id: int
    name: str
    site: str
    external_id: str | None
    changed_at: datetime | None
    members: tuple[int, ...]

    @property
    def ref(self) -> str:
        return ref("team", self.id)


_PEOPLE: Any = (
    select(
        Employee.id, Employee.name, Employee.email, Employee.role, Employee.job_title, Employee.team_id,
        Team.name.label("team"), Site.code.label("team_site"), ProvisionedTeam.deleted_at.label("team_deleted_at"),
        Employee.manager_id, Employee.active_from, Employee.deactivated_at,
        AccessStop.at.label("stopped_at"), ProvisionedPerson.user_name, ProvisionedPerson.external_id,
        ProvisionedPerson.said.label("kept"),
    )
    .outerjoin(ProvisionedPerson, ProvisionedPerson.employee_id == Employee.id)
    .outerjoin(AccessStop, AccessStop.employee_id == Employee.id)
    .outerjoin(Team, Team.id == Employee.team_id)
    .outerjoin(Site, Site.id == Team.site_id)
    .outerjoin(ProvisionedTeam, ProvisionedTeam.team_id == Team.id)
    .where(ProvisionedPerson.deleted_at.is_(None))
)  # fmt: skip
_TEAMS: Any = (
    select(Team.id, Team.name, Site.code.label("site"), ProvisionedTeam.external_id, ProvisionedTeam.changed_at)
    .join(Site, Site.id == Team.site_id)
    .outerjoin(ProvisionedTeam, ProvisionedTeam.team_id == Team.id)
    .where(ProvisionedTeam.deleted_at.is_(None))
)


def person_count() -> int:
    return int(db.session.scalar(select(func.count()).select_from(_PEOPLE.subquery())) or 0)


def team_count() -> int:
    return int(db.session.scalar(select(func.count()).select_from(_TEAMS.subquery())) or 0)


def people_after(after: int, limit: int) -> list[ScimPerson]:
    """Return the next people by id, for a walk over everybody."""
    return _people(_PEOPLE.where(Employee.id > after).order_by(Employee.id).limit(limit))


def people_page(skip: int, limit: int) -> list[ScimPerson]:
    return _people(_PEOPLE.order_by(Employee.id).offset(skip).limit(limit)) if limit else []


def person_of(employee_id: int) -> ScimPerson | None:
    found = _people(_PEOPLE.where(Employee.id == employee_id))
    return found[0] if found else None


def people_named(attribute: str, value: str) -> list[ScimPerson]:
    """Return who may have this userName, externalId or e-mail address; the filter itself is looked at afterwards."""
    value = value.strip()
    meant: dict[str, ColumnElement[bool]] = {
        "username": or_(
            ProvisionedPerson.user_name_key == value.casefold(),
            and_(ProvisionedPerson.employee_id.is_(None), Employee.email == value.lower()),
        ),
        "externalid": ProvisionedPerson.external_id == value,
    }
    return _people(_PEOPLE.where(meant[attribute]).order_by(Employee.id))


def _people(statement: Any) -> list[ScimPerson]:
    rows: Any = db.session.execute(statement).all()
    subjects = [ref("employee", row.id) for row in rows]
    last = dict(
        db.session.execute(
            select(AuditEntry.subject, func.max(AuditEntry.at))
            .where(AuditEntry.subject.in_(subjects), AuditEntry.type.startswith("person:"))
            .group_by(AuditEntry.subject)
        ).all()
    )
    found = [{**row._mapping, "changed_at": last.get(ref("employee", row.id)) or row.active_from} for row in rows]
    return [ScimPerson(**one) for one in found]


def teams_page(skip: int, limit: int) -> list[ScimTeam]:
    return _teams(_TEAMS.order_by(Team.id).offset(skip).limit(limit)) if limit else []


def team_of(team_id: int) -> ScimTeam | None:
    found = _teams(_TEAMS.where(Team.id == team_id))
    return found[0] if found else None


def _teams(statement: Any) -> list[ScimTeam]:
    rows: Any = db.session.execute(statement).all()
    seated = members_of([row.id for row in rows])
    found = [{**row._mapping, "members": tuple(seated[row.id])} for row in rows]
    return [ScimTeam(**one) for one in found]


def members_of(team_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return who is in each team, but for those whom the program deleted: they keep the place that they left from."""
    members: dict[int, list[int]] = {one: [] for one in team_ids}
    held = db.session.execute(
        select(Employee.id, Employee.team_id)
        .outerjoin(ProvisionedPerson, ProvisionedPerson.employee_id == Employee.id)
        .where(Employee.team_id.in_(members), ProvisionedPerson.deleted_at.is_(None))
        .order_by(Employee.id)
    )
    for row in held:
        members[row.team_id].append(row.id)
    return members


def live_token(token: str, now: datetime) -> int | None:
    """Return the id of a provisioning token that counts now."""
    return db.session.scalar(
        select(ProvisioningToken.id).where(
            ProvisioningToken.token_hash == hash_token(token),
            ProvisioningToken.revoked_at.is_(None),
            ProvisioningToken.expires_at > now,
        )
    )


@dataclass(frozen=True, slots=True)
class ProvisioningTokenRow:
    id: int
    name: str
    made_by: str
    made_at: datetime
    expires_at: datetime


def live_tokens(now: datetime) -> Sequence[ProvisioningTokenRow]:
    rows = db.session.execute(
        select(
            ProvisioningToken.id, ProvisioningToken.name, Employee.name, ProvisioningToken.made_at,
            ProvisioningToken.expires_at,
        )
        .join(Employee, Employee.id == ProvisioningToken.made_by_id)
        .where(ProvisioningToken.revoked_at.is_(None), ProvisioningToken.expires_at > now)
        .order_by(ProvisioningToken.id.desc())
    )  # fmt: skip
    return [ProvisioningTokenRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class StopRow:
    ref: str
    name: str
    reason: str
    at: datetime


def stops() -> Sequence[StopRow]:
    """Return whose access was stopped and who still hold what has to be handed over."""
    rows = db.session.execute(
        select(Employee.id, Employee.name, AccessStop.reason, AccessStop.at)
        .join(Employee, Employee.id == AccessStop.employee_id)
        .where(Employee.deactivated_at.is_(None))
        .order_by(AccessStop.at, Employee.id)
        .limit(100)
    )
    return [StopRow(ref("employee", row.id), row.name, row.reason, row.at) for row in rows]


def stop_of(employee_id: int) -> str | None:
    """Return why somebody's access was stopped, if it was."""
    return db.session.scalar(select(AccessStop.reason).where(AccessStop.employee_id == employee_id))
