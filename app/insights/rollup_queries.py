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


_SUMS = tuple(
    func.sum(column)
    for column in (
        RollupDay.resolved, RollupDay.severe, RollupDay.answered, RollupDay.satisfied, RollupDay.given_minor
    )
)  # fmt: skip


def overview(site_ids: Sequence[int], first: date, last: date, dimensions: Sequence[str] = DIMENSIONS[1:]) -> Overview:
    """Add up the days from first to last, both included; reads only the dimensions that are asked for, and the whole."""
    within = (RollupDay.site_id.in_(site_ids), RollupDay.day.between(first, last))
    parts: dict[str, dict[str, _Sums]] = {name: {} for name in dimensions}
    if parts:
        split = (
            select(RollupDay.dimension, RollupDay.value, RollupDay.site_id, *_SUMS)
            .where(*within, RollupDay.dimension.in_(list(parts)))
            .group_by(RollupDay.dimension, RollupDay.value, RollupDay.site_id)
        )
        for dimension, value, site_id, *counts in db.session.execute(split):
            parts[dimension].setdefault(value, _Sums()).add(site_id, counts)
    whole = _Sums()
    sites: dict[int, _Sums] = {}
    weeks: dict[date, _Sums] = {}
    days = (
        select(RollupDay.day, RollupDay.site_id, *_SUMS)
        .where(*within, RollupDay.dimension == "all")
        .group_by(RollupDay.day, RollupDay.site_id)
    )
    cells: dict[tuple[date, int], list[int]] = {}
    for day, site_id, *counts in db.session.execute(days):
        cell = cells.setdefault((day - timedelta(days=day.weekday()), site_id), [0] * len(counts))
        for place, more in enumerate(counts):
            cell[place] += more
    for (monday, site_id), counts in cells.items():
        for sums in (whole, sites.setdefault(site_id, _Sums()), weeks.setdefault(monday, _Sums())):
            sums.add(site_id, counts)
    return Overview(
        whole.node(),
        {site_id: sums.node() for site_id, sums in sites.items()},
        {monday: weeks[monday].node() for monday in sorted(weeks)},
        {name: {value: sums.node() for value, sums in found.items()} for name, found in parts.items()},
    )


class _Sums:
    """Counts while they are added up."""

    def __init__(self) -> None:
        self.counts = [0, 0, 0, 0]
        self.given: dict[int, int] = {}

    def add(self, site_id: int, counts: Sequence[Any]) -> None:
        self.counts = [before + int(more) for before, more in zip(self.counts, counts, strict=False)]
        if counts[4]:
            self.given[site_id] = self.given.get(site_id, 0) + int(counts[4])

    def node(self) -> Node:
        resolved, severe, answered, satisfied = self.counts
        return Node(resolved, severe, answered, satisfied, tuple(sorted(self.given.items())))


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
