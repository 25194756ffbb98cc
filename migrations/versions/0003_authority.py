"""Authority: more units and windows, levels, certificates, exchange rates, entitlements.

Going down deletes the rules that the older tables can't hold (units, counts and holders that they don't know): the
older code would read them as something else. Keep a backup where such rules are in use.
"""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLD = (
    "id", "version_id", "role", "site_id", "kind", "category_id", "severity_min", "severity_max", "unit", "days",
    "limit_minor", "currency", "clause", "hard",
)  # fmt: skip
OLD_UNITS = "'incident','customer_days','employee_month','team_month'"
UNITS = (
    "'remedy','incident','customer_incident','customer_day','customer_days','employee_month','team_month','site_month'"
)
UNKNOWN_TO_OLD = (
    f"unit NOT IN ({OLD_UNITS}) OR measure <> 'amount' OR team_id IS NOT NULL OR level_min IS NOT NULL "
    "OR certificate IS NOT NULL OR segment IS NOT NULL OR valid_from IS NOT NULL OR valid_to IS NOT NULL"
)
MEASURE = "measure IN ('amount','count')"
COUNTED = "(measure = 'count') = (currency = 'XXX')"
VALIDITY = "valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to"
PUBLISHED = "EXISTS (SELECT 1 FROM policy_version WHERE id = NEW.version_id AND state = 'published')"


def upgrade() -> None:
    if _is_sqlite():
        _rebuild_rules(_sqlite_rules(UNITS, has_more=True), f"{', '.join(OLD)}, measure", f"{', '.join(OLD)}, 'amount'")
    else:
        for statement in _POSTGRESQL_RULES_UP:
            op.execute(statement)


def downgrade() -> None:
    if _is_sqlite():
        columns = ", ".join(OLD)
        _rebuild_rules(_sqlite_rules(OLD_UNITS, has_more=False), columns, columns, f" WHERE NOT ({UNKNOWN_TO_OLD})")
    else:
        for statement in _POSTGRESQL_RULES_DOWN:
            op.execute(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _rebuild_rules(create: str, columns: str, values: str, where: str = "") -> None:
    """SQLite changes no CHECK in place: a new table takes the rows, then the index and the triggers are made again."""
    for statement in (
        create,
        f"INSERT INTO authority_rule_new ({columns}) SELECT {values} FROM authority_rule{where} ORDER BY id",
        "DROP TABLE authority_rule",
        "ALTER TABLE authority_rule_new RENAME TO authority_rule",
        "CREATE INDEX ix_authority_rule_version_id ON authority_rule (version_id)",
        *_APPEND_ONLY,
    ):
        op.get_bind().execute(text(statement))


def _sqlite_rules(units: str, *, has_more: bool) -> str:
    more_columns = """
    measure TEXT NOT NULL,
    team_id INTEGER,
    level_min INTEGER,
    certificate TEXT,
    segment TEXT,
    valid_from TEXT,
    valid_to TEXT,"""
    more_checks = f"""
    CONSTRAINT ck_authority_rule_measure CHECK ({MEASURE}),
    CONSTRAINT ck_authority_rule_counted CHECK ({COUNTED}),
    CONSTRAINT ck_authority_rule_validity CHECK ({VALIDITY}),
    CONSTRAINT fk_authority_rule_team_id_team FOREIGN KEY(team_id) REFERENCES team (id),"""
    return f"""CREATE TABLE authority_rule_new (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL,
    role TEXT,
    site_id INTEGER,
    kind TEXT,
    category_id INTEGER,
    severity_min INTEGER NOT NULL,
    severity_max INTEGER NOT NULL,
    unit TEXT NOT NULL,
    days INTEGER,
    limit_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    clause TEXT NOT NULL,
    hard INTEGER NOT NULL,{more_columns if has_more else ""}
    CONSTRAINT ck_authority_rule_unit CHECK (unit IN ({units})),
    CONSTRAINT ck_authority_rule_limit CHECK (limit_minor >= 0),
    CONSTRAINT ck_authority_rule_days CHECK ((unit = 'customer_days') = (days IS NOT NULL)),{more_checks if has_more else ""}
    CONSTRAINT fk_authority_rule_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id),
    CONSTRAINT fk_authority_rule_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)
) STRICT"""


_REFUSE = "BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END"
_APPEND_ONLY = (
    f"CREATE TRIGGER authority_rule_no_update BEFORE UPDATE ON authority_rule {_REFUSE}",
    f"CREATE TRIGGER authority_rule_no_delete BEFORE DELETE ON authority_rule {_REFUSE}",
    "CREATE TRIGGER authority_rule_no_replace BEFORE INSERT ON authority_rule "
    f"WHEN EXISTS (SELECT 1 FROM authority_rule WHERE id = NEW.id) {_REFUSE}",
    f"CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule WHEN {PUBLISHED} {_REFUSE}",
)
_POSTGRESQL_RULES_UP = (
    "ALTER TABLE authority_rule ADD COLUMN measure VARCHAR(10) NOT NULL DEFAULT 'amount', "
    "ADD COLUMN team_id BIGINT, ADD COLUMN level_min BIGINT, ADD COLUMN certificate VARCHAR(40), "
    "ADD COLUMN segment VARCHAR(40), ADD COLUMN valid_from TIMESTAMP WITH TIME ZONE, "
    "ADD COLUMN valid_to TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE authority_rule ALTER COLUMN measure DROP DEFAULT",
    "ALTER TABLE authority_rule DROP CONSTRAINT ck_authority_rule_unit, "
    f"ADD CONSTRAINT ck_authority_rule_unit CHECK (unit IN ({UNITS})), "
    f"ADD CONSTRAINT ck_authority_rule_measure CHECK ({MEASURE}), "
    f"ADD CONSTRAINT ck_authority_rule_counted CHECK ({COUNTED}), "
    f"ADD CONSTRAINT ck_authority_rule_validity CHECK ({VALIDITY}), "
    "ADD CONSTRAINT fk_authority_rule_team_id_team FOREIGN KEY(team_id) REFERENCES team (id)",
)
_POSTGRESQL_RULES_DOWN = (
    "ALTER TABLE authority_rule DISABLE TRIGGER USER",
    f"DELETE FROM authority_rule WHERE {UNKNOWN_TO_OLD}",
    "ALTER TABLE authority_rule ENABLE TRIGGER USER",
    "ALTER TABLE authority_rule DROP COLUMN measure, DROP COLUMN team_id, DROP COLUMN level_min, "
    "DROP COLUMN certificate, DROP COLUMN segment, DROP COLUMN valid_from, DROP COLUMN valid_to",
    "ALTER TABLE authority_rule DROP CONSTRAINT ck_authority_rule_unit, "
    f"ADD CONSTRAINT ck_authority_rule_unit CHECK (unit IN ({OLD_UNITS}))",
)
