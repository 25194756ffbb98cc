"""Reads over cases; every one takes the scope of who asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, false, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from app.cases.models import Case, CaseEvent, Category
from app.cases.rules import NEVER, STATES
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref, ref
from app.kernel.time import parse_instant
from app.people.models import Employee, Site, Team
from app.people.permissions import Scope
from app.people.scope_queries import at_sites

COUNT_MAX = 1_001
EVENTS_SHOWN = 50
VIEWS = ("mine", "team", "all", "unowned", "late", "resolved")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case as the queue shows it; `given_minor` is in the site's currency."""

    id: int
    version: int
    summary: str
    category: str
    severity: int
    state: str
    waiting_for: str | None
    next_due_at: datetime
    received_at: datetime
    resolved_at: datetime | None
    given_minor: int
    currency: str
    time_zone: str
    site: str
    customer: str | None
    customer_id: int | None
    owner: str | None
    owner_id: int | None

    @property
    def ref(self) -> str:
        return ref("case", self.id)

    @property
    def due_at(self) -> datetime | None:
        return None if self.next_due_at.year == NEVER.year else self.next_due_at


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue shows; comes from the URL."""

    view: str = "all"  # one of VIEWS
    category_id: int | None = None
    severity: int | None = None
    state: str | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class CategoryRow:
    id: int
    code: str
    name: str
    active: bool
    version: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """A line of the timeline."""

    id: int
    at: datetime
    kind: str
    actor_id: int | None
    actor: str | None
    about: str | None
    text: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything a case says about itself, with the names beside the ids."""

    case: Case
    category: str
    site: str
    site_code: str
    currency: str
    time_zone: str
    locale: str
    team: str | None
    owner: str | None
    customer: str | None
    customer_email: str | None
    customer_phone: str | None

    @property
    def ref(self) -> str:
        return self.case.ref

    @property
    def due_at(self) -> datetime | None:
        return None if self.case.next_due_at.year == NEVER.year else self.case.next_due_at


_QUEUE: Any = (
    select(
        Case.id, Case.version, Case.summary, Category.name, Case.severity, Case.state, Case.waiting_for, Case.next_due_at,
        Case.received_at, Case.resolved_at, Case.given_minor, Site.currency, Site.time_zone, Site.name, Customer.name,
        Case.customer_id, Employee.name, Case.owner_id,
    )
    .join(Category, Category.id == Case.category_id)
    .join(Site, Site.id == Case.site_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
    .outerjoin(Employee, Employee.id == Case.owner_id)
)  # fmt: skip


def visible_to(scope: Scope, *, are_named: bool = False) -> ColumnElement[bool]:
    """The one rule for which cases a scope sees. are_named: the cases are few and named by their ids, so no index of the
    place is to be taken for it; an expression keeps SQLite from reading a whole site."""
    if scope.is_wide:
        return at_sites(Case.site_id + 0 if are_named else Case.site_id, scope)
    place, held = {
        "site": (Case.site_id, scope.site_id),
        "team": (Case.team_id, scope.team_id),
    }.get(scope.kind, (Case.owner_id, scope.employee_id))
    if not held:
        return false()
    return (place + 0 if are_named else place) == held


def _values(scope: Scope, filters: Filters, me_id: int | None, team_id: int | None, now: datetime) -> dict[str, Any]:
    """Return what a queue is narrowed by; the keys choose the statement, so that each is built once."""
    values: dict[str, Any] = {}
    if scope.kind != "company":
        ids: dict[str, Any] = {"site": scope.site_id, "team": scope.team_id, "own": scope.employee_id}
        held = list(scope.site_ids) if scope.kind == "region" else ids[scope.kind] or 0
        values[f"within_{scope.kind}"] = held
    if filters.view == "mine":
        values["owner"] = me_id or 0
    elif filters.view == "team":
        values["team"] = team_id or 0
    elif filters.view == "late":
        values["now"] = now
    if filters.category_id is not None:
        values["category"] = filters.category_id
    if filters.severity is not None:
        values["severity"] = filters.severity
    if filters.state in STATES:
        values["state"] = filters.state
    if filters.site_id is not None:
        values["site"] = filters.site_id
    return values


_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "within_site": Case.site_id == bindparam("within_site"),
    "within_region": Case.site_id.in_(bindparam("within_region", expanding=True)),
    "within_team": Case.team_id == bindparam("within_team"),
    "within_own": Case.owner_id == bindparam("within_own"),
    "owner": Case.owner_id == bindparam("owner"),
    "team": Case.team_id == bindparam("team"),
    "now": Case.next_due_at < bindparam("now", type_=Case.next_due_at.type),
    "category": Case.category_id == bindparam("category"),
    "severity": Case.severity == bindparam("severity"),
    "state": Case.state == bindparam("state"),
    "site": Case.site_id == bindparam("site"),
}
# Where an owner or a team is asked for, their index is the narrow one: a plain sum keeps the planner off the site's.
_BESIDE: dict[str, ColumnElement[bool]] = {
    "within_site": Case.site_id + 0 == bindparam("within_site"),
    "within_region": (Case.site_id + 0).in_(bindparam("within_region", expanding=True)),
    "site": Case.site_id + 0 == bindparam("site"),
}
_AFTER = tuple_(bindparam("after_at", type_=Case.next_due_at.type), bindparam("after_id"))


