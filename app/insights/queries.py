"""Counts behind the measures. Every read is bounded by a range of an index; nothing is grouped by person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true

from app.approvals.models import ExceptionRequest
from app.budgets.models import Purse
from app.cases.models import Case
from app.insights.rules import Percentile, Period, Share, percentile, share
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.sla.models import Clock

DECIDED = ("approved", "declined")
WAITS_MAX = 20_000
SOON = timedelta(hours=8)
# Overdue and due are counted only so far: beyond it the page says "more than".
COUNT_MAX = 10_001


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the company that a page measures. by: whether its groups are sites or the teams of one site."""

    site_ids: tuple[int, ...]
    team_id: int | None
    since: datetime
    until: datetime

    @property
    def by(self) -> str:
        return "team" if len(self.site_ids) == 1 else "site"


def in_team(column: Any, part: Part) -> ColumnElement[bool]:
    """What a part adds to a statement beside its sites; nothing where it has no team."""
    return true() if part.team_id is None else column == part.team_id


def part_of(site_ids: tuple[int, ...], team_id: int | None, period: Period, now: datetime) -> Part:
    return Part(site_ids, team_id, now - timedelta(days=period.days), now)


Grouped = dict[int | None, Share]


def own_authority(part: Part) -> Grouped:
    """Of the cases resolved in the period: those for which nobody asked for an exception. Key None: all together."""
    group = Case.team_id if part.by == "team" else Case.site_id
    resolved = _resolved(select(group, func.count()), part).group_by(group)
    asked = _resolved(select(group, func.count(func.distinct(Case.id))), part).join(
        ExceptionRequest, ExceptionRequest.case_id == Case.id
    )
    totals = _counts(resolved)
    with_exception = _counts(asked.group_by(group))
    found: Grouped = {key: share(count - with_exception.get(key, 0), count) for key, count in totals.items()}
    return _with_all(found)


def _resolved(statement: Any, part: Part) -> Any:
    statement = statement.where(
        Case.site_id.in_(part.site_ids),
        Case.resolved_at >= part.since,
        Case.resolved_at < part.until,
        Case.historic.is_(False),
        Case.severity > 0,  # a kind gesture is no failure: it counts in no figure about failures
    )
    return statement if part.team_id is None else statement.where(Case.team_id == part.team_id)


def _counts(statement: Any) -> dict[int, int]:
    """Read (group, count) rows; cases without a team stand under 0."""
    return {key or 0: count for key, count in db.session.execute(statement)}


def _with_all(found: dict[Any, Share]) -> Grouped:
    together = share(sum(one.successes for one in found.values()), sum(one.trials for one in found.values()))
    return {None: together, **found}


@dataclass(frozen=True, slots=True)
class Wait:
    """One answer: when it was asked, how long it took, and where."""

    asked_at: datetime
    seconds: int
    group: int


def waits(part: Part) -> list[Wait]:
    """Read the answers to requests asked in the period, newest first, at most WAITS_MAX of them."""
    group = ExceptionRequest.team_id if part.by == "team" else ExceptionRequest.site_id
    statement = (
        _asked(select(ExceptionRequest.asked_at, ExceptionRequest.ended_at, group), part)
        .where(ExceptionRequest.state.in_(DECIDED))
        .order_by(ExceptionRequest.asked_at.desc(), ExceptionRequest.id.desc())
        .limit(WAITS_MAX)
    )
    rows = db.session.execute(statement)
    return [Wait(asked, max(0, int((ended - asked).total_seconds())), key or 0) for asked, ended, key in rows if ended]


def _asked(statement: Any, part: Part) -> Any:
    statement = statement.where(
        ExceptionRequest.site_id.in_(part.site_ids),
        ExceptionRequest.asked_at >= part.since,
        ExceptionRequest.asked_at < part.until,
    )
    return statement if part.team_id is None else statement.where(ExceptionRequest.team_id == part.team_id)


def wait_percentiles(found: list[Wait]) -> dict[int | None, tuple[Percentile, Percentile]]:
    """Return p50 and p90 with their bounds per group; key None: all together."""
    groups: dict[int | None, list[int]] = {None: []}
    for wait in found:
        groups[None].append(wait.seconds)
        groups.setdefault(wait.group, []).append(wait.seconds)
    answer = {}
    for key, seconds in groups.items():
        seconds.sort()
        answer[key] = (percentile(seconds, 0.5), percentile(seconds, 0.9))
    return answer


def outcomes(part: Part) -> dict[str, int]:
    """Count the requests asked in the period by how they stand now."""
    statement = _asked(select(ExceptionRequest.state, func.count()), part).group_by(ExceptionRequest.state)
    return {row[0]: row[1] for row in db.session.execute(statement)}


