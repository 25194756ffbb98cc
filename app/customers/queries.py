"""Reads over customers; every one takes the scope of who asks."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, or_, select, true

from app.customers.identity_queries import typed_rows
from app.customers.look_models import CustomerLook
from app.customers.merge_queries import counts_as, group_columns, is_herself, members_in, numbers_under, roots_of
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref, ref
from app.people.models import Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites

MATCHES_MAX = 8
# The newest of those whom a search finds: more than any page shows, and bounded for very common words.
FOUND_MAX = 500
# Of so many of them, the newest, a search among other records looks up what belongs to them.
RECORDS_OF_MAX = 200


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
    is_looked_at: bool = False

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
    if scope.site_id is None and scope.kind != "region":
        return false()
    return or_(at_sites(Customer.site_id, scope), Customer.site_id.is_(None))


def card(customer_id: int, scope: Scope, look: tuple[int, date] | None = None) -> CustomerRow | None:
    """One customer, or None when there is none within the scope; who was merged answers as whom she counts as now.

    look: a reader and a day, to learn whether a look of theirs is recorded for it.
    """
    looked = is_looked_at(Customer.id, *look) if look else false()
    row = db.session.execute(
        select(*_COLUMNS, *group_columns(Customer.id), Site.name, looked)
        .outerjoin(Site, Site.id == Customer.site_id)
        .where(Customer.id == counts_as(customer_id), visible_to(scope))
    ).first()
    if row is None:
        return None
    numbers = members_in(row[-4], row[-3])
    return replace(CustomerRow(*row[:-4]), numbers=numbers, site=row[-2], is_looked_at=bool(row[-1]))


def is_looked_at(customer_id: Any, employee_id: int, day: date) -> ColumnElement[bool]:
    """Tell whether the look of this reader at this customer is recorded for the day, as a column of another query."""
    return exists().where(
        CustomerLook.customer_id == customer_id, CustomerLook.employee_id == employee_id, CustomerLook.day >= day
    )


def matches(term: str, scope: Scope, limit: int = MATCHES_MAX) -> tuple[CustomerRow, ...]:
    """The customers that somebody may be typing: every word begins one of the name or address, or the digits are theirs."""
    found = typed_rows(term, scope, 4 * limit, *_COLUMNS, seen=visible_to(scope))  # some of them may be one
    if parse_ref("customer", term) is None and all(row.counts_as == row.typed_id for row in found):
        return tuple(CustomerRow(*row[: len(_COLUMNS)]) for row in found[:limit])
    ids = _with_exact({row.counts_as for row in found}, term)
    statement = select(*_COLUMNS).where(Customer.id.in_(ids), visible_to(scope), is_herself())
    rows = db.session.execute(statement.order_by(Customer.id.desc()).limit(limit))
    return tuple(CustomerRow(*row) for row in rows)


def directory(scope: Scope, page: Page, term: str = "") -> Slice[CustomerRow]:
    """Customers, the newest first, a page at a time; with a term those that it may begin."""
    statement = select(*_COLUMNS).where(visible_to(scope), is_herself())
    if term.strip():
        ids = {row.counts_as for row in typed_rows(term, scope, FOUND_MAX, seen=visible_to(scope))}
        statement = statement.where(Customer.id.in_(_with_exact(ids, term)))
    if page.after and len(page.after) == 1 and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(Customer.id < page.after[0])
    rows = db.session.execute(statement.order_by(Customer.id.desc()).limit(page.size + 1))
    return slice_of([CustomerRow(*row) for row in rows], page, key=lambda row: (row.id,))


def numbers_found(term: str, scope: Scope) -> Select[Any] | None:
    """All numbers of the customers that somebody may be typing, for a comparison within another query: records made under
    any of them are found by each of their names. None where nobody is found."""
    found = [row.typed_id for row in typed_rows(term, scope, RECORDS_OF_MAX)]
    return numbers_under(found) if found else None


def _with_exact(found: set[int], term: str) -> set[int]:
    """Add the customer whose own reference is typed, as whom they count as."""
    exact = parse_ref("customer", term)
    return found if exact is None else found | {roots_of([exact]).get(exact, exact)}
