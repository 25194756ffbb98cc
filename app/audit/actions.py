"""Record what was done. Every business change is named here in its own transaction, or the commit is refused."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, String, bindparam, func, insert, select

from app.audit import rules
from app.audit.models import AuditClause, AuditEntry, AuditPayload, AuditSeal
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.time import iso, utc_now
from app.kernel.transactions import before_commit, in_transaction

_UNSEALED = "makegood_unsealed"
# Every deed records at least one entry: plain statements, built once, cost a third of the mapped ones.
_INSERT_ENTRIES = insert(AuditEntry.__table__).returning(AuditEntry.__table__.c.id, sort_by_parameter_order=True)  # type: ignore[arg-type]
_INSERT_PAYLOADS = insert(AuditPayload.__table__)  # type: ignore[arg-type]
_INSERT_CLAUSES = insert(AuditClause.__table__)  # type: ignore[arg-type]


def _in_one_statement(*, with_clauses: bool) -> Any:
    """Write one entry with its payload, and its clauses, in one round trip: what PostgreSQL takes and SQLite doesn't."""
    entries: Any = AuditEntry.__table__
    payloads, clauses = AuditPayload.__table__.c, AuditClause.__table__.c
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in entries.c if column.name != "id"}
    entry = insert(entries).values(values).returning(entries.c.id).cte("entry")
    said = [bindparam(name, type_=payloads[name].type) for name in ("salt", "payload")]
    whole = _INSERT_PAYLOADS.from_select(("entry_id", "salt", "payload"), select(entry.c.id, *said))
    if with_clauses:
        found = func.unnest(bindparam("clauses", type_=ARRAY(String(rules.CLAUSE_LENGTH_MAX))))
        named = _INSERT_CLAUSES.from_select(("clause", "entry_id"), select(found, entry.c.id))
        whole = whole.add_cte(named.returning(clauses.entry_id).cte("named"))
    return whole.returning(payloads.entry_id)


_INSERT_ONE = {with_clauses: _in_one_statement(with_clauses=with_clauses) for with_clauses in (False, True)}
_INSERT_SEALS = insert(AuditSeal.__table__)  # type: ignore[arg-type]
_ENTRIES, _SEALS = AuditEntry.__table__.c, AuditSeal.__table__.c
_LAST_SEAL = select(_SEALS.number, _SEALS.chain_hash).order_by(_SEALS.number.desc()).limit(1)
_FROM_ON = select(_ENTRIES.id, _ENTRIES.content).where(_ENTRIES.id >= bindparam("first")).order_by(_ENTRIES.id)
_told_by: ContextVar[str | None] = ContextVar("told_by", default=None)


@dataclass(frozen=True, slots=True)
class EntryType:
    """A kind of entry: its name, the exact keys of its payload, and the sentence people read."""

    name: str
    keys: frozenset[str]
    sentence: Any  # lazy translation
    clause_keys: frozenset[str] = (
        frozenset()
    )  # under which its payload may name clauses, so that they are found by them


# What may hold a clause: one itself, or a decision with its windows.
_HOLDS_CLAUSES = frozenset({"clause", "decision", "over", "receipt", "windows"})
TYPES: dict[str, EntryType] = {}


def declare(name: str, *keys: str, sentence: Any) -> EntryType:
    """Declare an entry type once, e.g. declare("case:log", "severity", sentence=_l("logged the case"))."""
    assert name not in TYPES, f"audit type {name} is declared twice"
    found: frozenset[str] = frozenset({"clause"}) if _HOLDS_CLAUSES.intersection(keys) else frozenset()
    found = frozenset({"clause", "code"}) if name.startswith("clause:") else found
    TYPES[name] = EntryType(name, frozenset(keys), sentence, found)
    return TYPES[name]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to record; `said` has exactly the keys that its type declares."""

    type: EntryType
    subject: str
    said: dict[str, Any]
    case_id: int | None = None
    site_id: int | None = None


@contextmanager
def told_by(name: str) -> Iterator[None]:
    """Let every entry inside say who told it the time, in the place of a web request, e.g. told_by("demo")."""
    token = _told_by.set(name)
    try:
        yield
    finally:
        _told_by.reset(token)


def record(
    entry_type: EntryType,
    *,
    subject: str,
    actor: Actor,
    at: datetime,
    case_id: int | None = None,
    site_id: int | None = None,
    **said: Any,
) -> int:
    """Record one deed inside its transaction and return the entry's id."""
    entry = Entry(entry_type, subject, said, case_id, site_id)
    return record_many([entry], actor=actor, at=at)[0]


