"""Sweep what was erased out of the database's own leftovers: index segments, free pages, the write-ahead log."""

from collections.abc import Iterable

from flask import current_app
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.kernel.database import BUSY_SECONDS, db
from app.kernel.gate import file_turn
from app.kernel.transactions import GATES, turn_file
from config import Settings

INDEXES = ("case_search",)
# Tables of keys and names that an erasure touches without counting them.
ALWAYS = ("audit_payload", "customer", "customer_token", "employee", "employee_key")


def clean(tables: Iterable[str]) -> bool:
    """Rewrite what the erased rows left behind; False when somebody still reads the old pages, so that it is tried again.

    SQLite: every freed byte is overwritten as it is freed (secure_delete); the search index is merged into one segment,
    the file is written anew and the write-ahead log cut to nothing. PostgreSQL: VACUUM of the touched tables.
    """
    db.session.remove()
    if db.engine.dialect.name == "postgresql":
        return _vacuum(tables)
    return _rewrite()


def _vacuum(tables: Iterable[str]) -> bool:
    settings: Settings = current_app.extensions["makegood_settings"]
    engine = create_engine(settings.owner_database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    known = set(db.metadata.tables) | set(INDEXES)
    try:
        with engine.connect() as connection:
            for name in sorted({*tables, *INDEXES, *ALWAYS} & known):
                connection.execute(text(f'VACUUM "{name}"'))
    finally:
        engine.dispose()
    return True


def _rewrite() -> bool:
    engine = db.engine
    with GATES["sqlite"].hold(), file_turn(turn_file(engine), seconds=BUSY_SECONDS):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA secure_delete=ON")
            for name in INDEXES:
                cursor.execute(f"INSERT INTO {name}({name}) VALUES('optimize')")
            cursor.execute("VACUUM")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy
        except OperationalError:
            return False
        finally:
            raw.close()
