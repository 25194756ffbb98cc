"""Lists that only the API has, read in the scope of who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, tuple_

from app.api.endpoints import Call
from app.api.schemas import CaseQuery, ClockQuery, CustomerIn, MoneyIn
from app.cases import queries as queues
from app.cases.queries import QueueRow
from app.customers import actions as customers
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.money import Money
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref
from app.kernel.time import iso, parse_instant
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.remedies import queries as remedies
from app.remedies.models import Remedy
from app.remedies.queries import RemedyRow
from app.sla import queries as sla
from app.sla.models import Clock
from app.sla.queries import ClockView


def clocks(scope: Scope, query: ClockQuery, page: Page, now: datetime) -> Slice[ClockView]:
    """Return clocks by due time, then id; cancelled and stopped ones only when they are asked for."""
    statement = select(Clock.id, Clock.case_id, Clock.due_at).where(Clock.due_at.is_not(None))
    if scope.kind != "company":
        statement = statement.where(at_sites(Clock.site_id, scope))
    if query.case:
        statement = statement.where(Clock.case_id == (parse_ref("case", query.case) or 0))
    if query.milestone:
        statement = statement.where(Clock.milestone == query.milestone)
    if query.open:
        statement = statement.where(Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None))
    if page.after is not None:
        due, last = page.after
        statement = statement.where(tuple_(Clock.due_at, Clock.id) > tuple_(parse_instant(str(due)), last))
    rows = db.session.execute(statement.order_by(Clock.due_at, Clock.id).limit(page.size + 1)).all()
    cut = slice_of(rows, page, key=lambda row: (iso(row.due_at), row.id))
    views = sla.clocks_of_cases({row.case_id for row in cut.rows}, now) if cut.rows else {}
    by_id = {view.id: view for found in views.values() for view in found}
    return Slice(tuple(by_id[row.id] for row in cut.rows), cut.next_cursor)


def cases(scope: Scope, query: CaseQuery, page: Page, actor: Actor, now: datetime) -> Slice[QueueRow]:
    """Return cases as the queue orders them: open ones by next due time, resolved ones latest first."""
    view = (
        "resolved"
        if query.state in ("resolved", "closed")
        else {"me": "mine", "nobody": "unowned"}.get(query.owner or "", "all")
    )
    filters = queues.Filters(
        view=view,
        category_id=category_id(query.category) if query.category else None,
        severity=query.severity,
        state=query.state,
    )
    return queues.queue(scope, filters, page, me_id=actor.id, team_id=actor.team_id, now=now)


def category_id(code: str) -> int:
    """Return the category of a code; BadInput names the field when there is none."""
    for row in queues.categories(active_only=True):
        if row.code == code:
            return row.id
    raise BadInput({"category": [_("There is no category of this code.")]})


def site_of(actor: Actor) -> int:
    """Return where the caller works: a case is logged there."""
    assert actor.site_id is not None, "a person has a site"
    return actor.site_id


def customer_of(said: CustomerIn | None, actor: Actor, now: datetime) -> int | None:
    """Find or make whom it happened to; nobody named is nobody."""
    if said is None:
        return None
    found = customers.find_or_make(name=said.name, email=said.email, site_id=actor.site_id, actor=actor, now=now)
    return found.id


def remedy(remedy_id: int, call: Call, *, version: int | None) -> RemedyRow:
    """Return a remedy of the caller's sites, as it was at `version` when one is given."""
    found = remedies.find(remedy_id, call.scope("cases.read"))
    if found is None:
        raise NotFound
    if version is not None and version != found.version:
        raise Conflict
    return found


def part_of(whole: Money, said: MoneyIn | None) -> Money | None:
    """Return the part that was accepted, or None for all of it."""
    if said is None:
        return None
    part = said.money()
    if part.currency != whole.currency or not 0 < part.minor <= whole.minor:
        raise BadInput({"amount": [_("Give more than zero and at most %(amount)s.", amount=whole.format())]})
    return part


def receipts(remedy_ids: Sequence[int]) -> dict[int, dict[str, Any] | None]:
    """Return what the judge answered for these remedies, by id."""
    if not remedy_ids:
        return {}
    rows = db.session.execute(select(Remedy.id, Remedy.decision).where(Remedy.id.in_(remedy_ids)))
    return {row.id: row.decision for row in rows}
