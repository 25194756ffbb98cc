"""Finds customers by digests, since nothing in the database can be compared with what somebody types; what is found is opened
and looked at, so that a digest that two texts share shows nobody wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import aliased

from app.customers.merge_queries import group_columns
from app.customers.models import Customer, CustomerToken
from app.customers.rules import email_key, typed
from app.kernel import personal
from app.kernel.database import db
from app.people.permissions import Scope, sites_of

# Of a part that so many customers have, no more are counted; and so many candidates, the newest, are opened.
PROBE = 2_000
CANDIDATES_MAX = 500


@dataclass(frozen=True, slots=True)
class WithEmail:
    customer_id: int
    email: str


def with_emails(addresses: Iterable[str | None]) -> tuple[WithEmail, ...]:
    """Customers of every site who have one of these addresses, by number; one query, or none without an address."""
    keys = {key for address in addresses if (key := email_key(address))}
    if not keys:
        return ()
    rows = db.session.execute(select(Customer.id, Customer.email).where(has_email(keys)).order_by(Customer.id))
    return tuple(WithEmail(row.id, row.email) for row in rows if row.email in keys)


def has_email(addresses: Iterable[str | None]) -> ColumnElement[bool]:
    """The condition by which customers with one of these addresses are looked up; open and compare what it finds."""
    secrets_ = personal.configured()
    keys = {key for address in addresses if (key := email_key(address))}
    return Customer.email_digest.in_([one for key in keys for one in personal.digests(f"email:{key}", secrets_)])


def has_phone(number: str) -> ColumnElement[bool]:
    """The condition for customers with a number, as `phone_key` gives it."""
    return Customer.phone_digest.in_(personal.digests(f"phone:{number}", personal.configured()))


def typed_rows(
    term: str, scope: Scope, limit: int, *columns: Any, seen: ColumnElement[bool] | None = None
) -> list[Any]:
    """The newest customers whom somebody may be typing, newest first: these columns, then whom they count as.

    The scope only makes the search shorter; `seen` says which customers may be read.
    """
    said = typed(term)
    found: dict[int, Any] = {}
    for wanted in said.wanted:
        for row in _candidates(wanted, scope, limit if said.is_whole else CANDIDATES_MAX, columns, seen):
            if said.means(row.typed_name, row.typed_email, row.typed_phone):
                found[row.typed_id] = row
    return [row for _id, row in sorted(found.items(), reverse=True)][:limit]


def beginning_with(word: str, scope: Scope, limit: int) -> list[int]:
    """The newest customers with a word that begins like this one, of at most eight letters."""
    return [row.typed_id for row in _candidates((f"w:{word}",), scope, limit)]


def _candidates(
    parts: Iterable[str],
    scope: Scope,
    limit: int,
    columns: Sequence[Any] = (),
    seen: ColumnElement[bool] | None = None,
) -> Sequence[Any]:
    """Who has all of these parts, the rarest looked up first: a part that half of all customers have is only compared."""
    each = [personal.digests(part, personal.configured()) for part in sorted(parts)]
    if len(each) > 1:
        each, limit = _rarest_first(each, limit)
    if not each:
        return ()
    first = aliased(CustomerToken)
    statement = (
        select(
            *columns,
            group_columns(Customer.id)[0].label("counts_as"),
            Customer.id.label("typed_id"),
            Customer.name.label("typed_name"),
            Customer.email.label("typed_email"),
            Customer.phone.label("typed_phone"),
        )
        .join(first, first.customer_id == Customer.id)
        .where(first.digest.in_(each[0]), _within(first, scope), true() if seen is None else seen)
        .order_by(first.customer_id.desc())
        .limit(limit)
    )
    for digests in each[1:]:
        other = aliased(CustomerToken)
        statement = statement.join(other, other.customer_id == first.customer_id).where(other.digest.in_(digests))
    return db.session.execute(statement).all()


def _rarest_first(each: list[tuple[int, ...]], limit: int) -> tuple[list[tuple[int, ...]], int]:
    """Order parts by how many customers have them, counting no further than PROBE, and say how many candidates to open;
    nothing when nobody has one of them."""
    counted = [
        select(func.count())
        .select_from(select(CustomerToken.customer_id).where(CustomerToken.digest.in_(one)).limit(PROBE).subquery())
        .scalar_subquery()
        for one in each
    ]
    counts = db.session.execute(select(*counted)).one()
    if min(counts) == 0:
        return [], 0
    ordered = [one for _count, one in sorted(zip(counts, each, strict=True), key=lambda pair: pair[0])]
    # Where all who have the rarest part can be opened, the others are compared then.
    return (ordered[:1], CANDIDATES_MAX) if min(counts) <= CANDIDATES_MAX else (ordered, limit)


def _within(token: Any, scope: Scope) -> ColumnElement[bool]:
    """Only makes a search shorter: whoever asks filters what comes back by their own scope."""
    if scope.kind not in ("site", "team", "own"):
        return true()
    return token.site_id.in_((*(sites_of(scope) or ()), 0))  # type: ignore[no-any-return]
