"""Shares that SQL alone can't count: patterns in amounts, appeals, and freedom left unused. Capped at ROWS_MAX, newest first."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.approvals import appeal_queries
from app.approvals.appeal_rules import appeals
from app.cases.models import Case
from app.insights import room_queries
from app.insights.fact_queries import NOT_GIVEN, beside, facts_of, severe
from app.insights.pattern_rules import Gift, Spread, is_split, own_limit, side_of, spread
from app.insights.queries import Part
from app.kernel.database import db
from app.remedies.models import Remedy
from app.remedies.precedent_rules import SAMPLE_MAX, band_of
from app.remedies.receipt_models import Precedent

ROWS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing counted, in the columns of `fact_queries.COLUMNS`."""

    key: int
    case_id: int
    at: datetime
    person_id: int | None
    site_id: int
    team_id: int | None
    hit: int
    severity: int
    attribution: str
    channel: str
    category_id: int
    stage: str | None
    cause: str | None
    segment: str | None


def facts(name: str, part: Part, now: datetime) -> list[Fact]:
    return PATTERNS[name](part, now)


def _gifts(part: Part) -> Select[Any]:
    """Goodwill money on own authority, with its receipt."""
    found = facts_of(Remedy, Remedy.id, Remedy.created_at, Remedy.employee_id, Remedy.id.is_not(None), part)
    return (
        beside(found, Remedy)
        .add_columns(Remedy.amount_minor, Remedy.decision, Remedy.customer_id, Case.loss_minor)
        .where(Remedy.nature == "goodwill", Remedy.amount_minor > 0, Remedy.exception_id.is_(None))
        .where(Remedy.state.not_in(NOT_GIVEN), Remedy.historic.is_(False), Remedy.decision.is_not(None))
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )


def _hugging(part: Part, _now: datetime) -> list[Fact]:
    found = []
    for row in db.session.execute(_gifts(part)):
        limit = own_limit(row.decision)
        side = side_of(row.amount_minor, limit) if limit and row.amount_minor != row.loss_minor else None
        if side is not None:
            found.append(replace(Fact(*row[:14]), hit=int(side)))
    return found


def _split(part: Part, _now: datetime) -> list[Fact]:
    """One fact per customer, cause and currency; it stands at the newest gift."""
    groups: dict[tuple[Any, ...], list[tuple[Fact, Gift]]] = defaultdict(list)
    for row in db.session.execute(_gifts(part)):
        limit = own_limit(row.decision)
        if row.customer_id and limit:
            asked = row.decision["asked"]
            cause = row.cause or asked.get("cause") or row.category_id
            gift = Gift(row.key, row.at, row.amount_minor, limit)
            groups[row.customer_id, cause, asked["amount"]["currency"]].append((Fact(*row[:14]), gift))
    return [replace(pairs[0][0], hit=int(is_split([gift for _, gift in pairs]))) for pairs in groups.values()]


def _overturned(part: Part, _now: datetime) -> list[Fact]:
    """One fact per appeal. It is to nobody's credit or blame: the frontline kept the rule."""
    case_ids = appeal_queries.reopened_cases(part.since, part.site_ids, ROWS_MAX)
    turns, grants = appeal_queries.turns_of_cases(case_ids), appeal_queries.approvals_in(case_ids)
    found = facts_of(Case, Case.id, Case.received_at, Case.resolved_by_id, Case.id.is_not(None), _any_time(part))
    wanted = beside(found, Case).where(Case.id.in_(case_ids))
    rows = {row.case_id: Fact(*row) for row in db.session.execute(wanted)} if case_ids else {}
    return [
        replace(rows[case_id], at=one.appealed_at, person_id=None, hit=int(one.granted_at is not None))
        for case_id in case_ids
        if case_id in rows
        for one in appeals(turns[case_id], [at for at, _by in grants[case_id]])
        if part.since <= one.appealed_at < part.until
    ]


def _any_time(part: Part) -> Part:
    return replace(part, since=datetime(1970, 1, 1, tzinfo=part.since.tzinfo))


def _unused(part: Part, now: datetime) -> list[Fact]:
    """Severe cases; of those without goodwill that ended badly only the ones where something was within reach are hits."""
    wanted = severe(part, now).add_columns(Case.customer_id).order_by(Case.id.desc()).limit(ROWS_MAX)
    rows = db.session.execute(wanted).all()
    had_room = room_queries.had_room([row for row in rows if row.hit])
    return [replace(Fact(*row[:14]), hit=int(row.case_id in had_room)) for row in rows]


def _precedents(part: Part) -> list[tuple[tuple[Any, ...], Fact, int, str]]:
    """Each goodwill amount of the part with its stratum and how it ended."""
    given = facts_of(Remedy, Remedy.id, Remedy.created_at, Remedy.employee_id, Remedy.id.is_not(None), part)
    columns = (
        Precedent.category_id, Precedent.severity, Precedent.kind, Precedent.currency, Precedent.amount_minor,
        Precedent.answer,
    )  # fmt: skip
    wanted = (
        beside(given, Remedy)
        .join(Precedent, Precedent.remedy_id == Remedy.id)
        .add_columns(*(column.label(f"p_{column.key}") for column in columns))
        .where(Precedent.answer != "reversed", Remedy.historic.is_(False))
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )
    return [(tuple(row[14:18]), Fact(*row[:14]), row[18], row[19]) for row in db.session.execute(wanted)]


def _outside_band(part: Part, _now: datetime) -> list[Fact]:
    """The band of a stratum is that of the whole company, as the desk shows it."""
    rows = _precedents(part)
    newest: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    wanted = (
        select(
            Precedent.category_id, Precedent.severity, Precedent.kind, Precedent.currency, Precedent.amount_minor,
            Precedent.answer,
        )
        .order_by(Precedent.at.desc(), Precedent.remedy_id.desc())
        .where(Precedent.at < part.until)
        .limit(ROWS_MAX)
    )  # fmt: skip
    sampled: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in db.session.execute(wanted):
        stratum = tuple(row[:4])
        sampled[stratum] += 1
        if row.answer == "accepted" and sampled[stratum] <= SAMPLE_MAX:
            newest[stratum].append(row.amount_minor)
    bands = {stratum: band_of(amounts) for stratum, amounts in newest.items()}
    return [
        replace(fact, hit=int(band.is_outside(minor)))
        for stratum, fact, minor, _answer in rows
        if (band := bands.get(stratum)) is not None
    ]


def consistency(part: Part) -> Spread | None:
    """How much of the spread of amounts within alike cases goes with who handled them."""
    rows = _precedents(part)
    return spread((fact.person_id, stratum, minor) for stratum, fact, minor, _ in rows if fact.person_id is not None)


PATTERNS: dict[str, Callable[[Part, datetime], list[Fact]]] = {
    "under-use": _unused,
    "threshold-hugging": _hugging,
    "split-spending": _split,
    "overturn": _overturned,
    "outside-band": _outside_band,
}
