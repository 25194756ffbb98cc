"""Finds customers that may be one: by address, number and name, and for one customer by how the words of her name begin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from app.customers.duplicate_rules import Known, reasons, strength
from app.customers.identity_queries import beginning_with, has_email, has_phone
from app.customers.merge_models import CustomerTwo
from app.customers.merge_queries import is_herself
from app.customers.models import Customer
from app.customers.queries import visible_to
from app.customers.rules import name_key
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.search import fold
from app.people.models import Employee
from app.people.permissions import Scope

GROUPS_MAX = 100
PAIRS_MAX = 50
CANDIDATES_MAX = 100
_COLUMNS = (Customer.id, Customer.name, Customer.email, Customer.phone, Customer.site_id)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers that may be one; the older number first."""

    older: Known
    newer: Known
    reasons: tuple[str, ...]

    @property
    def older_ref(self) -> str:
        return ref("customer", self.older.id)

    @property
    def newer_ref(self) -> str:
        return ref("customer", self.newer.id)


def likely(scope: Scope) -> tuple[Pair, ...]:
    """The most likely pairs within a scope: the same address, the same number, or the same name at one site."""
    conditions = [
        _twice(Customer.email_digest, scope, Customer.email_digest.is_not(None)),
        _twice(Customer.phone_digest, scope, Customer.phone_digest.is_not(None)),
        _twice(
            Customer.name_digest,
            scope,
            Customer.site_id.is_not(None) & Customer.name_digest.is_not(None),
            beside=Customer.site_id,
        ),
    ]
    rows = db.session.execute(
        select(*_COLUMNS)
        .where(or_(*conditions), visible_to(scope), is_herself())
        .order_by(Customer.id)
        .limit(5 * GROUPS_MAX)
    )
    return _pairs(Known(*row) for row in rows)


def like_her(customer_id: int, scope: Scope) -> tuple[Pair, ...]:
    """Who may be this customer: also by nearly the same name, among those whose names begin alike."""
    row = db.session.execute(
        select(*_COLUMNS).where(Customer.id == customer_id, Customer.data_key.is_not(None))
    ).first()
    if row is None:
        return ()
    her = Known(*row)
    named: list[int] = []
    for word in sorted(fold(her.name).split(), key=len, reverse=True)[:2]:
        if len(word) > 2:
            named += beginning_with(word[:4], scope, CANDIDATES_MAX)  # as it may be misspelt later on
    either: list[ColumnElement[bool]] = [Customer.id.in_(named)]
    either += [has_email([her.email])] if her.email else []
    either += [has_phone(her.phone)] if her.phone else []
    rows = db.session.execute(
        select(*_COLUMNS)
        .where(or_(*either), Customer.id != customer_id, visible_to(scope), is_herself())
        .order_by(Customer.id)
        .limit(CANDIDATES_MAX)
    )
    return _sorted(_pair(her, Known(*other)) for other in rows)


def pair_of(one_id: int, other_id: int, scope: Scope) -> Pair | None:
    """Two customers side by side, whatever speaks for it; None unless both are in scope and count as themselves."""
    rows = db.session.execute(
        select(*_COLUMNS)
        .where(Customer.id.in_((one_id, other_id)), visible_to(scope), is_herself())
        .order_by(Customer.id)
    ).all()
    if len(rows) != 2:
        return None
    older, newer = (Known(*row) for row in rows)
    return Pair(older, newer, reasons(older, newer))


def _twice(column: Any, scope: Scope, known: ColumnElement[bool], beside: Any = None) -> ColumnElement[bool]:
    """Rows whose value more than one customer has, the newest such values first."""
    keys = [column] if beside is None else [column, beside]
    twice = (
        select(column)
        .where(known, visible_to(scope), is_herself())
        .group_by(*keys)
        .having(func.count() > 1)
        .order_by(func.max(Customer.id).desc())
        .limit(GROUPS_MAX)
    )
    return column.in_(select(twice.subquery().c[0])) & known


def _pairs(rows: Iterable[Known]) -> tuple[Pair, ...]:
    """Compare those who share something, not everybody with everybody."""
    groups: dict[tuple[str, str], list[Known]] = {}
    for row in rows:
        for kind, value in (("email", row.email), ("phone", row.phone), ("name", name_key(row.name))):
            if value:
                groups.setdefault((kind, value), []).append(row)
    found: dict[tuple[int, int], Pair | None] = {}
    for group in groups.values():
        for one, other in combinations(group[:10], 2):
            found.setdefault((one.id, other.id), _pair(one, other))
    return _sorted(found.values())


def _pair(one: Known, other: Known) -> Pair | None:
    older, newer = (one, other) if one.id < other.id else (other, one)
    why = reasons(older, newer)
    return Pair(older, newer, why) if why else None


def _sorted(pairs: Iterable[Pair | None]) -> tuple[Pair, ...]:
    found: Sequence[Pair] = [pair for pair in pairs if pair is not None]
    apart = _told_apart({pair.older.id for pair in found})
    found = [pair for pair in found if (pair.older.id, pair.newer.id) not in apart]
    return tuple(sorted(found, key=lambda pair: (-strength(pair.reasons), -pair.newer.id, pair.older.id))[:PAIRS_MAX])


def _told_apart(older_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Pairs that somebody looked at and found to be two."""
    rows = db.session.execute(
        select(CustomerTwo.older_id, CustomerTwo.newer_id).where(
            CustomerTwo.older_id.in_(older_ids), CustomerTwo.undone_at.is_(None)
        )
    )
    return {(row.older_id, row.newer_id) for row in rows}


@dataclass(frozen=True, slots=True)
class Apart:
    """That two customers are two: who said so, when and why."""

    by: str | None
    at: datetime
    reason: str


def apart(older_id: int, newer_id: int) -> Apart | None:
    """What stands on record about two customers being two."""
    row = db.session.execute(
        select(Employee.name, CustomerTwo.at, CustomerTwo.reason)
        .outerjoin(Employee, Employee.id == CustomerTwo.by_id)
        .where(
            CustomerTwo.older_id == older_id, CustomerTwo.newer_id == newer_id, CustomerTwo.undone_at.is_(None)
        )
    ).first()  # fmt: skip
    return Apart(*row) if row else None
