"""What became of customers later, as another system told it; counts of each day, and how far they were kept."""

import re

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "later_outcome": (
        """CREATE TABLE later_outcome (
    id BIGSERIAL NOT NULL,
    source VARCHAR(60) NOT NULL,
    source_ref VARCHAR(120) NOT NULL,
    on_day DATE NOT NULL,
    customer_id BIGINT,
    segment VARCHAR(40),
    had_complaint BOOLEAN,
    has_stayed BOOLEAN,
    has_returned BOOLEAN,
    value_millis BIGINT,
    currency VARCHAR(3) NOT NULL,
    imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_later_outcome PRIMARY KEY (id),
    CONSTRAINT ck_later_outcome_said
        CHECK (has_stayed IS NOT NULL OR has_returned IS NOT NULL OR value_millis IS NOT NULL),
    CONSTRAINT ck_later_outcome_value CHECK (value_millis IS NULL OR value_millis >= 0),
    CONSTRAINT fk_later_outcome_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
)""",
        "CREATE UNIQUE INDEX uq_later_outcome_source ON later_outcome (source, source_ref, on_day)",
        "CREATE INDEX ix_later_outcome_customer ON later_outcome (customer_id, on_day)",
    ),
    "rollup_day": (
        """CREATE TABLE rollup_day (
    dimension VARCHAR(10) NOT NULL,
    day DATE NOT NULL,
    site_id BIGINT NOT NULL,
    value VARCHAR(40) NOT NULL,
    resolved BIGINT NOT NULL,
    severe BIGINT NOT NULL,
    given_minor BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    satisfied BIGINT NOT NULL,
    CONSTRAINT pk_rollup_day PRIMARY KEY (dimension, day, site_id, value)
)""",
        "CREATE INDEX ix_rollup_day_site ON rollup_day (site_id, day)",
    ),
    "rollup_mark": (
        """CREATE TABLE rollup_mark (
    id BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    folded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_rollup_mark PRIMARY KEY (id)
)""",
    ),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statements in TABLES.values():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    if "id BIGSERIAL NOT NULL," in statement:
        statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
        statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r",\n\)$", "\n)", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER").replace("BOOLEAN", "INTEGER").replace("day DATE", "day TEXT")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")
