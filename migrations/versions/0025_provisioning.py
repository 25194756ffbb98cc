"""Single sign-on and provisioning."""

import re

from alembic import op
from sqlalchemy import text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "sign_in_identity": (
        """CREATE TABLE sign_in_identity (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    issuer VARCHAR(300) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    way VARCHAR(12) NOT NULL,
    bound_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_identity PRIMARY KEY (id),
    CONSTRAINT ck_sign_in_identity_way CHECK (way IN ('email','provisioning')),
    CONSTRAINT uq_sign_in_identity_issuer UNIQUE (issuer, subject),
    CONSTRAINT uq_sign_in_identity_employee_id UNIQUE (employee_id, issuer),
    CONSTRAINT fk_sign_in_identity_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
    ),
    "used_state": (
        """CREATE TABLE used_state (
    state_hash VARCHAR(64) NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_used_state PRIMARY KEY (state_hash)
)""",
        "CREATE INDEX ix_used_state_used_at ON used_state (used_at)",
    ),
    "provisioning_token": (
        """CREATE TABLE provisioning_token (
    id BIGSERIAL NOT NULL,
    name VARCHAR(60) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    made_by_id BIGINT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_provisioning_token PRIMARY KEY (id),
    CONSTRAINT uq_provisioning_token_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_provisioning_token_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id)
)""",
    ),
    "provisioned_person": (
        """CREATE TABLE provisioned_person (
    employee_id BIGINT NOT NULL,
    user_name VARCHAR(254) NOT NULL,
    user_name_key VARCHAR(254) NOT NULL,
    external_id VARCHAR(254),
    said TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_provisioned_person PRIMARY KEY (employee_id),
    CONSTRAINT uq_provisioned_person_user_name_key UNIQUE (user_name_key),
    CONSTRAINT fk_provisioned_person_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_provisioned_person_external_id ON provisioned_person (external_id)",
    ),
    "provisioned_team": (
        """CREATE TABLE provisioned_team (
    team_id BIGINT NOT NULL,
    external_id VARCHAR(254),
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_provisioned_team PRIMARY KEY (team_id),
    CONSTRAINT fk_provisioned_team_team_id_team FOREIGN KEY(team_id) REFERENCES team (id)
)""",
    ),
    "access_stop": (
        """CREATE TABLE access_stop (
    employee_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_access_stop PRIMARY KEY (employee_id),
    CONSTRAINT fk_access_stop_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statements in TABLES.values():
        for statement in statements:
            op.execute(text(_said(statement, dialect)))
    op.execute(text(_said("ALTER TABLE sign_in_session ADD COLUMN way VARCHAR(20)", dialect)))


def downgrade() -> None:
    op.execute(text("ALTER TABLE sign_in_session DROP COLUMN way"))
    for name in reversed(TABLES):
        op.drop_table(name)


def _said(statement: str, dialect: str) -> str:
    if dialect != "sqlite" or statement.startswith("CREATE INDEX"):
        return statement
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),", "", statement)
    statement = statement.replace("BIGSERIAL NOT NULL", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
    statement = statement.replace("TIMESTAMP WITH TIME ZONE", "TEXT").replace("BIGINT", "INTEGER")
    statement = re.sub(r"VARCHAR\(\d+\)", "TEXT", statement)
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")
