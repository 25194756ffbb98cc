"""Keeping the counts of each day: what the trail names as changed is counted again, or everything is."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Date, String, case, cast, delete, func, insert, literal, select, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from app.audit.models import AuditEntry
from app.cases.models import Case, CaseEvent
from app.customers.models import CustomerSegment
from app.feedback import rules as feedback
from app.feedback.models import Survey, SurveyAnswer
from app.insights.measures import SEVERE_MIN
from app.insights.rollup_models import DIMENSIONS, RollupDay, RollupMark
from app.kernel.database import db
from app.kernel.references import parse_ref
from app.kernel.transactions import transaction

# On PostgreSQL an entry may be committed after one with a higher number: the last ones are looked at again.
OVERLAP = {"postgresql": 100}
AGAIN_FOR = timedelta(minutes=2)
IDS_AT_ONCE = 500
CUSTOMERS_MAX = 500


class utc_day(GenericFunction[date]):
    """The calendar day of an instant in UTC."""

    type = Date()
    inherit_cache = True
    name = "utc_day"


@compiles(utc_day, "postgresql")
def _postgresql(element: Any, compiler: Any, **given: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **given)} AT TIME ZONE 'UTC' AS DATE)"


@compiles(utc_day, "sqlite")
def _sqlite(element: Any, compiler: Any, **given: Any) -> str:
    return f"date({compiler.process(element.clauses, **given)})"


def fold(*, now: datetime, limit: int = 2_000) -> int:
    """Bring the days up to date with what the trail has named since; returns how many days were counted again.

    The mark changes whenever a count does: pages are kept under it. Safe to repeat. The first time, everything is counted.
    """
    mark = db.session.get(RollupMark, 1)
    newest = db.session.scalar(select(func.max(AuditEntry.id))) or 0
    overlap = OVERLAP.get(db.engine.dialect.name, 0)
    if mark is None:
        return rebuild(now=now)
    if newest == mark.entry_id and (not overlap or now - mark.folded_at > AGAIN_FOR):
        return 0
    with transaction():
        mark = db.session.get_one(RollupMark, 1, with_for_update=True)
        seen = mark.entry_id
        entries = db.session.execute(
            select(AuditEntry.id, AuditEntry.case_id, AuditEntry.subject)
            .where(AuditEntry.id > max(0, seen - overlap))
            .order_by(AuditEntry.id)
            .limit(limit + overlap)
        ).all()
        days = _days_of({row.case_id for row in entries if row.case_id} | _cases_of_customers(entries))
        last = max((row.id for row in entries), default=seen)
        before = None if last > seen else _kept(days)
        for site_id, day in sorted(days):
            _count(site_id, day)
        if before is None or _kept(days) != before:  # an entry that came late may have changed a day
            mark.entry_id, mark.folded_at = max(last, seen), now
        return len(days)


def rebuild(*, now: datetime) -> int:
    """Count every day of every site from the cases; returns how many rows there are."""
    with transaction():
        newest = db.session.scalar(select(func.max(AuditEntry.id))) or 0
        _count(None, None)
        mark = db.session.get(RollupMark, 1) or RollupMark(id=1)
        mark.entry_id, mark.folded_at = newest, now
        db.session.add(mark)
        db.session.flush()
        return db.session.scalar(select(func.count()).select_from(RollupDay)) or 0


def is_whole() -> bool:
    """Tell whether the kept counts equal those of the cases now; writes nothing."""
    columns = [column.name for column in RollupDay.__table__.columns]
    kept = {tuple(row) for row in db.session.execute(select(*(getattr(RollupDay, name) for name in columns)))}
    live: set[tuple[Any, ...]] = set()
    for dimension in DIMENSIONS:
        live |= {tuple(row) for row in db.session.execute(_grouped(dimension, None, None))}
    return kept == live


def _cases_of_customers(entries: Iterable[Any]) -> set[int]:
    """A customer's segment and a merge are named by the customer, not by a case."""
    ids = {found for row in entries if row.case_id is None and (found := parse_ref("customer", row.subject))}
    if not ids:
        return set()
    return set(db.session.scalars(select(Case.id).where(Case.customer_id.in_(sorted(ids)[:CUSTOMERS_MAX]))))


def _days_of(case_ids: set[int]) -> set[tuple[int, date]]:
    """Where and when these cases are or once were resolved."""
    found: set[tuple[int, date]] = set()
    order = sorted(case_ids)
    for start in range(0, len(order), IDS_AT_ONCE):
        some = order[start : start + IDS_AT_ONCE]
        rows: Any = db.session.execute(
            union_all(
                select(Case.site_id, CaseEvent.at)
                .join(CaseEvent, CaseEvent.case_id == Case.id)
                .where(Case.id.in_(some), CaseEvent.kind == "resolved"),
                select(Case.site_id, Case.resolved_at).where(Case.id.in_(some), Case.resolved_at.is_not(None)),
            )
        )
        found |= {(site_id, at.astimezone(UTC).date()) for site_id, at in rows}
    return found


