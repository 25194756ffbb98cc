"""Reads over customers; every one takes the scope of who asks."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, true

from app.customers.identity_queries import typed_ids
from app.customers.merge_queries import counts_as, group_columns, is_herself, members_in, merged_numbers, roots_of
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref, ref
from app.people.models import Site
from app.people.permissions import Scope

MATCHES_MAX = 8
# The newest of those whom a search finds: more than any page shows, and bounded for very common words.
FOUND_MAX = 500


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer as lists and pages show one."""

    id: int
    name: str
    email: str | None
    phone: str | None
    language: str | None
    site_id: int | None
    created_at: datetime
    version: int
    # Where one customer was asked for: all numbers that she is known by, and the name of her site.
    numbers: tuple[int, ...] = ()
    site: str | None = None

    @property
    def ref(self) -> str:
        return ref("customer", self.id)


_COLUMNS = (
    Customer.id,
    Customer.name,
    Customer.email,
    Customer.phone,
    Customer.language,
    Customer.site_id,
    Customer.created_at,
    Customer.version,
)


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """The one rule for which customers a scope sees: the company's own, and those of no site."""
    if scope.kind == "company":
        return true()
    if scope.site_id is None:
        return false()
    return or_(Customer.site_id == scope.site_id, Customer.site_id.is_(None))


def card(customer_id: int, scope: Scope) -> CustomerRow | None:
    """One customer, or None when there is none within the scope; who was merged answers as whom she counts as now."""
    row = db.session.execute(
        select(*_COLUMNS, *group_columns(Customer.id), Site.name)
        .outerjoin(Site, Site.id == Customer.site_id)
        .where(Customer.id == counts_as(customer_id), visible_to(scope))
    ).first()
    return replace(CustomerRow(*row[:-3]), numbers=members_in(row[-3], row[-2]), site=row[-1]) if row else None


def matches(term: str, scope: Scope, limit: int = MATCHES_MAX) -> tuple[CustomerRow, ...]:
    """The customers that somebody may be typing: every word begins one of the name, address or telephone number."""
    found = _found(term, scope)
    if not found:
        return ()
    statement = select(*_COLUMNS).where(Customer.id.in_(_themselves(found)), visible_to(scope))
    rows = db.session.execute(statement.order_by(Customer.id.desc()).limit(limit))
    return tuple(CustomerRow(*row) for row in rows)


def directory(scope: Scope, page: Page, term: str = "") -> Slice[CustomerRow]:
    """Customers, the newest first, a page at a time; with a term those that it may begin."""
    statement = select(*_COLUMNS).where(visible_to(scope), is_herself())
    if term.strip():
        statement = statement.where(Customer.id.in_(_themselves(_found(term, scope))))
    if page.after and len(page.after) == 1 and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(Customer.id < page.after[0])
    rows = db.session.execute(statement.order_by(Customer.id.desc()).limit(page.size + 1))
    return slice_of([CustomerRow(*row) for row in rows], page, key=lambda row: (row.id,))


def numbers_found(term: str, scope: Scope) -> list[int]:
    """All numbers of the customers that somebody may be typing, so that their records are found by any of their names."""
    found = typed_ids(term, scope, FOUND_MAX)
    return [*found, *merged_numbers(found)] if found else []


def _themselves(found: list[int]) -> list[int]:
    """Put whom they count as in place of customers who were merged: an old name or address finds her too."""
    roots = roots_of(found)
    return [roots.get(one, one) for one in found]


def _found(term: str, scope: Scope) -> list[int]:
    exact = parse_ref("customer", term)
    found = typed_ids(term, scope, FOUND_MAX)
    return found if exact is None else [exact, *found]
