"""A higher role for a short time; and what was decided in the quarterly review of access."""

import re

from alembic import op
from sqlalchemy import text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "role_raise": (
        """CREATE TABLE role_raise (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    own_role VARCHAR(12) NOT NULL,
    role VARCHAR(12) NOT NULL,
    reason TEXT NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by_id BIGINT,
    CONSTRAINT pk_role_raise PRIMARY KEY (id),
    CONSTRAINT ck_role_raise_role CHECK (role IN ('supervisor','manager','auditor','admin')),
    CONSTRAINT ck_role_raise_ends CHECK (ends_at > begun_at),
    CONSTRAINT fk_role_raise_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_role_raise_ended_by_id_employee FOREIGN KEY(ended_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_role_raise_employee_id ON role_raise (employee_id)",
        "CREATE UNIQUE INDEX uq_role_raise_open ON role_raise (employee_id) WHERE ended_at IS NULL",
    ),
    "access_review": (
        """CREATE TABLE access_review (
    id BIGSERIAL NOT NULL,
    quarter VARCHAR(7) NOT NULL,
    employee_id BIGINT NOT NULL,
    role VARCHAR(12) NOT NULL,
    outcome VARCHAR(10) NOT NULL,
    note TEXT NOT NULL,
    decided_by_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_access_review PRIMARY KEY (id),
    CONSTRAINT ck_access_review_outcome CHECK (outcome IN ('confirmed','revoked')),
    CONSTRAINT ck_access_review_not_oneself CHECK (employee_id <> decided_by_id),
    CONSTRAINT fk_access_review_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_access_review_decided_by_id_employee FOREIGN KEY(decided_by_id) REFERENCES employee (id)
)""",
        "CREATE UNIQUE INDEX uq_access_review_quarter ON access_review (quarter, employee_id)",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statements in TABLES.values():
        for statement in statements:
            op.execute(text(_said(statement, dialect)))


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _said(statement: str, dialect: str) -> str:
    if dialect != "sqlite" or not statement.startswith("CREATE TABLE"):
        return statement
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),", "", statement)
    statement = statement.replace("BIGSERIAL NOT NULL", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
    statement = statement.replace("TIMESTAMP WITH TIME ZONE", "TEXT").replace("BIGINT", "INTEGER")
    return re.sub(r"VARCHAR\(\d+\)", "TEXT", statement) + " STRICT"