def _kept(days: Iterable[tuple[int, date]]) -> set[tuple[Any, ...]]:
    """The rows kept of these days."""
    return {
        tuple(row)
        for site_id, day in days
        for row in db.session.execute(
            select(*RollupDay.__table__.columns).where(RollupDay.site_id == site_id, RollupDay.day == day)
        )
    }


def _count(site_id: int | None, day: date | None) -> None:
    """Count one day of one site, or everything, again."""
    table = RollupDay.__table__
    if site_id is None:
        db.session.execute(delete(RollupDay))
    else:
        one_day = (RollupDay.dimension.in_(DIMENSIONS), RollupDay.site_id == site_id, RollupDay.day == day)
        db.session.execute(delete(RollupDay).where(*one_day))
    columns = [column.name for column in table.columns]
    db.session.execute(insert(RollupDay).from_select(columns, _every_dimension(site_id, day)))


def _every_dimension(site_id: int | None, day: date | None) -> Any:
    """The rows of all dimensions from one look at each case: added up by everything first, then by each on its own."""
    keys = [name for name in DIMENSIONS if name != "all"]
    one, other = _facts(tuple(keys), site_id, day)
    facts = union_all(one, other).subquery()
    by: list[Any] = [utc_day(facts.c.at).label("day"), facts.c.site_id, *(facts.c[name] for name in keys)]
    added = select(*by, *(func.sum(facts.c[name]).label(name) for name in _SUMMED)).group_by(*by).cte("added")
    parts = []
    for dimension in DIMENSIONS:
        value = literal("") if dimension == "all" else added.c[dimension]
        group = (added.c.day, added.c.site_id) if dimension == "all" else (added.c.day, added.c.site_id, value)
        sums = [func.sum(added.c[name]) for name in _SUMMED]
        parts.append(select(literal(dimension), added.c.day, added.c.site_id, value, *sums).group_by(*group))
    return union_all(*parts)


def _grouped(dimension: str, site_id: int | None, day: date | None) -> Any:
    """The rows of one dimension counted on their own, in the order of the table's columns."""
    facts = union_all(*_facts((dimension,), site_id, day)).subquery()
    on = utc_day(facts.c.at)
    sums = [func.sum(facts.c[name]) for name in _SUMMED]
    return select(
        literal(dimension).label("dimension"), on.label("day"), facts.c.site_id, facts.c[dimension], *sums
    ).group_by(on, facts.c.site_id, facts.c[dimension])  # fmt: skip


_SUMMED = ("resolved", "severe", "given_minor", "answered", "satisfied")


def _facts(dimensions: Sequence[str], site_id: int | None, day: date | None) -> tuple[Any, Any]:
    """Each resolved failure once, and each answer about a resolution once, with what they are of these dimensions."""
    values = [func.coalesce(cast(_value_of(name), String), "").label(name) for name in dimensions]
    nothing = literal(0)
    severe = case((Case.severity >= SEVERE_MIN, 1), else_=0)
    one = select(
        Case.site_id, Case.resolved_at.label("at"), *values, literal(1).label("resolved"), severe.label("severe"),
        Case.given_minor.label("given_minor"), nothing.label("answered"), nothing.label("satisfied"),
    ).where(Case.resolved_at.is_not(None), Case.severity > 0, Case.historic.is_(False))  # fmt: skip
    happy = case((SurveyAnswer.csat >= feedback.CSAT_TOP_MIN, 1), else_=0)
    other = (
        select(Survey.site_id, Survey.resolved_at, *values, nothing, nothing, nothing, literal(1), happy)
        .select_from(Survey)
        .join(SurveyAnswer, SurveyAnswer.survey_id == Survey.id)
        .join(Case, Case.id == Survey.case_id)
        .where(SurveyAnswer.csat.is_not(None))
    )
    if "segment" in dimensions:
        one = one.outerjoin(CustomerSegment, CustomerSegment.customer_id == Case.customer_id)
        other = other.outerjoin(CustomerSegment, CustomerSegment.customer_id == Case.customer_id)
    if site_id is not None and day is not None:
        start = datetime.combine(day, time(), UTC)
        end = start + timedelta(days=1)
        one = one.where(Case.site_id == site_id, Case.resolved_at >= start, Case.resolved_at < end)
        other = other.where(Survey.site_id == site_id, Survey.resolved_at >= start, Survey.resolved_at < end)
    return one, other


def _value_of(dimension: str) -> Any:
    return {
        "all": literal(""), "team": Case.team_id, "stage": Case.journey_stage, "cause": Case.root_cause,
        "segment": CustomerSegment.segment, "severity": Case.severity, "channel": Case.channel,
    }[dimension]  # fmt: skip
