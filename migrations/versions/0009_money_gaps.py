"""Money gaps: looks at payouts, care and sign-off of clauses, refused attempts."""

import re

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "payout_look": (
        """CREATE TABLE payout_look (
    payout_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    count BIGINT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    error VARCHAR(300),
    CONSTRAINT pk_payout_look PRIMARY KEY (payout_id),
    CONSTRAINT ck_payout_look_count CHECK (count >= 1),
    CONSTRAINT fk_payout_look_payout_id_payout FOREIGN KEY(payout_id) REFERENCES payout (id)
)""",
        "CREATE INDEX ix_payout_look_due ON payout_look (due_at, payout_id)",
    ),
    "clause_care": (
        """CREATE TABLE clause_care (
    code VARCHAR(40) NOT NULL,
    owner_id BIGINT,
    review_by DATE,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_by VARCHAR(60) NOT NULL,
    CONSTRAINT pk_clause_care PRIMARY KEY (code),
    CONSTRAINT fk_clause_care_owner_id_employee FOREIGN KEY(owner_id) REFERENCES employee (id)
)""",
    ),
    "clause_sign_off": (
        """CREATE TABLE clause_sign_off (
    id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    employee_id BIGINT NOT NULL,
    side VARCHAR(10) NOT NULL,
    note VARCHAR(500) NOT NULL,
    mark VARCHAR(100) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_clause_sign_off PRIMARY KEY (id),
    CONSTRAINT ck_clause_sign_off_side CHECK (side IN ('leader','employee')),
    CONSTRAINT fk_clause_sign_off_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id),
    CONSTRAINT fk_clause_sign_off_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_clause_sign_off_mark UNIQUE (mark)
)""",
        "CREATE INDEX ix_clause_sign_off_content ON clause_sign_off (content_hash, id)",
    ),
    "refused_offer": (
        """CREATE TABLE refused_offer (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    customer_id BIGINT,
    employee_id BIGINT,
    site_id BIGINT NOT NULL,
    team_id BIGINT,
    kind VARCHAR(40) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    decision TEXT NOT NULL,
    policy_version_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_refused_offer PRIMARY KEY (id),
    CONSTRAINT ck_refused_offer_amount CHECK (amount_minor >= 0),
    CONSTRAINT fk_refused_offer_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)""",
        "CREATE INDEX ix_refused_offer_site ON refused_offer (site_id, at)",
        "CREATE INDEX ix_refused_offer_case ON refused_offer (case_id, at)",
    ),
}
# Tables that are only added to, with their unique columns.
APPEND_ONLY: dict[str, tuple[str, ...]] = {"clause_sign_off": ("id", "mark"), "refused_offer": ("id",)}


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
    if "id BIGSERIAL NOT NULL," in statement:
        statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
        statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE|\bDATE\b", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")


def _sqlite_guard(table: str, keys: tuple[str, ...]) -> list[str]:
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})" for key in keys)  # noqa: S608
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
