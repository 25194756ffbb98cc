"""Reads over check-backs: one's own, a site's, a customer's, and those to remind of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, select, tuple_

from app.customers.models import CheckBack, Customer
from app.kernel.database import BigId, UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites


@dataclass(frozen=True, slots=True)
class CheckBackRow:
    """One check-back as pages show it."""

    id: int
    customer_id: int
    customer: str
    phone: str | None
    email: str | None
    case_id: int | None
    owner_id: int
    owner: str
    channel: str
    what: str
    due_at: datetime
    done_at: datetime | None
    note: str | None
    version: int
    zone: str
    site_id: int

    @property
    def ref(self) -> str:
        return ref("check_back", self.id)

    @property
    def customer_ref(self) -> str:
        return ref("customer", self.customer_id)

    @property
    def case_ref(self) -> str | None:
        return ref("case", self.case_id) if self.case_id else None


_ROWS: Any = (
    select(
        CheckBack.id, CheckBack.customer_id, Customer.name, Customer.phone, Customer.email, CheckBack.case_id,
        CheckBack.owner_id, Employee.name, CheckBack.channel, CheckBack.what, CheckBack.due_at, CheckBack.done_at,
        CheckBack.note, CheckBack.version, Site.time_zone, CheckBack.site_id,
    )
    .join(Customer, Customer.id == CheckBack.customer_id)
    .join(Employee, Employee.id == CheckBack.owner_id)
    .join(Site, Site.id == CheckBack.site_id)
)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """A check-back is seen with its site."""
    return at_sites(CheckBack.site_id, scope)


def check_back(task_id: int, scope: Scope) -> CheckBackRow | None:
    row = db.session.execute(_ROWS.where(CheckBack.id == task_id, visible_to(scope))).first()
    return CheckBackRow(*row) if row else None


def open_ones(scope: Scope, page: Page, *, owner_id: int | None = None) -> Slice[CheckBackRow]:
    """What is still to do, the next due first."""
    wanted = _ROWS.where(CheckBack.done_at.is_(None), visible_to(scope))
    if owner_id is not None:
        wanted = wanted.where(CheckBack.owner_id == owner_id)
    after = _after(page)
    if after is not None:
        begin = tuple_(literal(after[0], UTCDateTime), literal(after[1], BigId))
        wanted = wanted.where(tuple_(CheckBack.due_at, CheckBack.id) > begin)
    rows = db.session.execute(wanted.order_by(CheckBack.due_at, CheckBack.id).limit(page.size + 1))
    return slice_of([CheckBackRow(*row) for row in rows], page, lambda row: (iso(row.due_at), row.id))


def of_customer(customer_ids: Sequence[int], scope: Scope, limit: int = 10) -> tuple[CheckBackRow, ...]:
    """What was planned with a customer under any of her numbers: the open ones first."""
    rows = db.session.execute(
        _ROWS.where(CheckBack.customer_id.in_(customer_ids), visible_to(scope))
        .order_by(CheckBack.done_at.is_not(None), CheckBack.due_at, CheckBack.id)
        .limit(limit)
    )
    return tuple(CheckBackRow(*row) for row in rows)


def due_to_remind(now: datetime, limit: int) -> list[int]:
    return list(
        db.session.scalars(
            select(CheckBack.id)
            .where(CheckBack.done_at.is_(None), CheckBack.reminded_at.is_(None), CheckBack.due_at <= now)
            .order_by(CheckBack.due_at, CheckBack.id)
            .limit(limit)
        )
    )


def _after(page: Page) -> tuple[datetime, int] | None:
    if not page.after or len(page.after) != 2:
        return None
    at, identity = page.after
    if not isinstance(at, str) or type(identity) is not int or abs(identity) >= 2**63:
        return None
    try:
        return parse_instant(at), identity
    except (ValueError, OverflowError):
        return None
