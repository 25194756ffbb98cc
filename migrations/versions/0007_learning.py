"""Learning: shadow runs with their answers, and proposals that became drafts."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What differs between the databases: the key, whole numbers, instants, the width of text, and what stands after a table.
TYPES = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "whole": "INTEGER", "instant": "TEXT", "strict": " STRICT",
        "t3": "TEXT", "t20": "TEXT", "t40": "TEXT", "t60": "TEXT", "t64": "TEXT", "t200": "TEXT", "pk": "",
    },
    "postgresql": {
        "key": "BIGSERIAL NOT NULL", "whole": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE", "strict": "",
        "t3": "VARCHAR(3)", "t20": "VARCHAR(20)", "t40": "VARCHAR(40)", "t60": "VARCHAR(60)", "t64": "VARCHAR(64)",
        "t200": "VARCHAR(200)", "pk": "CONSTRAINT pk_{table} PRIMARY KEY (id), ",
    },
}  # fmt: skip
TABLES = {
    "shadow_run": """
        id {key},
        version_id {whole} NOT NULL,
        content_hash {t64} NOT NULL,
        rules TEXT NOT NULL,
        reason TEXT NOT NULL,
        started_at {instant} NOT NULL,
        started_by {t60} NOT NULL,
        stopped_at {instant},
        stopped_by {t60},
        {pk}CONSTRAINT ck_shadow_run_stopped CHECK ((stopped_at IS NULL) = (stopped_by IS NULL)),
        CONSTRAINT fk_shadow_run_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id)
    """,
    "shadow_answer": """
        id {key},
        run_id {whole} NOT NULL,
        remedy_id {whole} NOT NULL,
        at {instant} NOT NULL,
        live {t20} NOT NULL,
        shadow {t20} NOT NULL,
        clause {t40} NOT NULL,
        {pk}CONSTRAINT ck_shadow_answer_live CHECK (live IN ('allowed','needs_approval','refused')),
        CONSTRAINT ck_shadow_answer_shadow CHECK (shadow IN ('allowed','needs_approval','refused')),
        CONSTRAINT fk_shadow_answer_run_id_shadow_run FOREIGN KEY(run_id) REFERENCES shadow_run (id),
        CONSTRAINT fk_shadow_answer_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id)
    """,
    "limit_proposal": """
        id {key},
        band {t200} NOT NULL,
        limit_minor {whole} NOT NULL,
        currency {t3} NOT NULL,
        evidence TEXT NOT NULL,
        version_id {whole} NOT NULL,
        accepted_at {instant} NOT NULL,
        accepted_by {t60} NOT NULL,
        {pk}CONSTRAINT ck_limit_proposal_limit CHECK (limit_minor > 0),
        CONSTRAINT fk_limit_proposal_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_shadow_run_version ON shadow_run (version_id, id)",
    "CREATE UNIQUE INDEX uq_shadow_run_running ON shadow_run (version_id) WHERE stopped_at IS NULL",
    "CREATE UNIQUE INDEX uq_shadow_answer_run_remedy ON shadow_answer (run_id, remedy_id)",
    "CREATE INDEX ix_shadow_answer_run_at ON shadow_answer (run_id, at)",
    "CREATE INDEX ix_limit_proposal_band ON limit_proposal (band, id)",
)


def _append_only_sqlite(name: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    return (
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} "
        f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id) {refuse}",
    )


def _append_only_postgresql(name: str) -> tuple[str, ...]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    return (
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    )


_REFUSE_RUN = "BEGIN SELECT RAISE(ABORT, 'shadow_run is append-only'); END"
TRIGGERS = {
    "sqlite": (
        *_append_only_sqlite("shadow_answer"),
        *_append_only_sqlite("limit_proposal"),
        f"CREATE TRIGGER shadow_run_frozen_update BEFORE UPDATE ON shadow_run WHEN OLD.stopped_at IS NOT NULL {_REFUSE_RUN}",
        f"CREATE TRIGGER shadow_run_frozen_delete BEFORE DELETE ON shadow_run WHEN OLD.stopped_at IS NOT NULL {_REFUSE_RUN}",
        "CREATE TRIGGER shadow_run_frozen_replace BEFORE INSERT ON shadow_run "
        f"WHEN EXISTS (SELECT 1 FROM shadow_run WHERE id = NEW.id AND shadow_run.stopped_at IS NOT NULL) {_REFUSE_RUN}",
    ),
    "postgresql": (
        *_append_only_postgresql("shadow_answer"),
        *_append_only_postgresql("limit_proposal"),
        "CREATE TRIGGER shadow_run_frozen_update BEFORE UPDATE ON shadow_run FOR EACH ROW "
        "WHEN (OLD.stopped_at IS NOT NULL) EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER shadow_run_frozen_delete BEFORE DELETE ON shadow_run FOR EACH ROW "
        "WHEN (OLD.stopped_at IS NOT NULL) EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER shadow_run_no_truncate BEFORE TRUNCATE ON shadow_run "
        "FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()",
    ),
}


def upgrade() -> None:
    connection = op.get_bind()
    dialect = connection.dialect.name
    types = TYPES[dialect]
    for name, columns in TABLES.items():
        body = columns.format(**{**types, "pk": types["pk"].format(table=name)})
        connection.exec_driver_sql(f"CREATE TABLE {name} ({body}){types['strict']}")
    for statement in (*INDEXES, *TRIGGERS[dialect]):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    for name in reversed(TABLES):
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
