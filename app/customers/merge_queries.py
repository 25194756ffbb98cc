"""Which customers are one. Everything of a customer is read over all of her numbers; nothing is rewritten by a merge."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.customers.models import Customer, CustomerMerge
from app.kernel.database import BigId, db
from app.kernel.references import ref
from app.people.models import Employee

_HOLDS = CustomerMerge.undone_at.is_(None)


def counts_as(customer_id: int) -> ColumnElement[Any]:
    """Whom a customer counts as, for a comparison within another query."""
    merged = select(CustomerMerge.root_id).where(CustomerMerge.customer_id == customer_id, _HOLDS).scalar_subquery()
    return func.coalesce(merged, customer_id)


def roots_of(customer_ids: Iterable[int]) -> dict[int, int]:
    """Whom those count as who were merged."""
    rows = db.session.execute(
        select(CustomerMerge.customer_id, CustomerMerge.root_id).where(
            CustomerMerge.customer_id.in_(customer_ids), _HOLDS
        )
    )
    return {row.customer_id: row.root_id for row in rows}


def numbers_under(customer_ids: Iterable[int | ColumnElement[Any]]) -> Select[Any]:
    """These numbers and those that count as one of them, for a comparison within another query."""
    ids = list(customer_ids)
    every = union_all(
        select(Customer.id).where(Customer.id.in_(ids)),
        select(CustomerMerge.customer_id).where(CustomerMerge.root_id.in_(ids), _HOLDS),
    ).subquery()
    return select(every.c[0])


def root_of(customer_id: int) -> int:
    """Whom a customer counts as: herself, unless she was merged."""
    return (
        db.session.scalar(select(CustomerMerge.root_id).where(CustomerMerge.customer_id == customer_id, _HOLDS))
        or customer_id
    )


def members_of(customer_id: int) -> tuple[int, ...]:
    """All numbers of one customer, ascending; one query."""
    rows = db.session.execute(
        select(CustomerMerge.customer_id, CustomerMerge.root_id).where(
            CustomerMerge.root_id == counts_as(customer_id), _HOLDS
        )
    )
    found = {customer_id}
    for row in rows:
        found |= {row.customer_id, row.root_id}
    return tuple(sorted(found))


def group_columns(customer_id: Any) -> tuple[ColumnElement[Any], ...]:
    """The numbers of the customer of a row, as two columns of another query; `members_in` reads them."""
    own, hers = aliased(CustomerMerge), aliased(CustomerMerge)
    # Said outright: by itself a query two levels down would read the row's table once more, and take any row of it.
    merged = (
        select(own.root_id)
        .where(own.customer_id == customer_id, own.undone_at.is_(None))
        .correlate_except(own)
        .scalar_subquery()
    )
    root = func.coalesce(merged, customer_id)
    others = (
        select(func.aggregate_strings(cast(hers.customer_id, String), ","))
        .where(hers.root_id == root, hers.undone_at.is_(None))
        .correlate_except(hers)
        .scalar_subquery()
    )
    return root, others


def members_in(root_id: int | None, others: str | None) -> tuple[int, ...]:
    """Read what `group_columns` gave; nobody where no customer is known."""
    if root_id is None:
        return ()
    return tuple(sorted({root_id, *(int(part) for part in (others or "").split(",") if part)}))


def numbers_within(customer_id: int) -> Select[Any]:
    """All numbers of a customer, for a comparison within another query."""
    root = counts_as(customer_id)
    merged = select(CustomerMerge.customer_id).where(CustomerMerge.root_id == root, _HOLDS)
    every = union_all(select(literal(customer_id, BigId)), select(root), merged).subquery()
    return select(every.c[0])


def is_herself() -> ColumnElement[bool]:
    """Leave out customers who count as somebody else."""
    return ~select(CustomerMerge.id).where(CustomerMerge.customer_id == Customer.id, _HOLDS).exists()


@dataclass(frozen=True, slots=True)
class MergedRow:
    """Another number of a customer: its own name and contacts, and why it was merged."""

    customer_id: int
    name: str
    email: str | None
    phone: str | None
    into_id: int
    reason: str
    at: datetime
    by: str | None

    @property
    def ref(self) -> str:
        return ref("customer", self.customer_id)


def merged_into(root_id: int) -> tuple[MergedRow, ...]:
    """Everybody who counts as this customer, the newest merge first."""
    rows = db.session.execute(
        select(
            CustomerMerge.customer_id, Customer.name, Customer.email, Customer.phone, CustomerMerge.into_id,
            CustomerMerge.reason, CustomerMerge.at, Employee.name,
        )
        .join(Customer, Customer.id == CustomerMerge.customer_id)
        .outerjoin(Employee, Employee.id == CustomerMerge.by_id)
        .where(CustomerMerge.root_id == root_id, _HOLDS)
        .order_by(CustomerMerge.id.desc())
    )  # fmt: skip
    return tuple(MergedRow(*row) for row in rows)
