"""Reading promises, and how many were kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, literal, select, tuple_

from app.cases.models import Case
from app.cases.queries import visible_to
from app.kernel.database import BigId, UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.promises import rules
from app.promises.models import Promise


@dataclass(frozen=True, slots=True)
class PromiseView:
    """One promise as a page shows it."""

    id: int
    case_ref: str
    site_id: int
    team_id: int | None
    keeper_id: int
    keeper: str
    what: str
    told_to: str
    made_at: datetime
    due_at: datetime
    kept_at: datetime | None
    withdrawn_at: datetime | None
    told_at: datetime | None
    version: int
    zone: str
    state: str

    @property
    def ref(self) -> str:
        return ref("promise", self.id)

    @property
    def is_open(self) -> bool:
        return self.state in ("open", "missed")


@dataclass(frozen=True, slots=True)
class Kept:
    """Of the promises that were due in a time: how many were kept in time, and how many customers heard before a miss."""

    due_count: int
    kept_count: int
    missed_count: int
    told_count: int


_COLUMNS = (
    Promise.id,
    Promise.case_ref,
    Promise.site_id,
    Promise.team_id,
    Promise.keeper_id,
    Employee.name,
    Promise.what,
    Promise.told_to,
    Promise.made_at,
    Promise.due_at,
    Promise.kept_at,
    Promise.withdrawn_at,
    Promise.told_at,
    Promise.version,
    Site.time_zone,
)
_ROWS: Any = select(*_COLUMNS).join(Employee, Employee.id == Promise.keeper_id).join(Site, Site.id == Promise.site_id)


def of_case(case_id: int, now: datetime) -> list[PromiseView]:
    """The promises of one case, the next due first."""
    rows = db.session.execute(_ROWS.where(Promise.case_id == case_id).order_by(Promise.due_at, Promise.id))
    return [_view(row, now) for row in rows]


def of_customer(customer_ids: Sequence[int], scope: Scope, now: datetime, limit: int = 10) -> list[PromiseView]:
    """What a customer was told will happen, over all of her cases that this reader may open; the open ones first."""
    rows = db.session.execute(
        _ROWS.join(Case, Case.id == Promise.case_id)
        .where(Case.customer_id.in_(customer_ids), visible_to(scope))
        .order_by(Promise.kept_at.is_not(None), Promise.withdrawn_at.is_not(None), Promise.due_at.desc(), Promise.id)
        .limit(limit)
    )
    return [_view(row, now) for row in rows]


def promise(promise_id: int, scope: Scope, now: datetime) -> PromiseView | None:
    """One promise of the reader's scope."""
    row = db.session.execute(_ROWS.where(Promise.id == promise_id)).first()
    found = _view(row, now) if row else None
    covered = found is not None and scope.covers(site_id=found.site_id, team_id=found.team_id, owner_id=found.keeper_id)
    return found if covered else None


def open_promises(
    page: Page, *, scope: Scope, site_id: int | None, keeper_id: int | None, now: datetime
) -> Slice[PromiseView]:
    """Promises that are neither kept nor taken back, the next due first."""
    wanted = _placed(_ROWS.where(Promise.kept_at.is_(None), Promise.withdrawn_at.is_(None)), scope, site_id, keeper_id)
    after = _after(page)
    if after is not None:
        wanted = wanted.where(
            tuple_(Promise.due_at, Promise.id) > tuple_(literal(after[0], UTCDateTime), literal(after[1], BigId))
        )
    rows = db.session.execute(wanted.order_by(Promise.due_at, Promise.id).limit(page.size + 1))
    return slice_of([_view(row, now) for row in rows], page, lambda view: (iso(view.due_at), view.id))


def kept(*, scope: Scope, site_id: int | None, keeper_id: int | None, since: datetime, now: datetime) -> Kept:
    """Count the promises that were due from `since` to now. One that was taken back counts nowhere."""
    in_time = case(((Promise.kept_at.is_not(None)) & (Promise.kept_at <= Promise.due_at), 1), else_=0)
    told = case(((Promise.told_at.is_not(None)) & (Promise.told_at <= Promise.due_at), 1), else_=0)
    wanted: Any = select(func.count(), func.sum(in_time), func.sum((1 - in_time) * told)).where(
        Promise.due_at >= since, Promise.due_at <= now, Promise.withdrawn_at.is_(None)
    )
    count, good, heard = db.session.execute(_placed(wanted, scope, site_id, keeper_id)).one()
    return Kept(count, int(good or 0), count - int(good or 0), int(heard or 0))


def _placed(wanted: Select[Any], scope: Scope, site_id: int | None, keeper_id: int | None) -> Select[Any]:
    if scope.kind != "company":
        wanted = wanted.where(at_sites(Promise.site_id, scope))
    if site_id is not None:
        wanted = wanted.where(Promise.site_id == site_id)
    return wanted if keeper_id is None else wanted.where(Promise.keeper_id == keeper_id)


def _after(page: Page) -> tuple[datetime, int] | None:
    if page.after is None or len(page.after) != 2:
        return None
    at, last = page.after
    try:
        return (parse_instant(at), last) if isinstance(at, str) and isinstance(last, int) else None
    except ValueError:
        return None


def _view(row: Any, now: datetime) -> PromiseView:
    values = [*row, rules.state(row.due_at, row.kept_at, row.withdrawn_at, now)]
    return PromiseView(*values)
