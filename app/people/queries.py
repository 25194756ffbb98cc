"""Reads of people, sites and teams. They return frozen rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, case, cast, exists, func, or_, select, tuple_

from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.models import ApiToken, Employee, OneTimeLink, RegionLead, RegionSite, SignInSession, Site, Team
from app.people.permissions import Scope, sites_of


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
    region_sites: str | None = None  # "3,5": the sites of the region that a manager leads; None: none is led

    @property
    def ref(self) -> str:
        return ref("employee", self.id)

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None

    @property
    def actor(self) -> Actor:
        """This person as the doer of a deed."""
        led = site_ids_of(self.region_sites)
        return Actor("person", self.ref, self.id, self.role, self.site_id, self.team_id, region_site_ids=led)

    def reaches(self, site_id: int | None) -> bool:
        """Tell whether somebody works at a site, or manages it."""
        led = site_ids_of(self.region_sites)
        return self.site_id == site_id or (self.role == "manager" and (led is None or site_id in led))


def site_ids_of(led: str | None) -> tuple[int, ...] | None:
    """Read what REGION_SITES answers."""
    return None if led is None else tuple(sorted(int(one) for one in led.split(",") if one))


def region_sites_of(employee_id: Any) -> Any:
    """An expression: the sites of the region that somebody leads, as "3,5"; NULL for who leads none."""
    return (
        select(func.coalesce(func.aggregate_strings(cast(RegionSite.site_id, String), ","), ""))
        .select_from(RegionLead)
        .outerjoin(RegionSite, RegionSite.region_id == RegionLead.region_id)
        .where(RegionLead.employee_id == employee_id)
        .group_by(RegionLead.employee_id)
        .correlate_except(RegionLead, RegionSite)
        .scalar_subquery()
    )


def manages(one: Any, site_id: Any) -> ColumnElement[bool]:
    """An expression: whether a manager reaches a site, since they lead no region or one that the site lies in."""
    led = exists().where(RegionLead.employee_id == one.id).correlate_except(RegionLead)
    there = (
        exists()
        .where(RegionLead.employee_id == one.id, RegionSite.region_id == RegionLead.region_id)
        .where(RegionSite.site_id == site_id)
        .correlate_except(RegionLead, RegionSite)
    )
    return or_(~led, there)


PERSON_COLUMNS = (
    *(getattr(Employee, name) for name in PersonRow.__dataclass_fields__ if name != "region_sites"),
    region_sites_of(Employee.id).label("region_sites"),
)
SITE_COLUMNS = tuple(getattr(Site, name) for name in SiteRow.__dataclass_fields__)
_TEAM_COLUMNS = tuple(getattr(Team, name) for name in TeamRow.__dataclass_fields__)
_SITE = select(*SITE_COLUMNS).where(Site.id == bindparam("site_id"))
_SITES = select(*SITE_COLUMNS).order_by(Site.name)


def names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of these employees, also of former ones; one query however many."""
    wanted = {identity for identity in ids if identity is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(Employee.id, Employee.name).where(Employee.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def ids_by_words() -> dict[str, list[int]]:
    """Return who has a name or an e-mail address, also former employees; a name may stand for several."""
    found: dict[str, list[int]] = {}
    for row in db.session.execute(select(Employee.id, Employee.name, Employee.email).order_by(Employee.id)):
        for words in {row.name, row.email}:
            found.setdefault(words, []).append(row.id)
    return found


def person(employee_id: int) -> PersonRow | None:
    return _one_person(select(*PERSON_COLUMNS).where(Employee.id == employee_id))


def person_by_email(email: str) -> PersonRow | None:
    return _one_person(select(*PERSON_COLUMNS).where(Employee.email == email.strip().lower()))


def _one_person(statement: Select[Any]) -> PersonRow | None:
    row = db.session.execute(statement).first()
    return PersonRow(*row) if row else None


def site(site_id: int) -> SiteRow:
    """Return a site; an id that doesn't exist is a broken assumption."""
    return SiteRow(*db.session.execute(_SITE, {"site_id": site_id}).one())


def sites() -> tuple[SiteRow, ...]:
    """Return all sites by name; a company has few."""
    return tuple(SiteRow(*row) for row in db.session.execute(_SITES))


def sites_within(scope: Scope) -> tuple[SiteRow, ...]:
    """Return the sites of a scope, by name."""
    within = sites_of(scope)
    return tuple(row for row in sites() if within is None or row.id in within)


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
                (Employee.role == "manager") & manages(Employee, site_id),
            ),
        )
        .order_by(nearness, Employee.id)
    )
    return list(db.session.scalars(statement))


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """One line of the directory."""

    id: int
    name: str
    email: str
    role: str
    job_title: str
    site: str
    team: str | None
    deactivated_at: datetime | None
    has_pass_phrase: bool

    @property
    def ref(self) -> str:
        return ref("employee", self.id)


_DIRECTORY = (
    select(
        Employee.id,
        Employee.name,
        Employee.email,
        Employee.role,
        Employee.job_title,
        Site.name.label("site"),
        Team.name.label("team"),
        Employee.deactivated_at,
        Employee.password_hash.is_not(None).label("has_pass_phrase"),
    )
    .join(Site, Site.id == Employee.site_id)
    .outerjoin(Team, Team.id == Employee.team_id)
)


