"""A word index beside a table, the same on both databases: FTS5 on SQLite, a text search vector with GIN on PostgreSQL.

Words are folded here, before either database sees them, so that both find the same rows and no typed text is an operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import DDL, String, Table, bindparam, event, text

from app.kernel.database import db
from app.kernel.word_rules import BODY_LENGTH_MAX as BODY_LENGTH_MAX
from app.kernel.word_rules import WORD_LENGTH_MAX as WORD_LENGTH_MAX
from app.kernel.word_rules import WORDS_MAX as WORDS_MAX
from app.kernel.word_rules import fold as fold
from app.kernel.word_rules import words_of as words_of

PROBE = 500


@dataclass(frozen=True)
class WordIndex:
    """The index over one table. It is technical: it can be built again, and is written in the deed's own transaction."""

    name: str

    def ddl(self) -> dict[str, tuple[str, ...]]:
        return {
            "sqlite": (f"CREATE VIRTUAL TABLE {self.name} USING fts5(body, tokenize='unicode61 remove_diacritics 0')",),
            "postgresql": (
                f"CREATE TABLE {self.name} (rowid BIGINT PRIMARY KEY, body TSVECTOR NOT NULL)",
                f"CREATE INDEX ix_{self.name}_body ON {self.name} USING gin (body) WITH (fastupdate = off)",
            ),
        }

    def beside(self, table: Table) -> None:
        """Make the index whenever the table is made."""
        for dialect, statements in self.ddl().items():
            for statement in statements:
                event.listen(table, "after_create", DDL(statement).execute_if(dialect=dialect))

    def put(self, bodies: Sequence[tuple[int, str]], *, new: bool) -> None:
        """Index rows by (id, text); `new` tells that none of them is in the index yet."""
        rows = [{"id": identity, "body": fold(body)} for identity, body in bodies]
        if not rows:
            return
        session = db.session()
        if _is_postgresql():
            vector = "array_to_tsvector(string_to_array(:body, ' '))"
            into = f"INSERT INTO {self.name} (rowid, body) VALUES (:id, {vector})"  # noqa: S608
            session.execute(text(into + " ON CONFLICT (rowid) DO UPDATE SET body = excluded.body"), rows)
            return
        if not new:
            session.execute(text(f"DELETE FROM {self.name} WHERE rowid = :id"), [{"id": row["id"]} for row in rows])  # noqa: S608
        session.execute(text(f"INSERT INTO {self.name} (rowid, body) VALUES (:id, :body)"), rows)  # noqa: S608

    def find(
        self, term: str, *, limit: int, within: Sequence[str] = (), among: Sequence[int] | None = None
    ) -> list[int]:
        """Return the ids of the newest rows that hold every typed word; the last one may be a beginning.

        within: what the reader may see holds one of these words, e.g. their site's; it only makes the search of a common
        word shorter, so at most PROBE rows may come back that don't, and whoever asks filters. among: only these rows.
        """
        words = words_of(term)
        if not words:
            return []
        quote, begins, either, both = ("'", ":*", " | ", " & ") if _is_postgresql() else ('"', "*", " OR ", " AND ")
        parts = [quote + word + quote for word in words]
        parts[-1] += begins
        if among is not None:
            return self._newest(both.join(parts), limit, among)
        if within:
            # Few rows hold a rare word: whoever asks filters them sooner than the index meets a word that half of it holds.
            found = self._newest(both.join(parts), PROBE + 1)
            if len(found) <= PROBE:
                return found
            parts.insert(0, f"({either.join(quote + word + quote for word in within)})")
        return self._newest(both.join(parts), limit)

    def _newest(self, query: str, limit: int, among: Sequence[int] | None = None) -> list[int]:
        where = "body @@ CAST(:query AS tsquery)" if _is_postgresql() else f"{self.name} MATCH :query"
        # The words stand in the statement itself, since PostgreSQL plans a rare word and a common one differently.
        given = [bindparam("query", query, String, literal_execute=_is_postgresql()), bindparam("n", limit)]
        if among is not None:
            where += " AND rowid IN :among"
            given.append(bindparam("among", among, expanding=True))
        found = text(f"SELECT rowid FROM {self.name} WHERE {where} ORDER BY rowid DESC LIMIT :n").bindparams(*given)  # noqa: S608
        return [row[0] for row in db.session.execute(found)]


def _is_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"