def _where(view: str, keys: Iterable[str]) -> list[ColumnElement[bool]]:
    known = {**_CONDITIONS, **_BESIDE} if view in ("mine", "team") else _CONDITIONS
    where = [known[key] for key in keys]
    where.append(Case.resolved_at.is_not(None) if view == "resolved" else Case.resolved_at.is_(None))
    if view == "unowned":
        where.append(Case.owner_id.is_(None))
    return where


def narrowed(
    scope: Scope, filters: Filters, *, me_id: int | None, team_id: int | None, now: datetime
) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    """What a queue is narrowed by, as conditions and their values, for reads that aren't its pages."""
    values = _values(scope, filters, me_id, team_id, now)
    return _where(filters.view, values), values


@cache
def _queue_statement(view: str, keys: tuple[str, ...], goes_on: bool) -> Select[Any]:
    statement: Select[Any] = _QUEUE.where(*_where(view, keys))
    if view == "resolved":
        if goes_on:
            statement = statement.where(tuple_(Case.resolved_at, Case.id) < _AFTER)
        statement = statement.order_by(Case.resolved_at.desc(), Case.id.desc())
    else:
        if goes_on:
            statement = statement.where(tuple_(Case.next_due_at, Case.id) > _AFTER)
        statement = statement.order_by(Case.next_due_at, Case.id)
    return statement.limit(bindparam("size"))


@cache
def _count_statement(view: str, keys: tuple[str, ...]) -> Select[Any]:
    inner = select(literal(1)).select_from(Case).where(*_where(view, keys)).limit(COUNT_MAX)
    return select(func.count()).select_from(inner.subquery())


def queue(
    scope: Scope, filters: Filters, page: Page, *, me_id: int | None, team_id: int | None, now: datetime
) -> Slice[QueueRow]:
    """Open cases by next due time (resolved ones: latest first), one page after the cursor."""
    values = _values(scope, filters, me_id, team_id, now)
    after = _after(page)
    statement = _queue_statement(filters.view, tuple(values), after is not None)
    if after:
        values.update(after_at=after[0], after_id=after[1])
    rows = [QueueRow(*row) for row in db.session.execute(statement, {**values, "size": page.size + 1})]
    if filters.view == "resolved":
        return slice_of(rows, page, key=lambda row: ((row.resolved_at or NEVER).isoformat(), row.id))
    return slice_of(rows, page, key=lambda row: (row.next_due_at.isoformat(), row.id))


def count(scope: Scope, filters: Filters, *, me_id: int | None, team_id: int | None, now: datetime) -> int:
    """How many cases a queue has, counted up to COUNT_MAX: an exact total is never worth its price."""
    values = _values(scope, filters, me_id, team_id, now)
    return int(db.session.scalar(_count_statement(filters.view, tuple(values)), values) or 0)


@cache
def _counts_statement(views: tuple[tuple[str, tuple[str, ...]], ...]) -> Select[Any]:
    return select(*(_count_statement(view, keys).scalar_subquery() for view, keys in views))


def counts(
    scope: Scope, views: Sequence[str], *, me_id: int | None, team_id: int | None, now: datetime
) -> tuple[int, ...]:
    """What `count` says of each of several views, asked at once."""
    each = {view: _values(scope, Filters(view=view), me_id, team_id, now) for view in views}
    statement = _counts_statement(tuple((view, tuple(each[view])) for view in views))
    values = {key: value for found in each.values() for key, value in found.items()}
    return tuple(int(found) for found in db.session.execute(statement, values).one())


def _after(page: Page) -> tuple[datetime, int] | None:
    """The key of the last row seen; a malformed cursor starts from the beginning."""
    if page.after is None or len(page.after) != 2:
        return None
    at, identity = page.after
    if not isinstance(at, str) or type(identity) is not int or abs(identity) >= 2**63:
        return None
    try:
        return parse_instant(at), identity
    except (ValueError, OverflowError):
        return None


