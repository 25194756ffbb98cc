"""Keep the full-text index beside the cases."""

from collections.abc import Sequence

from sqlalchemy import text

from app.kernel.database import db

_SQLITE = text("INSERT INTO case_search (rowid, body) VALUES (:id, :body)")
_SQLITE_DROP = text("DELETE FROM case_search WHERE rowid = :id")
_POSTGRESQL = text(
    "INSERT INTO case_search (rowid, body) VALUES (:id, to_tsvector('simple', :body)) "
    "ON CONFLICT (rowid) DO UPDATE SET body = excluded.body"
)
# PostgreSQL refuses a text search vector above one mebibyte.
_BODY_MAX = 250_000


def index_cases(bodies: Sequence[tuple[int, str]], *, new: bool) -> None:
    """Index cases by (id, text); `new` tells that none of them is in the index yet."""
    rows = [{"id": case_id, "body": body[:_BODY_MAX].replace("\x00", " ")} for case_id, body in bodies]
    if not rows:
        return
    session = db.session()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_POSTGRESQL, rows)
        return
    if not new:
        session.execute(_SQLITE_DROP, [{"id": row["id"]} for row in rows])
    session.execute(_SQLITE, rows)
