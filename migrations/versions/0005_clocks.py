"""Clocks: conditions, ladders, promises, calendars and deliveries."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TYPES = {
    "sqlite": {"pk": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "int": "INTEGER", "at": "TEXT", "text": "TEXT"},
    "postgresql": {"pk": "BIGSERIAL NOT NULL", "int": "BIGINT", "at": "TIMESTAMP WITH TIME ZONE", "text": "TEXT"},
}

COLUMNS = (
    ("calendar_version", "special", "text"),
    ("sla_policy_version", "rules", "text"),
    ("sla_target", "segment", 40),
    ("sla_target", "channel", 20),
    ("sla_target", "site_id", "int"),
    ("clock", "subject", 30),
    ("clock", "label", 160),
    ("clock", "told", "int"),
    ("clock_pause", "limit_at", "at"),
    ("clock_pause", "approved_by_id", "int"),
    ("clock_pause", "approved_at", "at"),
)

# name -> (columns, constraints). A number is a text of at most so many characters.
TABLES = {
    "clock_change": (
        (("clock_id", "int", True), ("at", "at", True), ("kind", 20, True), ("actor_id", "int", False), ("actor", 80, True),
         ("before", "text", True), ("after", "text", True)),
        ("CONSTRAINT fk_clock_change_clock_id_clock FOREIGN KEY(clock_id) REFERENCES clock (id)",),
    ),
    "rerun": (
        (("kind", 10, True), ("reason", 500, True), ("asked_by_id", "int", False), ("asked_at", "at", True),
         ("state", 10, True), ("case_count", "int", True), ("looked_count", "int", True), ("moved_count", "int", True),
         ("last_case_id", "int", True), ("finished_at", "at", False)),
        ("CONSTRAINT ck_rerun_kind CHECK (kind IN ('hours','targets','both'))",
         "CONSTRAINT ck_rerun_state CHECK (state IN ('waiting','done','stopped'))"),
    ),
    "legal_pack": (
        (("site_id", "int", True), ("code", 20, True), ("adopted_at", "at", True), ("ended_at", "at", False)),
        ("CONSTRAINT fk_legal_pack_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)",),
    ),
    "promise": (
        (("case_id", "int", True), ("case_ref", 30, True), ("site_id", "int", True), ("team_id", "int", False),
         ("keeper_id", "int", True), ("made_by_id", "int", False), ("made_at", "at", True), ("what", 500, True),
         ("told_to", 120, True), ("due_at", "at", True), ("kept_at", "at", False), ("kept_by_id", "int", False),
         ("broken_at", "at", False), ("withdrawn_at", "at", False), ("told_at", "at", False), ("told_by_id", "int", False),
         ("told_note", 500, False), ("version", "int", True)),
        ("CONSTRAINT ck_promise_ahead CHECK (due_at > made_at)",
         "CONSTRAINT ck_promise_one_end CHECK (kept_at IS NULL OR withdrawn_at IS NULL)",
         "CONSTRAINT fk_promise_site_id_site FOREIGN KEY(site_id) REFERENCES site (id)",
         "CONSTRAINT fk_promise_keeper_id_employee FOREIGN KEY(keeper_id) REFERENCES employee (id)"),
    ),
}

INDEXES = (
    "CREATE INDEX ix_clock_change_clock ON clock_change (clock_id, id)",
    "CREATE INDEX ix_clock_subject ON clock (subject) WHERE subject IS NOT NULL",
    "CREATE INDEX ix_clock_pause_limit ON clock_pause (limit_at, id) WHERE to_at IS NULL AND limit_at IS NOT NULL",
    "CREATE INDEX ix_rerun_waiting ON rerun (id) WHERE state = 'waiting'",
    "CREATE UNIQUE INDEX uq_legal_pack_adopted ON legal_pack (site_id, code) WHERE ended_at IS NULL",
    "CREATE INDEX ix_promise_case ON promise (case_id, id)",
    "CREATE INDEX ix_promise_keeper ON promise (keeper_id, due_at, id) WHERE kept_at IS NULL AND withdrawn_at IS NULL",
    "CREATE INDEX ix_promise_site ON promise (site_id, due_at, id)",
)  # fmt: skip


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for table, column, kind in COLUMNS:
        run(f"ALTER TABLE {table} ADD COLUMN {column} {_type(kind, types)}")
    for table, (columns, constraints) in TABLES.items():
        lines = [f"id {types['pk']}"]
        lines += [f"{name} {_type(kind, types)}{' NOT NULL' if needed else ''}" for name, kind, needed in columns]
        if _is_sqlite():
            run(f"CREATE TABLE {table} ({', '.join([*lines, *constraints])}) STRICT")
        else:
            run(f"CREATE TABLE {table} ({', '.join([*lines, f'CONSTRAINT pk_{table} PRIMARY KEY (id)', *constraints])})")
    run(
        f"CREATE TABLE notice_preference (employee_id {types['int']} NOT NULL, mail {_type(10, types)} NOT NULL, "
        f"quiet_from {_type(5, types)}, quiet_to {_type(5, types)}, digest_at {_type(5, types)} NOT NULL, "
        f"digested_on {_type(10, types)}, digest_through_id {types['int']} NOT NULL, version {types['int']} NOT NULL, "
        "CONSTRAINT pk_notice_preference PRIMARY KEY (employee_id), "
        "CONSTRAINT ck_notice_preference_mail CHECK (mail IN ('each','digest','off')), "
        "CONSTRAINT fk_notice_preference_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id))"
        + (" STRICT" if _is_sqlite() else "")
    )
    for statement in INDEXES:
        run(statement)
    for statement in _append_only("clock_change"):
        run(statement)


def downgrade() -> None:
    run("DROP INDEX ix_clock_subject")
    run("DROP INDEX ix_clock_pause_limit")
    for table in ("notice_preference", *reversed(TABLES)):
        run(f"DROP TABLE {table}")
    for table, column, _kind in reversed(COLUMNS):
        run(f"ALTER TABLE {table} DROP COLUMN {column}")


def run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _type(kind: str | int, types: dict[str, str]) -> str:
    if isinstance(kind, str):
        return types[kind]
    return "TEXT" if _is_sqlite() else f"VARCHAR({kind})"


def _append_only(name: str) -> list[str]:
    """The same triggers as for the other append-only tables."""
    if _is_sqlite():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
        return [
            f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}",
            f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
            f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} "
            f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id) {refuse}",
        ]
    execute = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {execute}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {execute}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {execute}",
    ]