def record_many(entries: Sequence[Entry], *, actor: Actor, at: datetime) -> list[int]:
    """Record a batch, one entry per record, in as few statements as the database takes."""
    assert in_transaction(), "an audit entry is recorded inside the transaction of its deed"
    if not entries:
        return []
    recorded_at = utc_now()
    written = [_written(entry, actor, at, recorded_at) for entry in entries]
    session = db.session()
    connection = session.connection()
    if len(written) == 1 and connection.dialect.name == "postgresql":
        row, payload, clauses = written[0]
        said = {**row, **payload, "clauses": sorted(clauses)} if clauses else {**row, **payload}
        return [connection.execute(_INSERT_ONE[bool(clauses)], said).scalar_one()]
    ids = _insert(connection, written)
    if connection.dialect.name == "sqlite":
        waiting = session.info.setdefault(_UNSEALED, [])
        waiting.extend(zip(ids, (row["content"] for row, *_ in written), strict=True))
    return ids


_Written = tuple[dict[str, Any], dict[str, str], set[str]]  # an entry's row, its payload's, and the clauses it names


def _written(entry: Entry, actor: Actor, at: datetime, recorded_at: datetime) -> _Written:
    assert set(entry.said) == entry.type.keys, (
        f"{entry.type.name} takes exactly {sorted(entry.type.keys)}, got {sorted(entry.said)}"
    )
    salt = secrets.token_bytes(32)
    payload = rules.canonical({**entry.said, "_label": actor.label, "_address": actor.address, "_role": actor.role})
    content = rules.canonical(content_of(entry, actor, at, recorded_at, rules.commitment(salt, payload)))
    row = {
        "type": entry.type.name,
        "subject": entry.subject,
        "case_id": entry.case_id,
        "site_id": entry.site_id,
        "actor_id": actor.id,
        "at": at,
        "recorded_at": recorded_at,
        "content": content.decode(),
    }
    clauses = rules.clauses_in(entry.said, entry.type.clause_keys) if entry.type.clause_keys else set()
    return row, {"salt": salt.hex(), "payload": payload.decode()}, clauses


def _insert(connection: Connection, written: Sequence[_Written]) -> list[int]:
    ids = list(connection.execute(_INSERT_ENTRIES, [row for row, *_ in written]).scalars())
    placed = list(zip(ids, written, strict=True))
    payloads = [{"entry_id": entry_id, **payload} for entry_id, (_, payload, _) in placed]
    connection.execute(_INSERT_PAYLOADS, payloads)
    clauses = [{"clause": clause, "entry_id": entry_id} for entry_id, (*_, found) in placed for clause in found]
    if clauses:
        connection.execute(_INSERT_CLAUSES, clauses)
    return ids


def content_of(entry: Entry, actor: Actor, at: datetime, recorded_at: datetime, commitment: str) -> dict[str, Any]:
    """What is hashed: references, instants and the commitment; never a name, an address or a text."""
    return {
        "v": 1,
        "type": entry.type.name,
        "subject": entry.subject,
        "case": entry.case_id,
        "site": entry.site_id,
        "actor": actor.label,
        "actor_id": actor.id,
        "on_behalf_of": actor.on_behalf_of_id,
        "request": actor.request_id or _told_by.get(),
        "at": iso(at),
        "recorded_at": iso(recorded_at),
        "commitment": commitment,
    }


def seal(entries: Sequence[tuple[int, str]]) -> None:
    """Link entries (id, stored content) to the end of the chain, in the given order."""
    connection = db.session().connection()
    last = connection.execute(_LAST_SEAL).first()
    number, chain = (last.number, last.chain_hash) if last else (0, rules.GENESIS)
    links = []
    for entry_id, content in entries:
        number += 1
        content_hash = rules.content_hash(content.encode())
        chain = rules.chain_hash(chain, number, entry_id, content_hash)
        links.append({"number": number, "entry_id": entry_id, "content_hash": content_hash, "chain_hash": chain})
    if links:
        connection.execute(_INSERT_SEALS, links)


@before_commit
def _seal_inline() -> None:
    """SQLite has one writer anyway, so the chain is extended in the deed's own transaction."""
    waiting = db.session().info.pop(_UNSEALED, None)
    if waiting:
        # A refused deed may have taken back its savepoint: its entries are gone, and their numbers may be given again.
        kept = db.session().connection().execute(_FROM_ON, {"first": waiting[0][0]})
        seal([(row.id, row.content) for row in kept])
