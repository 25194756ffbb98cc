"""Passkeys; regions of sites and who leads them; requests counted for all web processes together."""

import re

from alembic import op
from sqlalchemy import text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "passkey": (
        """CREATE TABLE passkey (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    name VARCHAR(60) NOT NULL,
    credential_id VARCHAR(1400) NOT NULL,
    public_key TEXT NOT NULL,
    user_handle VARCHAR(64) NOT NULL,
    sign_count BIGINT NOT NULL,
    transports VARCHAR(100) NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_passkey PRIMARY KEY (id),
    CONSTRAINT fk_passkey_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_passkey_credential_id UNIQUE (credential_id)
)""",
        "CREATE INDEX ix_passkey_employee_id ON passkey (employee_id)",
    ),
    "passkey_challenge": (
        """CREATE TABLE passkey_challenge (
    challenge_hash VARCHAR(64) NOT NULL,
    purpose VARCHAR(8) NOT NULL,
    bound_to VARCHAR(64) NOT NULL,
    employee_id BIGINT,
    user_handle VARCHAR(64),
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_passkey_challenge PRIMARY KEY (challenge_hash),
    CONSTRAINT ck_passkey_challenge_purpose CHECK (purpose IN ('register','sign-in','step-up'))
)""",
        "CREATE INDEX ix_passkey_challenge_expires_at ON passkey_challenge (expires_at)",
    ),
    "region": (
        """CREATE TABLE region (
    id BIGSERIAL NOT NULL,
    name VARCHAR(100) NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_region PRIMARY KEY (id),
    CONSTRAINT uq_region_name UNIQUE (name)
)""",
    ),
    "region_site": (
        """CREATE TABLE region_site (
    site_id BIGINT NOT NULL,
    region_id BIGINT NOT NULL,
    CONSTRAINT pk_region_site PRIMARY KEY (site_id),
    CONSTRAINT fk_region_site_region_id_region FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_region_site_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
)""",
        "CREATE INDEX ix_region_site_region_id ON region_site (region_id)",
    ),
    "region_lead": (
        """CREATE TABLE region_lead (
    employee_id BIGINT NOT NULL,
    region_id BIGINT NOT NULL,
    CONSTRAINT pk_region_lead PRIMARY KEY (employee_id),
    CONSTRAINT fk_region_lead_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_region_lead_region_id_region FOREIGN KEY(region_id) REFERENCES region (id)
)""",
        "CREATE INDEX ix_region_lead_region_id ON region_lead (region_id)",
    ),
    "request_count": (
        """CREATE TABLE request_count (
    key VARCHAR(64) NOT NULL,
    minute BIGINT NOT NULL,
    now_count BIGINT NOT NULL,
    before_count BIGINT NOT NULL,
    CONSTRAINT pk_request_count PRIMARY KEY (key)
)""",
        "CREATE INDEX ix_request_count_minute ON request_count (minute)",
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
