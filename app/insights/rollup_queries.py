"""The company overview from the kept counts: one narrow read, whatever the number of cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from app.cases.models import Case
from app.customers.models import CustomerSegment
from app.insights.queries import CaseRow
from app.insights.rollup_models import DIMENSIONS, RollupDay, RollupMark
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of


@dataclass(frozen=True, slots=True)
class Node:
    """Counts of one value of a dimension; given: minor units by site, since each has its own currency."""

    resolved: int = 0
    severe: int = 0
    answered: int = 0
    satisfied: int = 0
    given: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: "Node") -> "Node":
        given = dict(self.given)
        for site_id, minor in other.given:
            given[site_id] = given.get(site_id, 0) + minor
        return Node(
            self.resolved + other.resolved, self.severe + other.severe, self.answered + other.answered,
            self.satisfied + other.satisfied, tuple(sorted(given.items())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overview:
    """dimension → value → counts, and the whole by week (its Monday) and by site. Every dimension adds up to the whole."""

    whole: Node
    sites: dict[int, Node]
    weeks: dict[date, Node]
    parts: dict[str, dict[str, Node]]


def overview(site_ids: Sequence[int], first: date, last: date) -> Overview:
    """Add up the days from first to last, both included, in two narrow reads."""
    sums = [
        func.sum(column)
        for column in (
            RollupDay.resolved, RollupDay.severe, RollupDay.answered, RollupDay.satisfied, RollupDay.given_minor
        )
    ]  # fmt: skip
    within = (RollupDay.site_id.in_(site_ids), RollupDay.day.between(first, last))
    parts: dict[str, dict[str, Node]] = {name: {} for name in DIMENSIONS if name != "all"}
    split = (
        select(RollupDay.dimension, RollupDay.value, RollupDay.site_id, *sums)
        .where(*within, RollupDay.dimension.in_(list(parts)))
        .group_by(RollupDay.dimension, RollupDay.value, RollupDay.site_id)
    )
    for dimension, value, site_id, *counts in db.session.execute(split):
        parts[dimension][value] = parts[dimension].get(value, Node()) + _node(site_id, counts)
    whole = Node()
    sites: dict[int, Node] = {}
    weeks: dict[date, Node] = {}
    days = (
        select(RollupDay.day, RollupDay.site_id, *sums)
        .where(*within, RollupDay.dimension == "all")
        .group_by(RollupDay.day, RollupDay.site_id)
    )
    for day, site_id, *counts in db.session.execute(days):
        node, monday = _node(site_id, counts), day - timedelta(days=day.weekday())
        whole += node
        sites[site_id] = sites.get(site_id, Node()) + node
        weeks[monday] = weeks.get(monday, Node()) + node
    return Overview(whole, sites, dict(sorted(weeks.items())), parts)


def _node(site_id: int, counts: Sequence[Any]) -> Node:
    resolved, severe, answered, satisfied, given = (int(value or 0) for value in counts)
    return Node(resolved, severe, answered, satisfied, ((site_id, given),) if given else ())


def folded_at() -> datetime | None:
    """When the days were brought up to date last."""
    return db.session.scalar(select(RollupMark.folded_at).where(RollupMark.id == 1))


_COLUMNS: dict[str, Any] = {
    "team": Case.team_id, "stage": Case.journey_stage, "cause": Case.root_cause, "segment": CustomerSegment.segment,
    "severity": Case.severity, "channel": Case.channel,
}  # fmt: skip


def cases_of(
    site_ids: Sequence[int], first: date, last: date, dimension: str, value: str | None, page: Page
) -> Slice[CaseRow]:
    """The resolved cases that a node counts, the newest first; value None: of every value."""
    start, end = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    wanted = (
        select(
            Case.id, Case.id, Case.summary, Case.severity, Case.site_id, Case.team_id, Case.resolved_at, Case.outcome
        )
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Case.customer_id)
        .where(Case.site_id.in_(site_ids), Case.resolved_at >= start, Case.resolved_at < end)
        .where(Case.severity > 0, Case.historic.is_(False))
    )
    if dimension in _COLUMNS and value is not None:
        column = _COLUMNS[dimension]
        known: Any = int(value) if dimension in ("team", "severity") and value.isdigit() else value
        wanted = wanted.where(column == known if value else column.is_(None))
    if page.after and isinstance(page.after[0], int):
        wanted = wanted.where(Case.id < page.after[0])
    rows: Any = db.session.execute(wanted.order_by(Case.id.desc()).limit(page.size + 1))
    return slice_of([CaseRow(*row) for row in rows], page, key=lambda row: (row.key,))
