"""Deciding: links of mails that were used, batches, and up to which amounts a batch or a bare sign-in is enough."""

import re

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "decision_bound": (
        """CREATE TABLE decision_bound (
    currency VARCHAR(3) NOT NULL,
    batch_minor_max BIGINT,
    proof_above_minor BIGINT,
    changed_by_id BIGINT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_decision_bound PRIMARY KEY (currency),
    CONSTRAINT ck_decision_bound_amounts CHECK ((batch_minor_max IS NULL OR batch_minor_max > 0) AND
        (proof_above_minor IS NULL OR proof_above_minor >= 0)),
    CONSTRAINT fk_decision_bound_changed_by_id_employee FOREIGN KEY(changed_by_id) REFERENCES employee (id)
)""",
    ),
    "used_link": (
        """CREATE TABLE used_link (
    digest VARCHAR(64) NOT NULL,
    exception_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_used_link PRIMARY KEY (digest),
    CONSTRAINT fk_used_link_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_used_link_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
    ),
    "decision_batch": (
        """CREATE TABLE decision_batch (
    id BIGSERIAL NOT NULL,
    intent VARCHAR(100) NOT NULL,
    made_by_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome VARCHAR(12) NOT NULL,
    picks TEXT NOT NULL,
    results TEXT,
    CONSTRAINT pk_decision_batch PRIMARY KEY (id),
    CONSTRAINT ck_decision_batch_outcome CHECK (outcome IN ('approved','declined')),
    CONSTRAINT fk_decision_batch_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id),
    CONSTRAINT uq_decision_batch_made_by_id UNIQUE (made_by_id, intent)
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
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")
