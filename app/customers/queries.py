"""Reads over customers; every one takes the scope of who asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true

from app.customers.models import Customer
from app.customers.rules import email_key, name_key, phone_key
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.permissions import Scope

MATCHES_MAX = 8


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
    """One customer, or None when there is none within the scope."""
    row = db.session.execute(select(*_COLUMNS).where(Customer.id == customer_id, visible_to(scope))).first()
    return CustomerRow(*row) if row else None


def matches(term: str, scope: Scope, limit: int = MATCHES_MAX) -> tuple[CustomerRow, ...]:
    """The customers that somebody may be typing: by part of the name, start of the e-mail address, or telephone number."""
    found = _matching(term)
    if found is None:
        return ()
    statement = select(*_COLUMNS).where(found, visible_to(scope)).order_by(Customer.name_key, Customer.id).limit(limit)
    return tuple(CustomerRow(*row) for row in db.session.execute(statement))


def directory(scope: Scope, page: Page, term: str = "") -> Slice[Any]:
    """Customers by name, a page at a time."""
    statement = select(*_COLUMNS, Customer.name_key).where(visible_to(scope))
    found = _matching(term) if term.strip() else None
    if found is not None:
        statement = statement.where(found)
    if page.after and len(page.after) == 2:
        key, identity = str(page.after[0]), page.after[1]
        if isinstance(identity, int):
            statement = statement.where(
                or_(Customer.name_key > key, (Customer.name_key == key) & (Customer.id > identity))
            )
    rows = db.session.execute(statement.order_by(Customer.name_key, Customer.id).limit(page.size + 1)).all()
    cut = slice_of(rows, page, key=lambda row: (row.name_key, row.id))
    return Slice(tuple(CustomerRow(*row[:-1]) for row in cut.rows), cut.next_cursor)


def _matching(term: str) -> ColumnElement[bool] | None:
    typed = name_key(term[:100])
    if len(typed) < 2:
        return None
    ways: list[ColumnElement[bool]] = [Customer.name_key.contains(typed, autoescape=True)]
    if (address := email_key(term[:100])) and "@" in address:
        ways.append(Customer.email.startswith(address, autoescape=True))
    digits = phone_key(term[:40])
    if digits and len(digits) >= 5:
        ways.append(Customer.phone.endswith(digits.lstrip("+"), autoescape=True))
    return or_(*ways)
