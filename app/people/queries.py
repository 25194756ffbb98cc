"""Reads of people, sites and teams. They return frozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, or_, select

from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Employee, Site, Team


@dataclass(frozen=True, slots=True)
class SiteRow:
    id: int
    code: str
    name: str
    time_zone: str
    currency: str
    locale: str
    country: str
    subdivision: str | None
    calendar_id: int | None
    version: int


@dataclass(frozen=True, slots=True)
class TeamRow:
    id: int
    site_id: int
    name: str
    supervisor_id: int | None
    version: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One employee as the rest of the product sees them."""

    id: int
    name: str
    email: str
    role: str
    job_title: str
    site_id: int
    team_id: int | None
    manager_id: int | None
    locale: str | None
    theme: str
    keys_off: bool
    active_from: datetime
    deactivated_at: datetime | None
    version: int

    @property
    def ref(self) -> str:
        return ref("employee", self.id)

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None

    @property
    def actor(self) -> Actor:
        """This person as the doer of a deed."""
        return Actor("person", self.ref, self.id, self.role, self.site_id, self.team_id)


PERSON_COLUMNS = tuple(getattr(Employee, name) for name in PersonRow.__dataclass_fields__)
_SITE_COLUMNS = tuple(getattr(Site, name) for name in SiteRow.__dataclass_fields__)
_TEAM_COLUMNS = tuple(getattr(Team, name) for name in TeamRow.__dataclass_fields__)


def names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of these employees, also of former ones; one query however many."""
    wanted = {identity for identity in ids if identity is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(Employee.id, Employee.name).where(Employee.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def person(employee_id: int) -> PersonRow | None:
    return _one_person(select(*PERSON_COLUMNS).where(Employee.id == employee_id))


def person_by_email(email: str) -> PersonRow | None:
    return _one_person(select(*PERSON_COLUMNS).where(Employee.email == email.strip().lower()))


def _one_person(statement: Select[tuple[object, ...]]) -> PersonRow | None:
    row = db.session.execute(statement).first()
    return PersonRow(*row) if row else None


def site(site_id: int) -> SiteRow:
    """Return a site; an id that doesn't exist is a broken assumption."""
    row = db.session.execute(select(*_SITE_COLUMNS).where(Site.id == site_id)).one()
    return SiteRow(*row)


def sites() -> tuple[SiteRow, ...]:
    """Return all sites by name; a company has few."""
    return tuple(SiteRow(*row) for row in db.session.execute(select(*_SITE_COLUMNS).order_by(Site.name)))


def teams(site_id: int | None = None) -> tuple[TeamRow, ...]:
    """Return the teams of a site, or of all sites, by name."""
    statement = select(*_TEAM_COLUMNS).order_by(Team.name, Team.id)
    if site_id is not None:
        statement = statement.where(Team.site_id == site_id)
    return tuple(TeamRow(*row) for row in db.session.execute(statement))


def colleagues(
    site_id: int, *, roles: tuple[str, ...] = ("frontline", "supervisor", "manager")
) -> tuple[PersonRow, ...]:
    """Return the active people of a site who can own a case, by name."""
    rows = db.session.execute(
        select(*PERSON_COLUMNS)
        .where(Employee.site_id == site_id, Employee.role.in_(roles), Employee.deactivated_at.is_(None))
        .order_by(Employee.name, Employee.id)
    )
    return tuple(PersonRow(*row) for row in rows)


def supervisors_for(site_id: int, team_id: int | None) -> list[int]:
    """Return who may decide here, nearest first: the team's supervisor, other supervisors of the site, then managers."""
    team_supervisor = select(Team.supervisor_id).where(Team.id == team_id).scalar_subquery()
    nearness = case(
        (Employee.id == team_supervisor, 0),
        (Employee.role == "supervisor", 1),
        (Employee.site_id == site_id, 2),
        else_=3,
    )
    statement = (
        select(Employee.id)
        .where(
            Employee.deactivated_at.is_(None),
            or_(
                (Employee.role == "supervisor") & (Employee.site_id == site_id),
                Employee.role == "manager",
            ),
        )
        .order_by(nearness, Employee.id)
    )
    return list(db.session.scalars(statement))
