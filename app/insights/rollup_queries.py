"""The company overview from the kept counts: one narrow read, whatever the number of cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import String, bindparam, func, literal_column, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

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


_DAYS = RollupDay.__table__.c
_COUNTS = tuple(func.sum(_DAYS[name]) for name in ("resolved", "severe", "answered", "satisfied", "given_minor"))
_WITHIN = (
    _DAYS.site_id.in_(bindparam("site_ids", expanding=True)),
    _DAYS.day.between(bindparam("first"), bindparam("last")),
)


class _monday(GenericFunction[str]):
    """The Monday of a day's week, as text: YYYY-MM-DD."""

    type = String()
    inherit_cache = True
    name = "insights_monday"


@compiles(_monday, "postgresql")
def _postgresql(element: Any, compiler: Any, **given: Any) -> str:
    return f"to_char(date_trunc('week', {compiler.process(element.clauses, **given)}), 'YYYY-MM-DD')"


@compiles(_monday, "sqlite")
def _sqlite(element: Any, compiler: Any, **given: Any) -> str:
    return f"date({compiler.process(element.clauses, **given)}, '-6 days', 'weekday 1')"


def _by(dimension: Any, value: Any) -> Any:
    """Counts by dimension, value and site, with the dimension's own rows alone."""
    return select(dimension, value.label("value"), _DAYS.site_id, *_COUNTS).where(*_WITHIN)


# Made once: of the whole by week, and of the dimensions that are asked for.
_WEEK = _monday(_DAYS.day)
_WHOLE = (
    _by(literal_column("'all'").label("dimension"), _WEEK)
    .where(_DAYS.dimension == "all")
    .group_by(_WEEK, _DAYS.site_id)
)
_PARTS = (
    _by(_DAYS.dimension, _DAYS.value)
    .where(_DAYS.dimension.in_(bindparam("dimensions", expanding=True)))
    .group_by(_DAYS.dimension, _DAYS.value, _DAYS.site_id)
)
_BOTH = union_all(_WHOLE, _PARTS)


def overview(site_ids: Sequence[int], first: date, last: date, dimensions: Sequence[str] = DIMENSIONS[1:]) -> Overview:
    """Add up the days from first to last, both included, in one statement: the dimensions that are asked for, and the whole."""
    parts: dict[str, dict[str, _Sums]] = {name: {} for name in dimensions}
    asked = {"site_ids": list(site_ids), "first": first, "last": last}
    if parts:
        asked["dimensions"] = list(parts)
    whole = _Sums()
    sites: dict[int, _Sums] = {}
    weeks: dict[str, _Sums] = {}
    for dimension, value, site_id, *counts in db.session.connection().execute(_BOTH if parts else _WHOLE, asked):
        if dimension != "all":
            parts[dimension].setdefault(value, _Sums()).add(site_id, counts)
            continue
        for sums in (whole, sites.setdefault(site_id, _Sums()), weeks.setdefault(value, _Sums())):
            sums.add(site_id, counts)
    return Overview(
        whole.node(),
        {site_id: sums.node() for site_id, sums in sites.items()},
        {date.fromisoformat(monday): weeks[monday].node() for monday in sorted(weeks)},
        {name: {value: sums.node() for value, sums in found.items()} for name, found in parts.items()},
    )


class _Sums:
    """Counts while they are added up."""

    def __init__(self) -> None:
        self.counts = [0, 0, 0, 0]
        self.given: dict[int, int] = {}

    def add(self, site_id: int, counts: Sequence[Any]) -> None:
        resolved, severe, answered, satisfied, given_minor = map(int, counts)
        mine = self.counts
        mine[0] += resolved
        mine[1] += severe
        mine[2] += answered
        mine[3] += satisfied
        if given_minor:
            self.given[site_id] = self.given.get(site_id, 0) + given_minor

    def node(self) -> Node:
        resolved, severe, answered, satisfied = self.counts
        return Node(resolved, severe, answered, satisfied, tuple(sorted(self.given.items())))


_MARK = select(RollupMark.entry_id, RollupMark.folded_at).where(RollupMark.id == 1)


def mark() -> tuple[int, datetime] | None:
    """What the kept counts stand at: it changes whenever they do. None before they are made."""
    row = db.session.connection().execute(_MARK).first()
    return (row.entry_id, row.folded_at) if row else None


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
        known: Any = value
        if dimension in ("team", "severity") and value:
            known = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1
        wanted = wanted.where(column == known if value else column.is_(None))
    if page.after and isinstance(page.after[0], int):
        wanted = wanted.where(Case.id < page.after[0])
    rows: Any = db.session.execute(wanted.order_by(Case.id.desc()).limit(page.size + 1))
    return slice_of([CaseRow(*row) for row in rows], page, key=lambda row: (row.key,))
