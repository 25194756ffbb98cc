"""Reading cases for a file: in parts by their number, so that memory stays flat however many there are."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.cases.models import Case, Category
from app.cases.queries import Filters, narrowed, visible_to
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.people.models import Employee, Site, Team
from app.people.permissions import Scope

BATCH = 500
HEADER = (
    "case", "site", "team", "owner", "customer", "customer_name", "category", "severity", "state", "channel",
    "journey_stage", "attribution", "summary", "description", "desired_outcome", "loss", "given", "currency", "occurred_at",
    "received_at", "logged_at", "outcome", "root_cause", "resolution_note", "resolved_at", "closed_at", "reopened",
    "source", "source_ref",
)  # fmt: skip
Cell = str | int | None
_COLUMNS: Any = (
    select(Case, Site.name, Site.currency, Team.name, Employee.name, Customer.name, Category.code)
    .join(Site, Site.id == Case.site_id)
    .join(Category, Category.id == Case.category_id)
    .outerjoin(Team, Team.id == Case.team_id)
    .outerjoin(Employee, Employee.id == Case.owner_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
)


def conditions(
    scope: Scope, filters: Filters | None, *, me_id: int | None, team_id: int | None, now: datetime
) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    """Which cases go into a file: those of a queue, or with None every one within the scope."""
    if filters is None:
        return [visible_to(scope)], {}
    return narrowed(scope, filters, me_id=me_id, team_id=team_id, now=now)


def count(where: list[ColumnElement[bool]], values: dict[str, Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(Case).where(*where), values) or 0


def rows(where: list[ColumnElement[bool]], values: dict[str, Any]) -> Iterator[tuple[Cell, ...]]:
    """Every case once, the oldest number first; no transaction and no more than BATCH cases are held between two rows."""
    last = 0
    while True:
        statement = _COLUMNS.where(Case.id > last, *where).order_by(Case.id).limit(BATCH)
        found = [_cells(*row) for row in db.session.execute(statement, values)]
        db.session.rollback()
        db.session.expunge_all()
        yield from (cells for _id, cells in found)
        if len(found) < BATCH:
            return
        last = found[-1][0]


def _cells(
    case: Case, site: str, currency: str, team: str | None, owner: str | None, customer: str | None, category: str
) -> tuple[int, tuple[Cell, ...]]:
    return case.id, (
        case.ref, site, team, owner, ref("customer", case.customer_id) if case.customer_id else None, customer, category,
        case.severity, case.state, case.channel, case.journey_stage, case.attribution, case.summary, case.description,
        case.desired_outcome, _amount(case.loss_minor, currency), _amount(case.given_minor, currency), currency,
        iso(case.occurred_at), iso(case.received_at), iso(case.logged_at), case.outcome, case.root_cause,
        case.resolution_note, _instant(case.resolved_at), _instant(case.closed_at), case.reopened_count, case.source,
        case.source_ref,
    )  # fmt: skip


def _amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else Money(minor, currency).json()["amount"]


def _instant(at: datetime | None) -> str | None:
    return iso(at) if at else None
