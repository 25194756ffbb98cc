"""Reads of who holds the right to decide now: people, absences with their stand-ins, fallbacks, second accounts."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, literal, or_, select, union_all

from app.approvals.absence_models import Absence, FallbackDecider, SecondAccount
from app.approvals.matrix_rules import Candidate
from app.approvals.rules import Decider, Mandate, RequestFacts, Roster
from app.kernel.database import db
from app.people.models import Employee, Team
from app.people.permissions import PERMISSIONS, REGIONAL
from app.people.queries import region_sites_of, site_ids_of

_ABSENCE: tuple[Any, ...] = (
    Absence.id.label("absence_id"), Absence.employee_id, Absence.stand_in_id, Absence.from_at, Absence.to_at,
    Absence.amount_minor_max, Absence.currency, Absence.site_id.label("absence_site_id"),
)  # fmt: skip


def roster(now: datetime, but: int | None = None) -> Roster:
    """Read everybody who holds the right to decide; two queries, whatever is asked of it afterwards."""
    reach = PERMISSIONS["exceptions.decide"]
    pairs = _pairs()
    humans = pairs["second"]
    rows = db.session.execute(
        select(
            Employee.id, Employee.name, Employee.email, Employee.role, Employee.job_title, Employee.site_id,
            Employee.team_id, region_sites_of(Employee.id).label("region_sites"), *_ABSENCE,
        )
        .outerjoin(Absence, and_(Absence.employee_id == Employee.id, _is_now(now)))
        .where(Employee.deactivated_at.is_(None))
        .where(or_(Employee.role.in_(list(reach)), Employee.id.in_(_related(humans))))
        .order_by(Employee.id, Absence.id)
    ).all()  # fmt: skip
    emails: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        emails[humans.get(row.id, row.id)].add(row.email)
    names = {row.id: row.name for row in rows}
    people = {row.id: _decider(row, humans, emails, reach) for row in rows if row.role in reach and row.id != but}
    absences = sorted((row for row in rows if row.absence_id is not None), key=lambda row: int(row.absence_id))
    away = {absence.employee_id for absence in absences}
    for absence in absences:
        holder, principal = people.get(absence.stand_in_id), people.get(absence.employee_id)
        if holder is not None and principal is not None:
            held = _mandate(absence, principal, names)
            people[absence.stand_in_id] = replace(holder, mandates=(*holder.mandates, held))
    present = (replace(one, is_away=one.id in away) for one in people.values())
    able = {site_id: employee_id for site_id, employee_id in pairs["fallback"].items() if employee_id in people}
    return Roster(tuple(present), humans, pairs["lead"], able)


def _related(humans: dict[int, int]) -> set[int]:
    return set(humans) | set(humans.values())


def _decider(row: Any, humans: dict[int, int], emails: dict[int, set[str]], reach: Any) -> Decider:
    human = humans.get(row.id, row.id)
    led = site_ids_of(row.region_sites) if row.role == "manager" else None
    return Decider(
        id=row.id,
        scope=reach[row.role] if led is None else REGIONAL["exceptions.decide"],
        site_ids=led or (),
        site_id=row.site_id,
        team_id=row.team_id,
        email=row.email,
        other_emails=tuple(sorted(emails[human] - {row.email})),
        role=row.role,
        title=row.job_title,
        human=human,
    )


def _mandate(absence: Any, principal: Decider, names: dict[int, str]) -> Mandate:
    return Mandate(
        principal=replace(principal, mandates=()),
        name=names[absence.employee_id],
        from_at=absence.from_at,
        to_at=absence.to_at,
        amount_minor_max=absence.amount_minor_max,
        currency=absence.currency,
        site_id=absence.absence_site_id,
    )


def _is_now(now: datetime) -> Any:
    return and_(Absence.ended_at.is_(None), Absence.from_at <= now, Absence.to_at > now)


def _pairs() -> dict[str, dict[int, int]]:
    """Read second accounts, the sites' fallback deciders and the teams' supervisors in one query."""
    rows: Any = db.session.execute(
        union_all(
            select(literal("second"), SecondAccount.employee_id, SecondAccount.same_as_id),
            select(literal("fallback"), FallbackDecider.site_id, FallbackDecider.employee_id),
            select(literal("lead"), Team.id, Team.supervisor_id).where(Team.supervisor_id.is_not(None)),
        )
    )
    found: dict[str, dict[int, int]] = {"second": {}, "fallback": {}, "lead": {}}
    for what, key, value in rows:
        found[what][key] = value
    return found


def second_accounts() -> dict[int, int]:
    """Return second accounts, each with the account of the same person that counts."""
    return _pairs()["second"]


def fallbacks() -> dict[int, int]:
    """Return the fallback decider of each site that has one."""
    return _pairs()["fallback"]


def candidates(found: Roster, facts: RequestFacts) -> tuple[Candidate, ...]:
    """The same people as the matrix knows them, nearest to a request first."""
    return tuple(
        Candidate(
            id=one.id,
            human=one.person or one.id,
            role=one.role,
            title=one.title,
            site_id=one.site_id or 0,
            team_id=one.team_id,
            reach=one.scope or "",
            site_ids=one.site_ids,
            is_away=one.is_away,
        )
        for one in found.nearest(facts)
        if one.id is not None
    )
