"""`transaction()`: one deed, one transaction, and no commit without an audit entry.

The guard is structural: it watches the statements that reach the database, not the code that means to send them,
so a page, a command, an import, a job or a forgotten `session.add` are all held to it.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.kernel.database import BUSY_SECONDS, db
from app.kernel.gate import FairGate, file_turn

# The only tables that may change without an audit entry, by name. A test shows that nothing else is exempt.
TECHNICAL_TABLES = frozenset(
    {
        "alembic_version",
        "sign_in_session",
        "sign_in_throttle",
        "used_state",
        "portal_throttle",
        "known_device",
        "passkey_challenge",
        "request_count",
        "lease",
        "heartbeat",
        "outbox_attempt",
        "outbox_handover",
        "payout_look",
        "idempotency_answer",
        "rollup_day",
        "rollup_mark",
        "audit_seal",
        "audit_clause",
        "audit_checkpoint",
        "audit_block",
        "checkpoint_receipt",
        "probe",
        "case_search",
        "customer_token",
        "customer_look",
        "employee_digest",
        "search_dirty",
        "message_draft",
    }
)
AUDIT_TABLE = "audit_entry"

_WRITE = re.compile(
    r"\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from|merge\s+into|copy|truncate(?:\s+table)?)"
    r"\s+(?:only\s+)?[\"`\[]?(\w+)",
    re.IGNORECASE,
)
_MAY_WRITE = re.compile(
    r"^(?:\s|/\*.*?\*/|--[^\n]*\n)*(?:insert|replace|update|delete|merge|copy|truncate|with)\b",
    re.IGNORECASE | re.DOTALL,
)
_WRITTEN = "makegood_written"
_DEPTH = "makegood_depth"

GATES = {"sqlite": FairGate(1), "postgresql": FairGate(4)}


_LAST_STEPS: list[Callable[[], None]] = []


def before_commit(step: Callable[[], None]) -> Callable[[], None]:
    """Register a step that every outermost transaction runs just before it commits."""
    _LAST_STEPS.append(step)
    return step


class UnauditedWrite(AssertionError):
    """A transaction changed business records and named none of it in the audit trail."""


def guard_engine(engine: Engine) -> None:
    """Refuse, on this engine, every commit that wrote a business table without an audit entry."""

    @event.listens_for(engine, "before_cursor_execute")
    def _watch(
        connection: Connection, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        if _MAY_WRITE.match(statement):
            written = connection.info.setdefault(_WRITTEN, set())
            written.update(name.lower() for name in _WRITE.findall(statement) if name.lower() != "set")

    @event.listens_for(engine, "commit")
    def _check(connection: Connection) -> None:
        written: set[str] = connection.info.pop(_WRITTEN, set())
        if connection.get_execution_options().get("makegood_migration"):
            return
        business = {name for name in written if name not in TECHNICAL_TABLES and not name.startswith("sqlite_")}
        if business and AUDIT_TABLE not in business:
            raise UnauditedWrite(f"written without an audit entry: {sorted(business)}")

    @event.listens_for(engine, "rollback")
    def _forget(connection: Connection) -> None:
        if (
            not connection.invalidated
        ):  # a lost connection took its notes along, and asking it would hide why it was lost
            connection.info.pop(_WRITTEN, None)


@contextmanager
def transaction() -> Iterator[None]:
    """Run one deed: joins an outer transaction; the outermost takes its turn at the gate, commits, or rolls back.

    The outermost ends any read transaction first, so everything loaded before is read again under the write lock.
    """
    session = db.session()
    if session.info.get(_DEPTH):
        yield
        return
    assert not session.new and not session.dirty and not session.deleted, "changes belong inside transaction()"
    session.rollback()
    session.expire_all()
    engine = db.engine
    with GATES[engine.dialect.name].hold(), file_turn(turn_file(engine), seconds=BUSY_SECONDS):
        session.info[_DEPTH] = True
        try:
            session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
            yield
            session.flush()
            for step in _LAST_STEPS:
                step()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.clear()


def turn_file(engine: Engine) -> Path | None:
    """The file by which processes take turns at one SQLite database."""
    if engine.dialect.name != "sqlite" or not engine.url.database or engine.url.database == ":memory:":
        return None
    return Path(f"{engine.url.database}-turn")


def in_transaction() -> bool:
    """Tell whether a deed is under way; inner pieces assert it."""
    return bool(db.session().info.get(_DEPTH))
