"""Fulfilment: the outbox and its tries."""

import re

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "outbox_message": (
        """CREATE TABLE outbox_message (
    id BIGSERIAL NOT NULL,
    channel VARCHAR(40) NOT NULL,
    key VARCHAR(120) NOT NULL,
    payload TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_outbox_message PRIMARY KEY (id),
    CONSTRAINT uq_outbox_message_channel UNIQUE (channel, key)
)""",
    ),
    "outbox_attempt": (
        """CREATE TABLE outbox_attempt (
    id BIGSERIAL NOT NULL,
    message_id BIGINT NOT NULL,
    channel VARCHAR(40) NOT NULL,
    number BIGINT NOT NULL,
    tries_left BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    began_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    error VARCHAR(300),
    CONSTRAINT pk_outbox_attempt PRIMARY KEY (id),
    CONSTRAINT uq_outbox_attempt_message_id UNIQUE (message_id, number),
    CONSTRAINT ck_outbox_attempt_state CHECK (state IN ('waiting','running','delivered','failed','lost','dead')),
    CONSTRAINT ck_outbox_attempt_lease CHECK ((state = 'running') = (leased_until IS NOT NULL)),
    CONSTRAINT fk_outbox_attempt_message_id_outbox_message FOREIGN KEY(message_id) REFERENCES outbox_message (id) ON DELETE CASCADE
)""",
        "CREATE INDEX ix_outbox_attempt_due ON outbox_attempt (due_at, id) WHERE state IN ('waiting','running')",
        "CREATE INDEX ix_outbox_attempt_dead ON outbox_attempt (id) WHERE state = 'dead'",
    ),
}
APPEND_ONLY: dict[str, tuple[str, ...]] = {}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, statements in TABLES.items():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
        if table in APPEND_ONLY:
            for statement in (_sqlite_guard if is_sqlite else _postgresql_guard)(table, APPEND_ONLY[table]):
                op.get_bind().execute(text(statement))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = re.sub(r"BIGINT|BOOLEAN", "INTEGER", statement)
    return re.sub(r",\n\)$", "\n)", statement) + (" STRICT" if statement.startswith("CREATE TABLE") else "")


def _sqlite_guard(table: str, keys: tuple[str, ...]) -> list[str]:
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})" for key in keys)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _postgresql_guard(table: str, _keys: tuple[str, ...]) -> list[str]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    ]
