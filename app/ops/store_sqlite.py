"""Backup and restore of a SQLite file."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from app.ops.stores import Refused, Snapshot, described_at, is_untouched
from config import Settings

BUSY_SECONDS = 10


class SqliteStore:
    engine = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self._path = Path(settings.owner_database_url.removeprefix("sqlite:///").partition("?")[0]).absolute()
        self._beside = self._path.with_name(f".{self._path.name}.restoring")

    def dump(self, target: Path) -> Snapshot:
        """VACUUM INTO reads one snapshot and leaves erased pages behind; a plain copy of the file would lose the WAL."""
        if not self._path.exists():
            raise Refused(f"there is no database at {self._path}")
        with closing(sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
        check_file(target)
        found = described_at(f"sqlite:///{target}")
        _close_wal(target)
        _sync(target)
        return found

    def is_empty(self) -> bool:
        if not self._path.exists():
            return True
        engine = create_engine(f"sqlite:///{self._path}", poolclass=NullPool)
        with engine.connect() as connection:
            return is_untouched(connection)

    def load(self, dump: Path) -> str:
        self.forget()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._beside.touch(mode=0o600)
        with dump.open("rb") as source, self._beside.open("wb") as target:
            while piece := source.read(1024 * 1024):
                target.write(piece)
        check_file(self._beside)
        return f"sqlite:///{self._beside}"

    def swap(self, stamp: str) -> str:
        """Link the old file under another name, then rename over it: at every moment one whole database is there."""
        _close_wal(self._beside)
        _sync(self._beside)
        kept = self._path.with_name(f"{self._path.name}.before-{stamp}")
        was_there = self._path.exists()
        if was_there:
            _close_wal(self._path)
            os.link(self._path, kept)
        os.replace(self._beside, self._path)
        for ending in ("-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)
        _sync(self._path.parent)
        return str(kept) if was_there else ""

    def forget(self) -> None:
        for left in self._beside.parent.glob(f"{self._beside.name}*"):  # its log, and what says whose turn it is
            left.unlink(missing_ok=True)


def check_file(path: Path) -> None:
    """Let SQLite read every page and compare every index and reference."""
    with closing(sqlite3.connect(path)) as copy:
        said = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        strays = copy.execute("PRAGMA foreign_key_check").fetchall()
    if said != ["ok"] or strays:
        raise Refused(f"SQLite finds the copy damaged: {(said if said != ['ok'] else strays)[:3]}")


def _close_wal(path: Path) -> None:
    """Fold the write-ahead log in, which succeeds only when nobody else has the file open."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as alone:
        try:
            mode = alone.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        except sqlite3.OperationalError:
            mode = "locked"
    if mode != "delete":
        raise Refused("the database is in use: stop the web server and the scheduler, then try again")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
