"""What backup and restore ask of a database: a consistent copy, a copy loaded beside, and a swap that happens or doesn't."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from app.kernel.database import prepare_engine
from config import Settings

Say = Callable[[str], None]


class Refused(Exception):
    """Backup or restore can't be done now; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a copy holds. rows: how many of each table; head: (number, chain hash) of the trail's newest seal."""

    revision: str
    rows: dict[str, int]
    head: tuple[int, str]

    def json(self) -> dict[str, Any]:
        return {"revision": self.revision, "rows": self.rows, "head": list(self.head)}


class Store(Protocol):
    """One database engine."""

    engine: str

    def dump(self, target: Path) -> Snapshot:
        """Write a consistent copy while others go on writing."""

    def is_empty(self) -> bool:
        """Tell whether nobody has done anything there yet."""

    def load(self, dump: Path) -> str:
        """Load a copy beside the database and return its address."""

    def swap(self, stamp: str) -> str:
        """Put the loaded copy into the database's place, whole or not at all; returns where the old one is kept, or ""."""

    def forget(self) -> None:
        """Remove a loaded copy that was not swapped in."""


def described(connection: Connection) -> Snapshot:
    """Count what a database holds."""
    names = sorted(inspect(connection).get_table_names())
    if "audit_seal" not in names:
        raise Refused("the database has no tables yet: run `flask --app wsgi db upgrade`")
    rows = {
        name: int(connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0)  # noqa: S608  names of the database's own
        for name in names
    }
    head = connection.execute(text("SELECT number, chain_hash FROM audit_seal ORDER BY number DESC LIMIT 1")).first()
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return Snapshot(str(revision), rows, (head.number, head.chain_hash) if head else (0, ""))


def described_at(url: str) -> Snapshot:
    engine = create_engine(url, poolclass=NullPool)
    prepare_engine(engine)
    try:
        with engine.connect() as connection:
            return described(connection)
    finally:
        engine.dispose()


def is_untouched(connection: Connection) -> bool:
    """Tell whether a database has no tables, or nobody has left an entry in them."""
    if not inspect(connection).has_table("audit_entry"):
        return True
    return connection.execute(text("SELECT 1 FROM audit_entry LIMIT 1")).first() is None


def store_of(settings: Settings) -> Store:
    from app.ops.store_postgresql import PostgresStore
    from app.ops.store_sqlite import SqliteStore

    return SqliteStore(settings) if settings.owner_database_url.startswith("sqlite") else PostgresStore(settings)
