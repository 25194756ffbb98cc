"""Which customers are in which segment; by reference, since whoever keeps segments need not read customers."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ScalarSelect, Select, bindparam, func, select
from sqlalchemy.orm import aliased

from app.customers.merge_queries import group_columns
from app.customers.models import CustomerSegment
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.models import Employee


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One customer's segment, and who put them there."""

    customer_id: int
    segment: str
    set_at: datetime
    set_by: str | None

    @property
    def customer_ref(self) -> str:
        return ref("customer", self.customer_id)


def segments() -> tuple[tuple[str, int], ...]:
    """Every segment that is in use with how many customers are in it, by name."""
    rows = db.session.execute(
        select(CustomerSegment.segment, func.count())
        .group_by(CustomerSegment.segment)
        .order_by(CustomerSegment.segment)
        .limit(200)
    )
    return tuple((name, int(count)) for name, count in rows)


def members(segment: str | None, page: Page) -> Slice[SegmentRow]:
    """Customers of a segment, or of any, by their number."""
    statement = (
        select(CustomerSegment.customer_id, CustomerSegment.segment, CustomerSegment.set_at, Employee.name)
        .outerjoin(Employee, Employee.id == CustomerSegment.set_by_id)
        .order_by(CustomerSegment.customer_id)
        .limit(page.size + 1)
    )
    if segment:
        statement = statement.where(CustomerSegment.segment == segment)
    if page.after is not None and type(page.after[0]) is int:
        statement = statement.where(CustomerSegment.customer_id > page.after[0])
    rows = [SegmentRow(*row) for row in db.session.execute(statement)]
    return slice_of(rows, page, lambda row: (row.customer_id,))


def segment_of(customer_id: int) -> str | None:
    """By which rules and targets may be narrowed; None where there is none."""
    found: str | None = db.session.scalar(_segment_of(), {"segment_customer": customer_id})
    return found


@cache
def _segment_of() -> Select[Any]:
    # Put together once: every event of a case asks it, and building it costs ten times what asking does.
    return select(segment_column(bindparam("segment_customer", type_=BigInteger)))


def segment_column(customer_id: Any) -> ScalarSelect[str]:
    """The segment of the customer of a row as a column of another query: of her own and of whom she counts as, the last set."""
    held = aliased(CustomerSegment)
    root, _others = group_columns(customer_id)
    return (
        select(held.segment)
        .where(held.customer_id.in_((customer_id, root)))
        .order_by(held.set_at.desc(), held.customer_id)
        .limit(1)
        .correlate_except(held)
        .scalar_subquery()
    )