def find(reference: str, scope: Scope) -> Case | None:
    """The case of a reference, or None when there is none within the scope."""
    case_id = parse_ref("case", reference)
    if case_id is None:
        return None
    return db.session.scalars(select(Case).where(Case.id == case_id, visible_to(scope))).first()


_CASE_PAGE: Any = (
    select(
        Case, Category.name, Site.name, Site.code, Site.currency, Site.time_zone, Site.locale, Team.name, Employee.name,
        Customer.name, Customer.email, Customer.phone,
    )
    .join(Category, Category.id == Case.category_id)
    .join(Site, Site.id == Case.site_id)
    .outerjoin(Team, Team.id == Case.team_id)
    .outerjoin(Employee, Employee.id == Case.owner_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
    .where(Case.id == bindparam("case_id"))
)  # fmt: skip


def case_page(reference: str, scope: Scope) -> CasePage | None:
    """The case with the names beside its ids, in one query; None when there is none within the scope."""
    case_id = parse_ref("case", reference)
    if case_id is None:
        return None
    row = db.session.execute(_CASE_PAGE, {"case_id": case_id}).first()
    if row is None or not scope.covers(
        site_id=row[0].site_id, team_id=row[0].team_id or 0, owner_id=row[0].owner_id or 0
    ):
        return None
    return CasePage(*row)


_ABOUT = aliased(Employee)
_EVENTS: Select[Any] = (
    select(
        CaseEvent.id, CaseEvent.at, CaseEvent.kind, CaseEvent.actor_id, Employee.name, _ABOUT.name, CaseEvent.text,
        CaseEvent.data,
    )
    .outerjoin(Employee, Employee.id == CaseEvent.actor_id)
    .outerjoin(_ABOUT, _ABOUT.id == CaseEvent.about_id)
    .where(CaseEvent.case_id == bindparam("case_id"))
    .order_by(CaseEvent.at.desc(), CaseEvent.id.desc())
    .limit(bindparam("size"))
)  # fmt: skip
_EVENTS_BEFORE = _EVENTS.where(tuple_(CaseEvent.at, CaseEvent.id) < _AFTER)


def events(case_id: int, page: Page, kinds: Iterable[str] | None = None) -> Slice[EventRow]:
    """The timeline, newest page first; rows of a page stand oldest first."""
    values: dict[str, Any] = {"case_id": case_id, "size": page.size + 1}
    after = _after(page)
    statement = _EVENTS_BEFORE if after else _EVENTS
    if after:
        values.update(after_at=after[0], after_id=after[1])
    if kinds is not None:
        statement = statement.where(CaseEvent.kind.in_(tuple(kinds)))
    rows = [EventRow(*row) for row in db.session.execute(statement, values)]
    cut = slice_of(rows, page, key=lambda row: (row.at.isoformat(), row.id))
    return Slice(tuple(reversed(cut.rows)), cut.next_cursor)


def cases_of_customer(customer_ids: Sequence[int], scope: Scope, page: Page | None = None) -> Slice[QueueRow]:
    """A customer's cases under all of her numbers, newest first."""
    page = page or Page(size=20)
    statement = _QUEUE.where(Case.customer_id.in_(customer_ids), visible_to(scope))
    if page.after and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(Case.id < page.after[0])
    rows = [QueueRow(*row) for row in db.session.execute(statement.order_by(Case.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def categories(*, active_only: bool = False) -> tuple[CategoryRow, ...]:
    """Every category by name."""
    statement = select(Category.id, Category.code, Category.name, Category.active, Category.version)
    if active_only:
        statement = statement.where(Category.active.is_(True))
    return tuple(CategoryRow(*row) for row in db.session.execute(statement.order_by(Category.name, Category.id)))


def category(category_id: int) -> CategoryRow | None:
    statement = select(Category.id, Category.code, Category.name, Category.active, Category.version)
    row = db.session.execute(statement.where(Category.id == category_id)).first()
    return CategoryRow(*row) if row else None


def rows_among(ids: Iterable[int], scope: Scope, limit: int) -> tuple[QueueRow, ...]:
    """Those of these cases that may be read under their customers' names, the newest first."""
    statement = _QUEUE.where(Case.id.in_(ids), visible_to(scope, are_named=True)).order_by(Case.id.desc()).limit(limit)
    return tuple(QueueRow(*row) for row in db.session.execute(statement))
