"""Requests of subjects, legal holds, erasures and retention; words of frozen rows may be erased, and nothing else of them."""

import re

from alembic import op
from sqlalchemy import text

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ONE_SUBJECT = "CHECK ((customer_id IS NULL) <> (employee_id IS NULL))"
# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "privacy_request": (
        f"""CREATE TABLE privacy_request (
    id BIGSERIAL NOT NULL,
    kind VARCHAR(12) NOT NULL,
    customer_id BIGINT,
    employee_id BIGINT,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    note TEXT NOT NULL,
    recorded_by_id BIGINT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome VARCHAR(10),
    reason TEXT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by_id BIGINT,
    CONSTRAINT pk_privacy_request PRIMARY KEY (id),
    CONSTRAINT ck_privacy_request_kind CHECK (kind IN ('access','correction','erasure','objection')),
    CONSTRAINT ck_privacy_request_one_subject {ONE_SUBJECT},
    CONSTRAINT ck_privacy_request_outcome CHECK (outcome IS NULL OR outcome IN ('answered','refused')),
    CONSTRAINT ck_privacy_request_ended CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT fk_privacy_request_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_privacy_request_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_privacy_request_recorded_by_id_employee FOREIGN KEY(recorded_by_id) REFERENCES employee (id),
    CONSTRAINT fk_privacy_request_ended_by_id_employee FOREIGN KEY(ended_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_privacy_request_open ON privacy_request (due_at, id) WHERE ended_at IS NULL",
        "CREATE INDEX ix_privacy_request_customer_id ON privacy_request (customer_id)",
        "CREATE INDEX ix_privacy_request_employee_id ON privacy_request (employee_id)",
    ),
    "legal_hold": (
        f"""CREATE TABLE legal_hold (
    id BIGSERIAL NOT NULL,
    customer_id BIGINT,
    employee_id BIGINT,
    reason TEXT NOT NULL,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    set_by_id BIGINT NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by_id BIGINT,
    CONSTRAINT pk_legal_hold PRIMARY KEY (id),
    CONSTRAINT ck_legal_hold_one_subject {ONE_SUBJECT},
    CONSTRAINT ck_legal_hold_lifted CHECK ((lifted_at IS NULL) = (lifted_by_id IS NULL)),
    CONSTRAINT fk_legal_hold_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_legal_hold_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_legal_hold_set_by_id_employee FOREIGN KEY(set_by_id) REFERENCES employee (id),
    CONSTRAINT fk_legal_hold_lifted_by_id_employee FOREIGN KEY(lifted_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_legal_hold_customer ON legal_hold (customer_id) WHERE lifted_at IS NULL",
        "CREATE INDEX ix_legal_hold_employee ON legal_hold (employee_id) WHERE lifted_at IS NULL",
    ),
    "erasure": (
        f"""CREATE TABLE erasure (
    id BIGSERIAL NOT NULL,
    customer_id BIGINT,
    employee_id BIGINT,
    numbers TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by_id BIGINT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    confirmed_by_id BIGINT,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    erased_at TIMESTAMP WITH TIME ZONE,
    cleaned_at TIMESTAMP WITH TIME ZONE,
    counts TEXT NOT NULL,
    CONSTRAINT pk_erasure PRIMARY KEY (id),
    CONSTRAINT ck_erasure_one_subject {ONE_SUBJECT},
    CONSTRAINT ck_erasure_four_eyes CHECK (confirmed_by_id IS NULL OR confirmed_by_id <> asked_by_id),
    CONSTRAINT ck_erasure_confirmed CHECK (erased_at IS NULL OR confirmed_at IS NOT NULL),
    CONSTRAINT ck_erasure_one_end CHECK (withdrawn_at IS NULL OR erased_at IS NULL),
    CONSTRAINT fk_erasure_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_erasure_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_erasure_asked_by_id_employee FOREIGN KEY(asked_by_id) REFERENCES employee (id),
    CONSTRAINT fk_erasure_confirmed_by_id_employee FOREIGN KEY(confirmed_by_id) REFERENCES employee (id)
)""",
        "CREATE UNIQUE INDEX uq_erasure_customer ON erasure (customer_id) WHERE erased_at IS NULL AND withdrawn_at IS NULL",
        "CREATE UNIQUE INDEX uq_erasure_employee ON erasure (employee_id) WHERE erased_at IS NULL AND withdrawn_at IS NULL",
        "CREATE INDEX ix_erasure_unclean ON erasure (id) WHERE erased_at IS NOT NULL AND cleaned_at IS NULL",
    ),
    "dispute_note": (
        """CREATE TABLE dispute_note (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    by_id BIGINT NOT NULL,
    CONSTRAINT pk_dispute_note PRIMARY KEY (id),
    CONSTRAINT fk_dispute_note_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_dispute_note_by_id_employee FOREIGN KEY(by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_dispute_note_case ON dispute_note (case_id, id)",
    ),
    "retention_period": (
        """CREATE TABLE retention_period (
    id BIGSERIAL NOT NULL,
    code VARCHAR(20) NOT NULL,
    days BIGINT,
    set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    set_by_id BIGINT NOT NULL,
    CONSTRAINT pk_retention_period PRIMARY KEY (id),
    CONSTRAINT ck_retention_period_days CHECK (days IS NULL OR days >= 1),
    CONSTRAINT fk_retention_period_set_by_id_employee FOREIGN KEY(set_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_retention_period_code ON retention_period (code, id)",
    ),
}

# Table: (the columns that stay, the one that may be erased, what was allowed before or None, the condition of freezing).
WORDS = {
    "exception_decision": ("id exception_id outcome decided_by_id on_behalf_of_id at amount_minor", "reason", None, None),
    "exception_vote": (
        "id exception_id round number outcome decided_by_id human_id on_behalf_of_id at amount_minor", "reason", None, None,
    ),
    "exception_message": ("id exception_id kind author_id at said", "text", None, None),
    "exception_request": (
        "id case_id remedy_id requested_by_id kind amount_minor currency terms_hash over policy_version_id site_id team_id "
        "asked_at due_at expires_at state ended_at ended_by_id", "reason", None, "OLD.state <> 'waiting'",
    ),
    "kudos": ("id case_id giver_id receiver_id value at", "text", None, None),
    "review_text": ("id review_id round kind measure author_id at", "text", None, None),
    "conduct_item": (
        "id review_id round area tone charter_version_id clause author_id at withdrawn_at", "text",
        "OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND NEW.text = OLD.text AND NEW.clause = OLD.clause", None,
    ),
}  # fmt: skip


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    for statements in TABLES.values():
        for statement in statements:
            op.execute(text(_said(statement, dialect)))
    for statement in _append_only("retention_period", dialect):
        op.execute(text(statement))
    for name, (columns, word, before, frozen) in WORDS.items():
        allowed = _only_erased(columns.split(), word)
        if frozen:
            _replace(name, f"{name}_frozen_update", f"({frozen}) AND NOT ({allowed})", dialect)
        else:
            _replace(name, f"{name}_no_update", f"NOT ({f'({before}) OR ({allowed})' if before else allowed})", dialect)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name, (_columns, _word, before, frozen) in WORDS.items():
        if frozen:
            _replace(name, f"{name}_frozen_update", frozen, dialect)
        else:
            _replace(name, f"{name}_no_update", f"NOT ({before})" if before else "", dialect)
    for name in reversed(TABLES):
        op.drop_table(name)


def _replace(table: str, trigger: str, condition: str, dialect: str) -> None:
    when = f" WHEN ({condition})" if condition else ""
    if dialect == "sqlite":
        if condition:
            when = f" WHEN {condition}"
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(text(f"DROP TRIGGER {trigger}"))
        op.execute(text(f"CREATE TRIGGER {trigger} BEFORE UPDATE ON {table}{when} {refuse}"))
    else:
        op.execute(text(f"DROP TRIGGER {trigger} ON {table}"))
        run = "EXECUTE FUNCTION makegood_refuse()"
        op.execute(text(f"CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} FOR EACH ROW{when} {run}"))


def _only_erased(columns: list[str], word: str) -> str:
    kept = [f"coalesce(CAST(NEW.{name} AS TEXT), '') = coalesce(CAST(OLD.{name} AS TEXT), '')" for name in columns]
    return " AND ".join([*kept, f"NEW.{word} = '[erased]'"])


def _append_only(name: str, dialect: str) -> list[str]:
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
        taken = f"EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id)"
        return [
            f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}",
            f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
            f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {taken} {refuse}",
        ]
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]


def _said(statement: str, dialect: str) -> str:
    if dialect != "sqlite" or not statement.startswith("CREATE TABLE"):
        return statement
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),", "", statement)
    statement = statement.replace("BIGSERIAL NOT NULL", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
    statement = statement.replace("TIMESTAMP WITH TIME ZONE", "TEXT").replace("BIGINT", "INTEGER")
    return re.sub(r"VARCHAR\(\d+\)", "TEXT", statement) + " STRICT"
