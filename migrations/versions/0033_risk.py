"""Risk of losing a customer: the switch alone, since nothing of the score is kept."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLE = {
    "sqlite": "CREATE TABLE risk_switch (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, is_on INTEGER NOT NULL, "
    "reason TEXT NOT NULL, at TEXT NOT NULL, by_id INTEGER) STRICT",
    "postgresql": "CREATE TABLE risk_switch (id BIGSERIAL NOT NULL, is_on BOOLEAN NOT NULL, reason VARCHAR(300) NOT NULL, "
    "at TIMESTAMP WITH TIME ZONE NOT NULL, by_id BIGINT, CONSTRAINT pk_risk_switch PRIMARY KEY (id))",
}
SAID = "BEGIN SELECT RAISE(ABORT, 'risk_switch is append-only'); END"
REFUSE = "EXECUTE FUNCTION makegood_refuse()"
TRIGGERS = {
    "sqlite": (
        f"CREATE TRIGGER risk_switch_no_update BEFORE UPDATE ON risk_switch {SAID}",
        f"CREATE TRIGGER risk_switch_no_delete BEFORE DELETE ON risk_switch {SAID}",
        "CREATE TRIGGER risk_switch_no_replace BEFORE INSERT ON risk_switch "
        f"WHEN EXISTS (SELECT 1 FROM risk_switch WHERE id = NEW.id) {SAID}",
    ),
    "postgresql": (
        f"CREATE TRIGGER risk_switch_no_update BEFORE UPDATE ON risk_switch FOR EACH ROW {REFUSE}",
        f"CREATE TRIGGER risk_switch_no_delete BEFORE DELETE ON risk_switch FOR EACH ROW {REFUSE}",
        f"CREATE TRIGGER risk_switch_no_truncate BEFORE TRUNCATE ON risk_switch FOR EACH STATEMENT {REFUSE}",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statement in (TABLE[dialect], *TRIGGERS[dialect]):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE risk_switch")
