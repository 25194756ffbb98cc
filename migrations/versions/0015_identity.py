"""Identity: a second factor, recovery codes, the browsers people use, and when a session last proved a second factor."""

import re

from alembic import op
from sqlalchemy import text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "second_factor": (
        """CREATE TABLE second_factor (
    employee_id BIGINT NOT NULL,
    secret TEXT NOT NULL,
    last_step BIGINT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_second_factor PRIMARY KEY (employee_id),
    CONSTRAINT fk_second_factor_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
    ),
    "recovery_code": (
        """CREATE TABLE recovery_code (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    mark VARCHAR(4) NOT NULL,
    code_hash VARCHAR(200) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_recovery_code PRIMARY KEY (id),
    CONSTRAINT fk_recovery_code_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_recovery_code_employee_id ON recovery_code (employee_id)",
    ),
    "known_device": (
        """CREATE TABLE known_device (
    employee_id BIGINT NOT NULL,
    device_hash VARCHAR(64) NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_known_device PRIMARY KEY (employee_id, device_hash),
    CONSTRAINT fk_known_device_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_known_device_seen_at ON known_device (seen_at)",
    ),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statements in TABLES.values():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
    # Added and dropped in place on both engines (SQLite 3.35 can), so that no table is rebuilt.
    kind = "TEXT" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    op.get_bind().execute(text(f"ALTER TABLE sign_in_session ADD COLUMN proved_at {kind}"))


def downgrade() -> None:
    op.get_bind().execute(text("ALTER TABLE sign_in_session DROP COLUMN proved_at"))
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
