"""Lists that only the API has, read in the scope of who asks."""

from datetime import datetime

from sqlalchemy import select, tuple_

from app.api.schemas import ClockQuery
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref
from app.kernel.time import iso, parse_instant
from app.people.permissions import Scope
from app.sla import queries as sla
from app.sla.models import Clock
from app.sla.queries import ClockView


def clocks(scope: Scope, query: ClockQuery, page: Page, now: datetime) -> Slice[ClockView]:
    """Return clocks by due time, then id; cancelled and stopped ones only when they are asked for."""
    statement = select(Clock.id, Clock.case_id, Clock.due_at).where(Clock.due_at.is_not(None))
    if scope.kind != "company":
        statement = statement.where(Clock.site_id == scope.site_id)
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