def directory(
    page: Page, *, term: str = "", role: str | None = None, site_id: int | None = None, state: str = "active"
) -> Slice[DirectoryRow]:
    """Return people by name. term: part of a name or e-mail address; state: active, former or all."""
    statement = _DIRECTORY
    if term:
        pattern = f"%{_escaped(term)}%"
        statement = statement.where(
            or_(Employee.name.ilike(pattern, escape="\\"), Employee.email.ilike(pattern, escape="\\"))
        )
    if role:
        statement = statement.where(Employee.role == role)
    if site_id is not None:
        statement = statement.where(Employee.site_id == site_id)
    if state == "active":
        statement = statement.where(Employee.deactivated_at.is_(None))
    elif state == "former":
        statement = statement.where(Employee.deactivated_at.is_not(None))
    if page.after is not None and len(page.after) == 2:
        name, identity = page.after
        if isinstance(name, str) and "\0" not in name and isinstance(identity, int) and abs(identity) < 2**63:
            statement = statement.where(tuple_(Employee.name, Employee.id) > tuple_(name, identity))
    rows = db.session.execute(statement.order_by(Employee.name, Employee.id).limit(page.size + 1))
    return slice_of([DirectoryRow(*row) for row in rows], page, lambda row: (row.name, row.id))


def _escaped(term: str) -> str:
    return term.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def active_people(roles: tuple[str, ...] | None = None) -> tuple[PersonRow, ...]:
    """Return all active people by name: whoever is left out of a list can't be chosen, nor told."""
    statement = select(*PERSON_COLUMNS).where(Employee.deactivated_at.is_(None))
    if roles is not None:
        statement = statement.where(Employee.role.in_(roles))
    rows = db.session.execute(statement.order_by(Employee.name, Employee.id))
    return tuple(PersonRow(*row) for row in rows)


def team(team_id: int) -> TeamRow | None:
    row = db.session.execute(select(*_TEAM_COLUMNS).where(Team.id == team_id)).first()
    return TeamRow(*row) if row else None


def team_sizes() -> dict[int, int]:
    """Return how many active people each team has."""
    rows = db.session.execute(
        select(Employee.team_id, func.count())
        .where(Employee.deactivated_at.is_(None), Employee.team_id.is_not(None))
        .group_by(Employee.team_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def reports_of(employee_id: int) -> tuple[PersonRow, ...]:
    """Return the active people whose manager this is, by name."""
    rows = db.session.execute(
        select(*PERSON_COLUMNS)
        .where(Employee.manager_id == employee_id, Employee.deactivated_at.is_(None))
        .order_by(Employee.name, Employee.id)
    )
    return tuple(PersonRow(*row) for row in rows)


def teams_led_by(employee_id: int) -> tuple[TeamRow, ...]:
    rows = db.session.execute(select(*_TEAM_COLUMNS).where(Team.supervisor_id == employee_id).order_by(Team.name))
    return tuple(TeamRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Access:
    """How somebody gets in: whether a pass phrase is chosen, and the one-time link that waits."""

    has_pass_phrase: bool
    link_purpose: str | None
    link_expires_at: datetime | None


def access_of(employee_id: int, now: datetime) -> Access:
    link = (
        select(OneTimeLink.purpose, OneTimeLink.expires_at)
        .where(
            OneTimeLink.employee_id == employee_id,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.revoked_at.is_(None),
            OneTimeLink.expires_at > now,
        )
        .order_by(OneTimeLink.id.desc())
        .limit(1)
    )
    found = db.session.execute(link).first()
    has_phrase = db.session.scalar(select(Employee.password_hash.is_not(None)).where(Employee.id == employee_id))
    return Access(bool(has_phrase), found.purpose if found else None, found.expires_at if found else None)


@dataclass(frozen=True, slots=True)
class SessionRow:
    id: int
    started_at: datetime
    seen_at: datetime
    address: str | None
    browser: str
    way: str | None


def sessions_of(employee_id: int, *, idle_minutes: int, now: datetime) -> tuple[SessionRow, ...]:
    """Return the person's live sessions, last used first."""
    rows = db.session.execute(
        select(
            SignInSession.id,
            SignInSession.started_at,
            SignInSession.seen_at,
            SignInSession.address,
            SignInSession.browser,
            SignInSession.way,
        )
        .where(
            SignInSession.employee_id == employee_id,
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > now,
            SignInSession.seen_at > now - timedelta(minutes=idle_minutes),
        )
        .order_by(SignInSession.seen_at.desc(), SignInSession.id.desc())
        .limit(50)
    )
    return tuple(SessionRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class TokenRow:
    id: int
    name: str
    made_at: datetime
    expires_at: datetime

    @property
    def ref(self) -> str:
        return ref("token", self.id)


def tokens_of(employee_id: int, now: datetime) -> tuple[TokenRow, ...]:
    """Return the person's live API tokens, newest first; the secrets themselves are kept nowhere."""
    rows = db.session.execute(
        select(ApiToken.id, ApiToken.name, ApiToken.made_at, ApiToken.expires_at)
        .where(ApiToken.employee_id == employee_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        .order_by(ApiToken.id.desc())
    )
    return tuple(TokenRow(*row) for row in rows)
