"""A change of somebody's role waits for a second administrator."""

import re

from alembic import op
from sqlalchemy import text

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
STATEMENTS = (
    """CREATE TABLE role_change (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    role_before VARCHAR(12) NOT NULL,
    role VARCHAR(12) NOT NULL,
    reason TEXT NOT NULL,
    proposed_by_id BIGINT NOT NULL,
    program VARCHAR(40),
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome VARCHAR(10),
    decided_by_id BIGINT,
    decided_at TIMESTAMP WITH TIME ZONE,
    word TEXT NOT NULL,
    CONSTRAINT pk_role_change PRIMARY KEY (id),
    CONSTRAINT ck_role_change_role CHECK (role IN ('frontline','supervisor','manager','hr','auditor','admin')),
    CONSTRAINT ck_role_change_other_role CHECK (role <> role_before),
    CONSTRAINT ck_role_change_outcome CHECK (outcome IN ('confirmed','refused','withdrawn','lapsed')),
    CONSTRAINT ck_role_change_decided CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_role_change_four_eyes CHECK (outcome IS NULL OR outcome <> 'confirmed' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id AND decided_by_id <> employee_id)),
    CONSTRAINT fk_role_change_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_role_change_proposed_by_id_employee FOREIGN KEY(proposed_by_id) REFERENCES employee (id),
    CONSTRAINT fk_role_change_decided_by_id_employee FOREIGN KEY(decided_by_id) REFERENCES employee (id)
)""",
    "CREATE INDEX ix_role_change_employee_id ON role_change (employee_id)",
    "CREATE UNIQUE INDEX uq_role_change_open ON role_change (employee_id) WHERE outcome IS NULL",
)


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in STATEMENTS:
        op.execute(text(_said(statement, dialect)))


def downgrade() -> None:
    op.drop_table("role_change")


def _said(statement: str, dialect: str) -> str:
    if dialect != "sqlite" or not statement.startswith("CREATE TABLE"):
        return statement
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),", "", statement)
    statement = statement.replace("BIGSERIAL NOT NULL", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
    statement = statement.replace("TIMESTAMP WITH TIME ZONE", "TEXT").replace("BIGINT", "INTEGER")
    return re.sub(r"VARCHAR\(\d+\)", "TEXT", statement) + " STRICT"
