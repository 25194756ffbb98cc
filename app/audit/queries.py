"""Reads of the trail, and its verification."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, not_, or_, select

from app.audit.actions import TYPES
from app.audit.chain_rules import Checker, Head, Report, unsealed_problem
from app.audit.models import AuditClause, AuditEntry, AuditPayload, AuditSeal, TrailSearch
from app.audit.rules import GENESIS
from app.audit.walk_queries import BATCH, Stretch, links, walk_all
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.time import iso

_NEWEST = 50
# Identity values are given before commit, so a lower id may become visible later: look back this far every time.
LOOK_BACK = 10_000


@dataclass(frozen=True, slots=True)
class Filters:
    """What part of the trail to read; site_ids is the reader's scope (None: the whole company)."""

    site_ids: tuple[int, ...] | None = None
    actor_id: int | None = None
    subject: str | None = None
    type: str | None = None  # "remedy:offer", or "remedy" for all of its verbs
    case_id: int | None = None
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive
    clause: str | None = None  # entries that name this clause of a policy
    by: str | None = None  # "people": staff and customers alone, "rules": what happened by itself or by a command


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One entry; payload is None once it was erased."""

    id: int
    type: str
    subject: str
    case_id: int | None
    site_id: int | None
    actor_id: int | None
    at: datetime
    recorded_at: datetime
    content: str
    payload: dict[str, Any] | None
    number: int | None
    chain_hash: str | None


# A customer has no number among the staff; the sealed bytes name who acted first of all.
_BY_PEOPLE = or_(
    AuditEntry.actor_id.is_not(None), AuditEntry.content.startswith('{"actor":"customer:', autoescape=True)
)

_TRAIL = (
    AuditEntry.id,
    AuditEntry.type,
    AuditEntry.subject,
    AuditEntry.case_id,
    AuditEntry.site_id,
    AuditEntry.actor_id,
    AuditEntry.at,
    AuditEntry.recorded_at,
    AuditEntry.content,
    AuditPayload.payload,
    AuditSeal.number,
    AuditSeal.chain_hash,
)


def trail(filters: Filters, page: Page, *, oldest_first: bool = False) -> Slice[TrailRow]:
    """Read one page of entries, newest first or in the order in which they happened."""
    statement, place = _of(_TRAIL, filters), _place(filters)
    after = page.after[0] if page.after and isinstance(page.after[0], int) else None
    if after is not None:
        statement = statement.where(place > after if oldest_first else place < after)
    rows = db.session.execute(statement.order_by(place.asc() if oldest_first else place.desc()).limit(page.size + 1))
    found = [_trail_row(tuple(row)) for row in rows]
    return slice_of(found, page, key=lambda row: (row.id,))


def _of(columns: Sequence[Any], filters: Filters) -> Any:
    """Choose columns of entries, beside payload and seal; a clause is looked up first, since it narrows most."""
    wanted = select(*columns)
    if filters.clause is not None:
        wanted = wanted.select_from(AuditClause).join(AuditEntry, AuditEntry.id == AuditClause.entry_id)
    else:
        wanted = wanted.select_from(AuditEntry)
    wanted = wanted.outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
    return _filtered(wanted.outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id), filters)


def _place(filters: Filters) -> Any:
    """By what entries stand in order: the same numbers, of the table that is read first."""
    return AuditClause.entry_id if filters.clause is not None else AuditEntry.id


def _trail_row(row: tuple[Any, ...]) -> TrailRow:
    values = list(row)
    values[9] = orjson.loads(row[9]) if row[9] else None
    return TrailRow(*values)


def count(filters: Filters, most: int) -> int:
    """Count entries, at most `most` + 1 of them."""
    inner = _of((AuditEntry.id,), filters)
    return db.session.scalar(select(func.count()).select_from(inner.limit(most + 1).subquery())) or 0


def rows(filters: Filters, most: int) -> list[TrailRow]:
    """Read entries as they were recorded, oldest first, at most `most`."""
    statement = _of(_TRAIL, filters).order_by(_place(filters)).limit(most)
    return [_trail_row(tuple(row)) for row in db.session.execute(statement)]


def kept_searches(employee_id: int) -> list[TrailSearch]:
    """A person's own searches, by name; a handful."""
    return list(
        db.session.scalars(
            select(TrailSearch).where(TrailSearch.employee_id == employee_id).order_by(TrailSearch.name, TrailSearch.id)
        )
    )


def at_sites(site_ids: tuple[int, ...]) -> Any:
    """Entries of these sites; one is asked for as one, for its index."""
    column = AuditEntry.site_id
    return column == site_ids[0] if len(site_ids) == 1 else column.in_(site_ids)


def _filtered(statement: Any, filters: Filters) -> Any:
    if filters.site_ids is not None:
        statement = statement.where(at_sites(filters.site_ids))
    if filters.actor_id is not None:
        statement = statement.where(AuditEntry.actor_id == filters.actor_id)
    if filters.subject is not None:
        statement = statement.where(AuditEntry.subject == filters.subject)
    if filters.case_id is not None:
        statement = statement.where(AuditEntry.case_id == filters.case_id)
    if filters.type is not None:
        if ":" in filters.type:
            statement = statement.where(AuditEntry.type == filters.type)
        else:
            statement = statement.where(AuditEntry.type.in_(_types_of(filters.type)))
    if filters.since is not None:
        statement = statement.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        statement = statement.where(AuditEntry.at < filters.until)
    if filters.clause is not None:
        statement = statement.where(AuditClause.clause == filters.clause)
    if filters.by is not None:
        statement = statement.where(_BY_PEOPLE if filters.by == "people" else not_(_BY_PEOPLE))
    return statement


