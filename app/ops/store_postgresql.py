"""Backup and restore of a PostgreSQL database, with PostgreSQL's own programs."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from app.ops.stores import Refused, Snapshot, described, is_untouched
from config import Settings

MISSING = "{name} was not found: install PostgreSQL's client programs (Debian: apt-get install postgresql-client) or set PG_BINDIR"


def program(name: str) -> str:
    """Find pg_dump or pg_restore: where PG_BINDIR says, on the PATH, or the newest of Debian's."""
    given = os.environ.get("PG_BINDIR")
    if given and (Path(given) / name).exists():
        return str(Path(given) / name)
    if found := shutil.which(name):
        return found
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    if debian:
        return str(debian[-1])
    raise Refused(MISSING.format(name=name))


class PostgresStore:
    engine = "postgresql"

    def __init__(self, settings: Settings) -> None:
        self._url = make_url(settings.owner_database_url)
        self._name = str(self._url.database)
        self._beside: str | None = None

    def dump(self, target: Path) -> Snapshot:
        """Let pg_dump read the very snapshot in which the rows are counted."""
        with _connected(self._url) as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            said = ("--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}")
            self._run("pg_dump", self._url, *said)
            return described(connection)

    def is_empty(self) -> bool:
        try:
            with _connected(self._url) as connection:
                return is_untouched(connection)
        except OperationalError as failure:
            if "does not exist" in str(failure):
                return True
            raise

    def load(self, dump: Path) -> str:
        """Restore into a new database with the old one's encoding and language; needs the right to create databases."""
        self._beside = f"{self._name[:40]}_restore_{secrets.token_hex(4)}"
        with self._administration() as connection:
            language = text(
                "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = :name"
            )
            found = connection.execute(language, {"name": self._name}).first()
            like = " ENCODING '{}' LC_COLLATE '{}' LC_CTYPE '{}'".format(*found) if found else ""
            try:
                connection.execute(text(f'CREATE DATABASE "{self._beside}" TEMPLATE template0{like}'))
            except ProgrammingError as failure:
                self._beside = None
                raise Refused(f"a database can't be created beside: {failure.orig}") from None
        url = self._url.set(database=self._beside)
        self._run("pg_restore", url, "--exit-on-error", "--no-owner", "--jobs=2", str(dump))
        return url.render_as_string(hide_password=False)

    def swap(self, stamp: str) -> str:
        """Rename both databases in one transaction."""
        assert self._beside is not None
        kept = f"{self._name[:40]}_before_{stamp}"
        with _connected(self._url.set(database="postgres")) as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            was_there = connection.scalar(known, {"name": self._name}) is not None
            try:
                if was_there:
                    connection.execute(text(f'ALTER DATABASE "{self._name}" RENAME TO "{kept}"'))
                connection.execute(text(f'ALTER DATABASE "{self._beside}" RENAME TO "{self._name}"'))
                connection.commit()
            except OperationalError as failure:
                raise Refused(
                    f"the database is in use: stop the web server and the scheduler, then try again ({failure.orig})"
                ) from None
        self._beside = None
        return kept if was_there else ""

    def forget(self) -> None:
        if self._beside is not None:
            with self._administration() as connection:
                connection.execute(text(f'DROP DATABASE IF EXISTS "{self._beside}"'))
            self._beside = None

    @contextmanager
    def _administration(self) -> Iterator[Connection]:
        with _connected(self._url.set(database="postgres"), isolation_level="AUTOCOMMIT") as connection:
            yield connection

    def _run(self, name: str, url: URL, *arguments: str) -> None:
        """Run a program of PostgreSQL's; the pass phrase goes by the environment, never by the command line."""
        address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        secret = {"PGPASSWORD": str(url.password)} if url.password else {}
        done = subprocess.run(
            [program(name), f"--dbname={address}", *arguments],
            env={**os.environ, **secret},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(f"{name} failed: {done.stderr.strip()[-500:]}")


@contextmanager
def _connected(url: URL, isolation_level: str | None = None) -> Iterator[Connection]:
    kind = {"isolation_level": isolation_level} if isolation_level else {}
    engine = create_engine(url, poolclass=NullPool, **kind)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
