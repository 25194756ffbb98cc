"""PostgreSQL databases used by one test after the other: to copy a whole one costs ten times what emptying costs.

Only what a test can't be seen in any more is used again: the schema (down to each trigger and right) must be the very rows of the
catalogue that the copy had, and the rows become those of the template. Anything else is dropped, and the next test gets a new copy.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

TIMES_MAX = 50  # deleted rows leave pages behind
# Every change of a schema writes a row here: its transaction is the row's xmin.
_CATALOGUES = (
    "pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_rewrite", "pg_type",
    "pg_policy", "pg_extension",
)  # fmt: skip
_SCHEMA = " UNION ALL ".join(
    f"SELECT '{name}', count(*), sum(hashtext(xmin::text)::bigint) FROM {name}" for name in _CATALOGUES
) + (
    " UNION ALL SELECT 'settings', count(*), 0 FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
    " WHERE d.datname = current_database()"
)
_TOUCHED = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0"
_OTHERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
_COUNTERS = "SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public'"
Counters = dict[str, tuple[int, int | None]]


@dataclass
class _Database:
    name: str
    schema: list[tuple[object, ...]]
    times: int = 1


@dataclass
class Stock:
    """The databases of one worker. address: where psycopg finds a database, by its name; admin: a statement outside of any."""

    template: str
    address: Callable[[str], str]
    admin: Callable[[str], None]
    spare: list[_Database] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)
    counters: Counters = field(default_factory=dict)

    def __post_init__(self) -> None:
        with psycopg.connect(self.address(self.template)) as connection:
            self.counters = _counters(connection)
            for (table,) in connection.execute(_TOUCHED).fetchall():
                with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as rows:
                    self.rows[table] = b"".join(map(bytes, rows))

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The name of a database that is as the template, for one test."""
        taken = self.spare.pop() if self.spare else self._copied()
        yield taken.name
        if taken.times < TIMES_MAX and self._emptied(taken):
            taken.times += 1
            self.spare.append(taken)
        else:
            self._drop(taken)

    def close(self) -> None:
        while self.spare:
            self._drop(self.spare.pop())

    def _drop(self, database: _Database) -> None:
        self.admin(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    def _copied(self) -> _Database:
        name = f"test_{secrets.token_hex(6)}"
        self.admin(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY')
        with psycopg.connect(self.address(name)) as connection:
            return _Database(name, connection.execute(_SCHEMA).fetchall())

    def _emptied(self, database: _Database) -> bool:
        """Put the template's rows and counters back; False where it is gone or its schema is another by now."""
        try:
            connection = psycopg.connect(self.address(database.name))
        except psycopg.OperationalError:
            return False
        with connection:
            connection.execute(_OTHERS, [database.name])
            if connection.execute(_SCHEMA).fetchall() != database.schema:
                return False
            # Append-only tables refuse to lose rows by triggers, which a replica doesn't ask.
            connection.execute("SET session_replication_role = replica")
            for table in {name for (name,) in connection.execute(_TOUCHED)} | set(self.rows):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self.rows.items():
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as sink:
                    sink.write(rows)
            for name, (start, last) in _counters(connection).items():
                wanted = self.counters[name][1]
                if last != wanted:
                    connection.execute(
                        "SELECT setval(%s::regclass, %s, %s)", [f'"{name}"', wanted or start, wanted is not None]
                    )
        return True


def _counters(connection: psycopg.Connection) -> Counters:
    return {name: (start, last) for name, start, last in connection.execute(_COUNTERS)}
