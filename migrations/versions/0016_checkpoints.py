"""Checkpoints of the trail: signed roots with the state to go on from, the tree's whole blocks, receipts; kept searches."""

import re

from alembic import op
from sqlalchemy import text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "audit_checkpoint": (
        """CREATE TABLE audit_checkpoint (
    serial BIGINT NOT NULL,
    size BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    peaks TEXT NOT NULL,
    note TEXT NOT NULL,
    CONSTRAINT pk_audit_checkpoint PRIMARY KEY (serial),
    CONSTRAINT ck_audit_checkpoint_dense CHECK (serial >= 1),
    CONSTRAINT uq_audit_checkpoint_size UNIQUE (size)
)""",
    ),
    "audit_block": (
        """CREATE TABLE audit_block (
    number BIGINT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_block PRIMARY KEY (number),
    CONSTRAINT ck_audit_block_dense CHECK (number >= 0)
)""",
    ),
    "checkpoint_receipt": (
        """CREATE TABLE checkpoint_receipt (
    id BIGSERIAL NOT NULL,
    place VARCHAR(200) NOT NULL,
    serial BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_checkpoint_receipt PRIMARY KEY (id)
)""",
        "CREATE INDEX ix_checkpoint_receipt_place ON checkpoint_receipt (place, serial)",
    ),
    "trail_search": (
        """CREATE TABLE trail_search (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    name VARCHAR(60) NOT NULL,
    asked TEXT NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_trail_search PRIMARY KEY (id),
    CONSTRAINT uq_trail_search_employee_id UNIQUE (employee_id, name)
)""",
    ),
}
KEYS = {"audit_checkpoint": ("serial", "size"), "audit_block": ("number",), "checkpoint_receipt": ("id",)}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, statements in TABLES.items():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
        if table in KEYS:
            for statement in _sqlite_triggers(table) if is_sqlite else _postgresql_triggers(table):
                op.get_bind().execute(text(statement))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _sqlite_triggers(name: str) -> list[str]:
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {name} WHERE {key} = NEW.{key})" for key in KEYS[name])
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {taken} {refuse}",
    ]


def _postgresql_triggers(name: str) -> list[str]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    if "id BIGSERIAL NOT NULL," in statement:
        statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
        statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r",\n\)$", "\n)", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")