def kept_clocks(part: Part) -> dict[str, Grouped]:
    """Of the clocks stopped in the period, per milestone: those stopped in time, per group and together."""
    group = Clock.team_id if part.by == "team" else Clock.site_id
    met = func.sum(case((_missed(), 0), else_=1))
    statement = select(Clock.milestone, group, func.count(), met).where(
        Clock.site_id.in_(part.site_ids),
        Clock.stopped_at >= part.since,
        Clock.stopped_at < part.until,
        Clock.historic.is_(False),
    )
    if part.team_id is not None:
        statement = statement.where(Clock.team_id == part.team_id)
    found: dict[str, dict[Any, Share]] = {}
    for milestone, key, count, kept in db.session.execute(statement.group_by(Clock.milestone, group)):
        found.setdefault(milestone, {})[key or 0] = share(int(kept), count)
    return {milestone: _with_all(shares) for milestone, shares in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Due:
    """Open clocks now: late, due within SOON, later. Each is counted up to `bound`, or to its end without one."""

    late: int
    soon: int
    later: int
    bound: int | None = None


def due_now(part: Part, now: datetime, bound: int | None = None) -> Due:
    """Count open clocks by when they are due, imported history left out; three ranges of one index."""
    return Due(
        _open_clocks(part, Clock.due_at < now, bound),
        _open_clocks(part, and_(Clock.due_at >= now, Clock.due_at < now + SOON), bound),
        _open_clocks(part, Clock.due_at >= now + SOON, bound),
        bound,
    )


def _open_clocks(part: Part, when: Any, bound: int | None) -> int:
    statement = select(Clock.id).where(
        Clock.stopped_at.is_(None),
        Clock.cancelled_at.is_(None),
        Clock.historic.is_(False),
        Clock.site_id.in_(part.site_ids),
        when,
    )
    if part.team_id is not None:
        statement = statement.where(Clock.team_id == part.team_id)
    return db.session.scalar(select(func.count()).select_from(statement.limit(bound).subquery())) or 0


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A team's purse of this month; minor units of its currency."""

    site_id: int
    team_id: int | None
    period: str | None
    currency: str
    limit_minor: int
    settled_minor: int
    reserved_minor: int


POOLS_MAX = 60


def pools(part: Part, periods: set[str]) -> list[PoolRow]:
    """Read the teams' purses of these months ("2026-03", one per time zone), at most POOLS_MAX."""
    statement = select(
        Purse.site_id,
        Purse.team_id,
        Purse.period,
        Purse.currency,
        Purse.ceiling_minor + Purse.approved_minor,
        Purse.settled_minor,
        Purse.reserved_minor,
    ).where(Purse.site_id.in_(part.site_ids), Purse.unit == "team_month", Purse.period.in_(periods))
    if part.team_id is not None:
        statement = statement.where(Purse.team_id == part.team_id)
    return [PoolRow(*row) for row in db.session.execute(statement.order_by(Purse.site_id, Purse.id).limit(POOLS_MAX))]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case behind a figure; who handled it is not part of it. key: of the case, request or clock that was counted."""

    key: int
    id: int
    summary: str
    severity: int
    site_id: int
    team_id: int | None
    at: datetime
    mark: str

    @property
    def ref(self) -> str:
        return ref("case", self.id)


def cases_behind(measure: str, part: Part, now: datetime, page: Page) -> Slice[CaseRow]:
    """List the cases that a figure counts, newest first."""
    columns = (Case.id, Case.summary, Case.severity, Case.site_id, Case.team_id)
    if measure in ("own", "exception"):
        has_exception = select(ExceptionRequest.id).where(ExceptionRequest.case_id == Case.id).exists()
        key: Any = Case.id
        statement = _resolved(select(key, *columns, Case.resolved_at, Case.outcome), part)
        statement = statement.where(has_exception if measure == "exception" else ~has_exception)
    elif measure == "asked":
        key = ExceptionRequest.id
        statement = _asked(select(key, *columns, ExceptionRequest.asked_at, ExceptionRequest.state), part)
        statement = statement.join(Case, Case.id == ExceptionRequest.case_id)
    else:
        key = Clock.id
        statement = select(key, *columns, Clock.due_at, Clock.milestone).join(Case, Case.id == Clock.case_id)
        statement = statement.where(Clock.site_id.in_(part.site_ids), _clocks_of(measure, part, now))
        if part.team_id is not None:
            statement = statement.where(Clock.team_id == part.team_id)
    after = page.after[0] if page.after and isinstance(page.after[0], int) else None
    if after is not None:
        statement = statement.where(key < after)
    rows = [CaseRow(*row) for row in db.session.execute(statement.order_by(key.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.key,))


def _clocks_of(measure: str, part: Part, now: datetime) -> Any:
    is_open = and_(Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None), Clock.historic.is_(False))
    if measure == "late":
        return and_(is_open, Clock.due_at < now)
    assert measure == "missed", measure
    stopped = and_(Clock.stopped_at >= part.since, Clock.stopped_at < part.until, Clock.historic.is_(False))
    return and_(stopped, _missed())


def _missed() -> Any:
    """A stopped clock was missed when it stopped late; a breach once recorded stays, also when the deadline moved later."""
    return or_(Clock.breached_at.is_not(None), Clock.stopped_at > Clock.due_at)


ARRIVALS_MAX = 20_000


def received(part: Part) -> list[tuple[datetime, int]]:
    """When the cases that were logged in the period were received, and at which site; the newest ARRIVALS_MAX."""
    wanted = (
        select(Case.received_at, Case.site_id)
        .where(Case.site_id.in_(part.site_ids), Case.logged_at >= part.since, Case.logged_at < part.until)
        .where(Case.historic.is_(False), in_team(Case.team_id, part))
        .order_by(Case.logged_at.desc(), Case.id.desc())
        .limit(ARRIVALS_MAX)
    )
    return [(at, site_id) for at, site_id in db.session.execute(wanted)]


MEASURES = ("own", "exception", "asked", "late", "missed")
