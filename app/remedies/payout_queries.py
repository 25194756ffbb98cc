"""Reads over payouts, each within the reader's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.remedies.models import Remedy
from app.remedies.payout_models import Payout, PayoutEvent, PayoutRoute

# Which states a tab of the list shows; None: all of them.
VIEWS: dict[str, tuple[str, ...] | None] = {
    "mine": ("pending", "failed"),
    "open": ("pending", "sent"),
    "failed": ("failed",),
    "done": ("confirmed", "given_up", "cancelled"),
    "all": None,
}


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout as lists and its own page show it."""

    id: int
    remedy_id: int
    case_id: int
    site_id: int
    kind: str
    amount_minor: int
    currency: str
    connector: str
    round: int
    state: str
    is_unknown: bool
    by_hand: bool
    payment_ref: str | None
    provider_ref: str | None
    created_at: datetime
    changed_at: datetime
    giver_id: int | None
    giver: str | None
    remedy_state: str
    site: str

    @property
    def ref(self) -> str:
        return ref("payout", self.id)

    @property
    def remedy_ref(self) -> str:
        return ref("remedy", self.remedy_id)

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class EventRow:
    what: str
    round: int
    at: datetime
    actor: str | None
    reference: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class RouteRow:
    id: int
    site_id: int | None
    site: str | None
    kind: str | None
    connector: str


_ROWS: Any = (
    select(
        Payout.id, Payout.remedy_id, Payout.case_id, Payout.site_id, Payout.kind, Payout.amount_minor, Payout.currency,
        Payout.connector, Payout.round, Payout.state, Payout.is_unknown, Payout.by_hand, Payout.payment_ref,
        Payout.provider_ref, Payout.created_at, Payout.changed_at, Remedy.employee_id, Employee.name, Remedy.state,
        Site.name,
    )
    .join(Remedy, Remedy.id == Payout.remedy_id)
    .join(Site, Site.id == Payout.site_id)
    .outerjoin(Employee, Employee.id == Remedy.employee_id)
)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Payouts are seen with their site."""
    return at_sites(Payout.site_id, scope)


COUNT_MAX = 101


def payouts(scope: Scope, view: str, page: Page, me_id: int | None) -> Slice[PayoutRow]:
    """One tab of the list, the newest first; "mine" are those that wait for something and that this person gave."""
    statement = _ROWS.where(visible_to(scope)).order_by(Payout.id.desc()).limit(page.size + 1)
    states = VIEWS[view]
    if states is not None:
        statement = statement.where(Payout.state.in_(states))
    if view == "mine":
        statement = statement.where(Remedy.employee_id == (me_id or 0))
    if page.after is not None and isinstance(page.after[0], int):
        statement = statement.where(Payout.id < page.after[0])
    return slice_of([PayoutRow(*row) for row in db.session.execute(statement)], page, lambda row: (row.id,))


def payouts_of(scope: Scope, page: Page, *, state: str | None, case_id: int | None) -> Slice[PayoutRow]:
    """Payouts, the newest first; of one state or one case where it is named."""
    statement = _ROWS.where(visible_to(scope)).order_by(Payout.id.desc()).limit(page.size + 1)
    if state is not None:
        statement = statement.where(Payout.state == state)
    if case_id is not None:
        statement = statement.where(Payout.case_id == case_id)
    if page.after is not None and isinstance(page.after[0], int):
        statement = statement.where(Payout.id < page.after[0])
    return slice_of([PayoutRow(*row) for row in db.session.execute(statement)], page, lambda row: (row.id,))


def waiting_count(scope: Scope, *, giver_id: int | None) -> int:
    """How many payouts wait for somebody, at most COUNT_MAX: to be paid by hand or failed; of one giver, or failed ones."""
    wanted = select(Payout.id).where(visible_to(scope))
    if giver_id is None:
        wanted = wanted.where(Payout.state == "failed")
    else:
        wanted = wanted.where(Payout.state.in_(("pending", "failed")))
        wanted = wanted.join(Remedy, Remedy.id == Payout.remedy_id).where(Remedy.employee_id == giver_id)
    return db.session.scalar(select(func.count()).select_from(wanted.limit(COUNT_MAX).subquery())) or 0


def find(payout_id: int, scope: Scope) -> PayoutRow | None:
    row = db.session.execute(_ROWS.where(Payout.id == payout_id, visible_to(scope))).first()
    return PayoutRow(*row) if row else None


def of_remedies(remedy_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Remedy → (its payout's id, state), in one query; the caller has checked the scope."""
    wanted = list(remedy_ids)
    if not wanted:
        return {}
    rows = db.session.execute(select(Payout.remedy_id, Payout.id, Payout.state).where(Payout.remedy_id.in_(wanted)))
    return {row.remedy_id: (row.id, row.state) for row in rows}


def history(payout_id: int) -> tuple[EventRow, ...]:
    """A payout's history, oldest first."""
    rows = db.session.execute(
        select(
            PayoutEvent.what, PayoutEvent.round, PayoutEvent.at, Employee.name, PayoutEvent.reference, PayoutEvent.note
        )
        .outerjoin(Employee, Employee.id == PayoutEvent.actor_id)
        .where(PayoutEvent.payout_id == payout_id)
        .order_by(PayoutEvent.id)
        .limit(200)
    )
    return tuple(EventRow(*row) for row in rows)


def routes() -> tuple[RouteRow, ...]:
    """Which way is taken where; the settings page shows all of them."""
    rows = db.session.execute(
        select(PayoutRoute.id, PayoutRoute.site_id, Site.name, PayoutRoute.kind, PayoutRoute.connector)
        .outerjoin(Site, Site.id == PayoutRoute.site_id)
        .order_by(PayoutRoute.site_id.is_(None), PayoutRoute.site_id, PayoutRoute.kind, PayoutRoute.id)
        .limit(500)
    )
    return tuple(RouteRow(*row) for row in rows)