def _types_of(noun: str) -> list[str]:
    return sorted(name for name in TYPES if name.split(":")[0] == noun)


def head(at: datetime) -> Head:
    """Return the end of the chain now; number 0 and GENESIS while it is empty."""
    last = db.session.execute(
        select(AuditSeal.number, AuditSeal.chain_hash).order_by(AuditSeal.number.desc()).limit(1)
    ).first()
    return Head(last.number if last else 0, last.chain_hash if last else GENESIS, iso(at))


@dataclass(frozen=True, slots=True)
class SealState:
    """What a page can say about the chain after a look at its newest links only."""

    is_whole: bool
    number: int
    chain_hash: str
    looked_at: int
    unsealed: int


def seal_state() -> SealState:
    """Check the newest links with their entries: cheap enough for every view of the trail."""
    last = db.session.execute(
        select(AuditSeal.number, AuditSeal.entry_id, AuditSeal.chain_hash).order_by(AuditSeal.number.desc()).limit(1)
    ).first()
    unsealed = select(func.count()).select_from(
        select(AuditEntry.id).where(AuditEntry.id > (last.entry_id if last else 0)).limit(1_000).subquery()
    )
    waiting = db.session.scalar(unsealed) or 0
    if last is None:
        return SealState(True, 0, GENESIS, 0, waiting)
    floor = max(0, last.number - _NEWEST)
    batches = list(links(db.session.connection(), floor - 1 if floor else 0, last.number))
    rows = [row for batch in batches for row in batch]
    start = None
    if floor:
        start, rows = Head(floor, rows[0][3]) if rows else None, rows[1:]
    checker = Checker(after=start)
    problem = checker.take(rows)
    whole = problem is None and checker.number == last.number
    return SealState(whole, last.number, last.chain_hash, len(rows), waiting)


def last_number() -> int:
    return db.session.scalar(select(func.max(AuditSeal.number))) or 0


def verify(
    *,
    now: datetime,
    heads: Sequence[Head] = (),
    after: Head | None = None,
    stretches: Sequence[Stretch] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Recompute the whole chain from the stored bytes and return what was found; memory stays flat.

    heads: ends of the chain kept outside the database, all of which must lie on it, rising by number.
    after: trust the chain up to this head and check only what is newer.
    stretches: the same in parts that follow each other, with what else they must agree with.
    on_progress: called with (done, total) after every batch.
    """
    started = time.perf_counter()
    total, first = last_number(), after.number if after else 0

    def show(done: int) -> None:
        if on_progress:
            on_progress(done, max(total - first, done))

    parts = stretches or [Stretch(after, None, tuple(heads))]
    walked = walk_all(db.session.connection(), db.engine.url, parts, show)
    unsealed, oldest = _unsealed(now, after)
    return Report(
        problem=walked.problem or unsealed_problem(unsealed, oldest),
        checked=walked.checked,
        erased=walked.erased,
        unsealed=unsealed,
        unsealed_seconds=oldest,
        head=Head(walked.number, walked.chain_hash, iso(now)),
        heads_compared=len(heads),
        seconds=time.perf_counter() - started,
        early=walked.early,
        first_early=walked.first_early,
    )


def _unsealed(now: datetime, after: Head | None) -> tuple[int, float | None]:
    """Count entries without a seal, with the age of the oldest; a future instant counts by its distance.

    after: look only at entries about as new as that head, since whoever asks wants no walk over all of them.
    """
    waiting = (
        select(func.count(), func.min(AuditEntry.recorded_at), func.max(AuditEntry.recorded_at))
        .select_from(AuditEntry)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditSeal.number.is_(None))
    )
    if after is not None and after.number:
        known = db.session.scalar(select(AuditSeal.entry_id).where(AuditSeal.number == after.number)) or 0
        waiting = waiting.where(AuditEntry.id > known - LOOK_BACK)
    row = db.session.execute(waiting).one()
    if not row[0]:
        return 0, None
    ages = [(now - instant).total_seconds() for instant in (row[1], row[2])]
    return row[0], max(ages, key=abs)


def export_lines(filters: Filters | None = None, until: int | None = None) -> Iterator[bytes]:
    """Stream the whole trail, or a part of it, as JSON lines with everything that a verifier elsewhere needs.

    until: the last seal number.
    """
    columns = (
        AuditSeal.number,
        AuditEntry.id.label("entry_id"),
        AuditEntry.content,
        AuditSeal.content_hash,
        AuditSeal.chain_hash,
        AuditPayload.salt,
        AuditPayload.payload,
    )
    sealed = _of(columns, filters or Filters()).where(AuditSeal.number.is_not(None), AuditPayload.entry_id.is_not(None))
    statement = sealed.order_by(AuditSeal.number).execution_options(yield_per=BATCH)
    if until is not None:
        statement = statement.where(AuditSeal.number <= until)
    for row in db.session.execute(statement):
        yield orjson.dumps(dict(row._mapping))
