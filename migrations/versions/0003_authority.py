"""Authority: more units and windows, levels, certificates, exchange rates, entitlements.

Going down deletes the rules that the older tables can't hold (units, counts and holders that they don't know): the
older code would read them as something else. Keep a backup where such rules are in use.
"""

from pathlib import Path

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


# A rolling window used to sum its customer's holds; now it sums the shares that they have in it.
SHARES = """
INSERT INTO hold_share (hold_id, purse_id, held_at, reserved_minor, settled_minor, granted)
SELECT h.id, e.purse_id, h.held_at,
       CASE WHEN h.state = 'reserved' THEN h.counted_minor ELSE 0 END,
       CASE WHEN h.state = 'settled' THEN h.counted_minor ELSE 0 END,
       EXISTS (SELECT 1 FROM ledger_entry g
               WHERE g.transfer_id = e.transfer_id AND g.purse_id = e.purse_id AND g.bucket = 'granted')
FROM ledger_entry e
JOIN ledger_transfer t ON t.id = e.transfer_id AND t.kind = 'reserve'
JOIN hold h ON h.id = t.hold_id
JOIN purse p ON p.id = e.purse_id AND p.unit = 'customer_days'
WHERE e.bucket = 'reserved'
ORDER BY h.id
"""
NEW_TABLES = (
    "redress_remedy", "redress_finding", "entitlement", "customer_segment", "certificate_grant", "certificate", "fx_rate",
    "hold_share",
)  # fmt: skip


def upgrade() -> None:
    if _is_sqlite():
        _rebuild_rules(_sqlite_rules(UNITS, has_more=True), f"{', '.join(OLD)}, measure", f"{', '.join(OLD)}, 'amount'")
        _rebuild_purses("unit IN ('customer_days','customer_cause')")
    else:
        for statement in _POSTGRESQL_UP:
            op.execute(statement)
    script = Path(__file__).with_name(f"0003_authority.{op.get_bind().dialect.name}.sql")
    for statement in script.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)
    op.execute(SHARES)


def downgrade() -> None:
    """The purses of causes and of counts stay, with their entries; the older code never asks for them."""
    for name in NEW_TABLES:
        op.drop_table(name)
    if _is_sqlite():
        columns = ", ".join(OLD)
        _rebuild_rules(_sqlite_rules(OLD_UNITS, has_more=False), columns, columns, f" WHERE NOT ({UNKNOWN_TO_OLD})")
        op.execute(_CAUSES_DOWN)
        _rebuild_purses("unit = 'customer_days'")
    else:
        for statement in _POSTGRESQL_DOWN:
            op.execute(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _rebuild_rules(create: str, columns: str, values: str, where: str = "") -> None:
    """SQLite changes no CHECK in place: a new table takes the rows, then the index and the triggers are made again."""
    for statement in (
        create,
        f"INSERT INTO authority_rule_new ({columns}) SELECT {values} FROM authority_rule{where} ORDER BY id",  # noqa: S608 - names of this file only
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


def _rebuild_purses(rolling: str) -> None:
    columns = (
        "id, key, unit, period, currency, site_id, team_id, employee_id, ceiling_minor, approved_minor, reserved_minor, "
        "settled_minor"
    )
    for statement in (
        f"""CREATE TABLE purse_new (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    unit TEXT NOT NULL,
    period TEXT,
    currency TEXT NOT NULL,
    site_id INTEGER NOT NULL,
    team_id INTEGER,
    employee_id INTEGER,
    ceiling_minor INTEGER NOT NULL,
    approved_minor INTEGER NOT NULL,
    reserved_minor INTEGER NOT NULL,
    settled_minor INTEGER NOT NULL,
    CONSTRAINT ck_purse_not_negative CHECK (reserved_minor >= 0 AND settled_minor >= 0 AND approved_minor >= 0),
    CONSTRAINT ck_purse_limit CHECK ({rolling} OR {_NOT_OVER}),
    CONSTRAINT uq_purse_key UNIQUE (key)
) STRICT""",
        f"INSERT INTO purse_new ({columns}) SELECT {columns} FROM purse ORDER BY id",  # noqa: S608
        "DROP TABLE purse",
        "ALTER TABLE purse_new RENAME TO purse",
        "CREATE INDEX ix_purse_employee ON purse (employee_id, id)",
        "CREATE INDEX ix_purse_site ON purse (site_id, unit, id)",
    ):
        op.get_bind().execute(text(statement))


_NOT_OVER = "reserved_minor + settled_minor <= ceiling_minor + approved_minor"
_CAUSES_DOWN = "UPDATE purse SET unit = 'customer_days' WHERE unit = 'customer_cause'"
_KNOWN = "EXISTS (SELECT 1 FROM authority_rule WHERE id = NEW.id)"
_REFUSE = "BEGIN SELECT RAISE(ABORT, 'authority_rule is append-only'); END"
_APPEND_ONLY = (
    f"CREATE TRIGGER authority_rule_no_update BEFORE UPDATE ON authority_rule {_REFUSE}",
    f"CREATE TRIGGER authority_rule_no_delete BEFORE DELETE ON authority_rule {_REFUSE}",
    f"CREATE TRIGGER authority_rule_no_replace BEFORE INSERT ON authority_rule WHEN {_KNOWN} {_REFUSE}",
    f"CREATE TRIGGER authority_rule_no_addition BEFORE INSERT ON authority_rule WHEN {PUBLISHED} {_REFUSE}",
)
_POSTGRESQL_UP = (
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
    "ALTER TABLE purse ALTER COLUMN key TYPE VARCHAR(160), DROP CONSTRAINT ck_purse_limit, ADD CONSTRAINT ck_purse_limit "
    f"CHECK (unit IN ('customer_days','customer_cause') OR {_NOT_OVER})",
)
_POSTGRESQL_DOWN = (
    "ALTER TABLE authority_rule DISABLE TRIGGER USER",
    f"DELETE FROM authority_rule WHERE {UNKNOWN_TO_OLD}",  # noqa: S608
    "ALTER TABLE authority_rule ENABLE TRIGGER USER",
    "ALTER TABLE authority_rule DROP COLUMN measure, DROP COLUMN team_id, DROP COLUMN level_min, "
    "DROP COLUMN certificate, DROP COLUMN segment, DROP COLUMN valid_from, DROP COLUMN valid_to",
    "ALTER TABLE authority_rule DROP CONSTRAINT ck_authority_rule_unit, "
    f"ADD CONSTRAINT ck_authority_rule_unit CHECK (unit IN ({OLD_UNITS}))",
    _CAUSES_DOWN,
    "ALTER TABLE purse DROP CONSTRAINT ck_purse_limit, ADD CONSTRAINT ck_purse_limit "
    f"CHECK (unit = 'customer_days' OR {_NOT_OVER})",
)
