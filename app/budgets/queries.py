"""Reads over purses. Usage comes in at most two queries, whatever the number of windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select, true

from app.budgets.models import Hold, Purse
from app.budgets.rules import Limiting, PurseKey, Spending, Usage, purse_key
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.permissions import Scope


@dataclass(frozen=True, slots=True)
class PurseRow:
    """A purse as pages show it; minor units of its currency."""

    id: int
    key: str
    unit: str
    period: str | None
    currency: str
    site_id: int
    team_id: int | None
    employee_id: int | None
    limit_minor: int
    reserved_minor: int
    settled_minor: int

    @property
    def ref(self) -> str:
        return ref("purse", self.id)

    @property
    def left_minor(self) -> int:
        return max(0, self.limit_minor - self.reserved_minor - self.settled_minor)


_COLUMNS = (
    Purse.id, Purse.key, Purse.unit, Purse.period, Purse.currency, Purse.site_id, Purse.team_id, Purse.employee_id,
    Purse.ceiling_minor + Purse.approved_minor, Purse.reserved_minor, Purse.settled_minor,
)  # fmt: skip


def usage(rules: Sequence[Limiting], spending: Spending, at: datetime) -> dict[int, Usage]:
    """What the window of each rule holds at `at`: rule id → used."""
    keys = {rule.id: key for rule in rules if (key := purse_key(rule, spending, at))}
    if not keys:
        return {}
    found = {
        row.key: Usage(row.settled_minor, row.reserved_minor, row.approved_minor)
        for row in db.session.execute(
            select(Purse.key, Purse.settled_minor, Purse.reserved_minor, Purse.approved_minor).where(
                Purse.key.in_({key.key for key in keys.values()})
            )
        )
    }
    rolling = {key.days for key in keys.values() if key.days is not None}
    sums = _rolling(spending.customer_id, rolling, at, next(iter(keys.values())).currency) if rolling else {}
    return {
        rule_id: sums[key.days] if key.days is not None else found.get(key.key, Usage())
        for rule_id, key in keys.items()
    }


def _rolling(customer_id: int | None, lengths: set[int], at: datetime, currency: str) -> dict[int | None, Usage]:
    """What the customer was given in [at - days, at], by length, in one query."""
    columns: list[Any] = []
    order = sorted(lengths)
    for days in order:
        inside = Hold.held_at > at - timedelta(days=days)
        columns.append(func.coalesce(func.sum(Hold.counted_minor).filter(inside, Hold.state == "reserved"), 0))
        columns.append(func.coalesce(func.sum(Hold.counted_minor).filter(inside, Hold.state != "reserved"), 0))
    row = db.session.execute(
        select(*columns).where(
            Hold.customer_id == customer_id,
            Hold.currency == currency,
            Hold.held_at > at - timedelta(days=order[-1]),
        )
    ).one()
    return {days: Usage(int(row[2 * n + 1]), int(row[2 * n])) for n, days in enumerate(order)}


def rolling_counted(customer_id: int, days: int, at: datetime, currency: str) -> int:
    """What a rolling window holds, settled and reserved together; asked under the window's lock."""
    used = _rolling(customer_id, {days}, at, currency)[days]
    return used.settled_minor + used.reserved_minor


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Which purses a scope sees: one's own and one's team's; a site's; all."""
    if scope.kind == "company":
        return true()
    if scope.kind == "site":
        return Purse.site_id == scope.site_id
    mine = Purse.employee_id == scope.employee_id
    return or_(mine, Purse.team_id == scope.team_id) if scope.team_id else (mine if scope.employee_id else false())


def purses(scope: Scope, page: Page, *, period: str | None = None) -> Slice[PurseRow]:
    """Monthly purses within a scope, newest first."""
    statement = select(*_COLUMNS).where(visible_to(scope), Purse.unit.in_(("employee_month", "team_month")))
    if period:
        statement = statement.where(Purse.period == period)
    if page.after and isinstance(page.after[0], int):
        statement = statement.where(Purse.id < page.after[0])
    rows = [PurseRow(*row) for row in db.session.execute(statement.order_by(Purse.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def purse_by_key(key: PurseKey) -> PurseRow | None:
    row = db.session.execute(select(*_COLUMNS).where(Purse.key == key.key)).first()
    return PurseRow(*row) if row else None
