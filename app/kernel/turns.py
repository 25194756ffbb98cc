"""One at a time, for deeds about something that has no row to lock yet."""

import hashlib

from sqlalchemy import func, select

from app.kernel.database import db
from app.kernel.transactions import in_transaction


def one_at_a_time(what: str, *keys: str) -> None:
    """Let one transaction at a time go on with each of these keys of `what`; the others wait here until it has ended.

    Several keys are taken in one order everywhere, so that nobody waits in a circle. SQLite has one writer anyway.
    """
    assert in_transaction(), "a turn ends with its transaction"
    if db.session.get_bind().dialect.name == "postgresql":
        for number in sorted({lock_number(what, key) for key in keys}):
            db.session.execute(select(func.pg_advisory_xact_lock(number)))


def lock_number(what: str, key: str) -> int:
    """The number under which PostgreSQL keeps one of several at a time."""
    digest = hashlib.sha256(f"{what}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
