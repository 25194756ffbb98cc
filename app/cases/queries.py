"""Reads over cases; every one takes the scope of who asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, select, text, true, tuple_

from app.cases.models import Case, CaseEvent, Category
from app.cases.rules import NEVER, search_words
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref, ref
from app.kernel.time import parse_instant
from app.people.models import Employee, Site, Team
from app.people.permissions import Scope

COUNT_MAX = 1_001
SEARCH_MAX = 50


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

    view: str = "all"  # mine, unowned, team, late, all, resolved
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


_QUEUE: Select[Any] = (
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


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """The one rule for which cases a scope sees."""
    if scope.kind == "company":
        return true()
    if scope.kind == "site":
        return Case.site_id == scope.site_id if scope.site_id else false()
    if scope.kind == "team":
        return Case.team_id == scope.team_id if scope.team_id else false()
    return Case.owner_id == scope.employee_id


def _filtered(scope: Scope, filters: Filters, me_id: int | None, team_id: int | None, now: datetime) -> list[Any]:
    where: list[Any] = [visible_to(scope)]
    where.append(Case.resolved_at.is_not(None) if filters.view == "resolved" else Case.resolved_at.is_(None))
    if filters.view == "mine":
        where.append(Case.owner_id == me_id)
    elif filters.view == "unowned":
        where.append(Case.owner_id.is_(None))
    elif filters.view == "team":
        where.append(Case.team_id == team_id if team_id else false())
    elif filters.view == "late":
        where.append(Case.next_due_at <= now)
    if filters.category_id is not None:
        where.append(Case.category_id == filters.category_id)
    if filters.severity is not None:
        where.append(Case.severity == filters.severity)
    if filters.state in ("open", "waiting", "resolved", "closed"):
        where.append(Case.state == filters.state)
    if filters.site_id is not None:
        where.append(Case.site_id == filters.site_id)
    return where


def queue(
    scope: Scope, filters: Filters, page: Page, *, me_id: int | None, team_id: int | None, now: datetime
) -> Slice[QueueRow]:
    """Open cases by next due time (resolved ones: latest first), one page after the cursor."""
    statement = _QUEUE.where(*_filtered(scope, filters, me_id, team_id, now))
    if filters.view == "resolved":
        key = _instant_key(page)
        if key:
            statement = statement.where(tuple_(Case.resolved_at, Case.id) < key)
        statement = statement.order_by(Case.resolved_at.desc(), Case.id.desc())
        rows = [QueueRow(*row) for row in db.session.execute(statement.limit(page.size + 1))]
        return slice_of(rows, page, key=lambda row: ((row.resolved_at or NEVER).isoformat(), row.id))
    key = _instant_key(page)
    if key:
        statement = statement.where(tuple_(Case.next_due_at, Case.id) > key)
    rows = [
        QueueRow(*row) for row in db.session.execute(statement.order_by(Case.next_due_at, Case.id).limit(page.size + 1))
    ]
    return slice_of(rows, page, key=lambda row: (row.next_due_at.isoformat(), row.id))


def count(scope: Scope, filters: Filters, *, me_id: int | None, team_id: int | None, now: datetime) -> int:
    """How many cases a queue has, counted up to COUNT_MAX: an exact total is never worth its price."""
    inner = select(literal(1)).select_from(Case).where(*_filtered(scope, filters, me_id, team_id, now)).limit(COUNT_MAX)
    return int(db.session.scalar(select(func.count()).select_from(inner.subquery())) or 0)


def _instant_key(page: Page) -> Any:
    if not page.after or len(page.after) != 2:
        return None
    at, identity = page.after
    if not isinstance(at, str) or not isinstance(identity, int):
        return None
    try:
        return tuple_(literal(parse_instant(at), Case.next_due_at.type), literal(identity))
    except ValueError:
        return None


def find(reference: str, scope: Scope) -> Case | None:
    """The case of a reference, or None when there is none within the scope."""
    case_id = parse_ref("case", reference)
    if case_id is None:
        return None
    return db.session.scalars(select(Case).where(Case.id == case_id, visible_to(scope))).first()


def case_page(reference: str, scope: Scope) -> CasePage | None:
    """The case with the names beside its ids, in one query; None when there is none within the scope."""
    case_id = parse_ref("case", reference)
    if case_id is None:
        return None
    statement = (
        select(
            Case, Category.name, Site.name, Site.code, Site.currency, Site.time_zone, Site.locale, Team.name, Employee.name,
            Customer.name, Customer.email, Customer.phone,
        )
        .join(Category, Category.id == Case.category_id)
        .join(Site, Site.id == Case.site_id)
        .outerjoin(Team, Team.id == Case.team_id)
        .outerjoin(Employee, Employee.id == Case.owner_id)
        .outerjoin(Customer, Customer.id == Case.customer_id)
        .where(Case.id == case_id, visible_to(scope))
    )  # fmt: skip
    row = db.session.execute(statement).first()
    return CasePage(*row) if row else None


def events(case_id: int, page: Page, kinds: Iterable[str] | None = None) -> Slice[EventRow]:
    """The timeline, newest page first; rows of a page stand oldest first."""
    statement = (
        select(
            CaseEvent.id,
            CaseEvent.at,
            CaseEvent.kind,
            CaseEvent.actor_id,
            Employee.name,
            CaseEvent.text,
            CaseEvent.data,
        )
        .outerjoin(Employee, Employee.id == CaseEvent.actor_id)
        .where(CaseEvent.case_id == case_id)
    )
    if kinds is not None:
        statement = statement.where(CaseEvent.kind.in_(tuple(kinds)))
    key = _instant_key(page)
    if key is not None:
        statement = statement.where(tuple_(CaseEvent.at, CaseEvent.id) < key)
    rows = [
        EventRow(*row)
        for row in db.session.execute(statement.order_by(CaseEvent.at.desc(), CaseEvent.id.desc()).limit(page.size + 1))
    ]
    cut = slice_of(rows, page, key=lambda row: (row.at.isoformat(), row.id))
    return Slice(tuple(reversed(cut.rows)), cut.next_cursor)


def event_counts(case_id: int) -> dict[str, int]:
    """How many lines of each kind the timeline has."""
    statement = select(CaseEvent.kind, func.count()).where(CaseEvent.case_id == case_id).group_by(CaseEvent.kind)
    return dict(db.session.execute(statement))


def cases_of_customer(customer_id: int, scope: Scope, page: Page | None = None) -> Slice[QueueRow]:
    """A customer's cases, newest first."""
    page = page or Page(size=20)
    statement = _QUEUE.where(Case.customer_id == customer_id, visible_to(scope))
    if page.after and isinstance(page.after[0], int):
        statement = statement.where(Case.id < page.after[0])
    rows = [QueueRow(*row) for row in db.session.execute(statement.order_by(Case.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def categories(*, active_only: bool = False) -> tuple[CategoryRow, ...]:
    """Every category by name."""
    statement = select(Category.id, Category.code, Category.name, Category.active, Category.version)
    if active_only:
        statement = statement.where(Category.active.is_(True))
    return tuple(CategoryRow(*row) for row in db.session.execute(statement.order_by(Category.name, Category.id)))


def search(term: str, scope: Scope, limit: int = SEARCH_MAX) -> tuple[QueueRow, ...]:
    """Cases that hold every typed word (the last one may be a beginning), newest first. Takes any text."""
    words = search_words(term)
    if not words:
        return ()
    exact = parse_ref("case", term)
    if db.session.get_bind().dialect.name == "postgresql":
        query = " & ".join((*words[:-1], words[-1] + ":*"))
        hits = text(
            "SELECT rowid FROM case_search WHERE body @@ to_tsquery('simple', :query) ORDER BY rowid DESC LIMIT :n"
        )
    else:
        query = " ".join(f'"{word}"' for word in words[:-1]) + f' "{words[-1]}"*'
        hits = text("SELECT rowid FROM case_search WHERE case_search MATCH :query ORDER BY rowid DESC LIMIT :n")
    # A scope sees a part of all hits, so look at more of them than will be shown; the bound keeps common words fast.
    found = [row[0] for row in db.session.execute(hits, {"query": query.strip(), "n": limit * 20})]
    if exact is not None:
        found.insert(0, exact)
    if not found:
        return ()
    statement = _QUEUE.where(and_(Case.id.in_(found[: limit * 20]), visible_to(scope)))
    ordered = statement.order_by(Case.id.desc()).limit(limit)
    return tuple(QueueRow(*row) for row in db.session.execute(ordered))
