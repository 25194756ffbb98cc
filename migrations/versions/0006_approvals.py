"""Approvals: matrix, steps, votes, threads, absences, and which accounts are one person's."""

import re

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "approval_matrix": (
        """CREATE TABLE approval_matrix (
    id BIGSERIAL NOT NULL,
    number BIGINT,
    state VARCHAR(10) NOT NULL,
    rows TEXT NOT NULL,
    author_ids TEXT NOT NULL,
    made_by_id BIGINT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_by_id BIGINT,
    published_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_approval_matrix PRIMARY KEY (id),
    CONSTRAINT ck_approval_matrix_state CHECK (state IN ('draft','published')),
    CONSTRAINT ck_approval_matrix_published CHECK ((state = 'published') =
        (published_at IS NOT NULL AND published_by_id IS NOT NULL AND number IS NOT NULL)),
    CONSTRAINT ck_approval_matrix_four_eyes CHECK (published_by_id IS NULL OR published_by_id <> made_by_id),
    CONSTRAINT fk_approval_matrix_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id),
    CONSTRAINT fk_approval_matrix_published_by_id_employee FOREIGN KEY(published_by_id) REFERENCES employee (id),
    CONSTRAINT uq_approval_matrix_number UNIQUE (number)
)""",
        "CREATE UNIQUE INDEX uq_approval_matrix_draft ON approval_matrix (state) WHERE state = 'draft'",
    ),
    "exception_route": (
        """CREATE TABLE exception_route (
    exception_id BIGINT NOT NULL,
    matrix_id BIGINT,
    row_name VARCHAR(100) NOT NULL,
    key VARCHAR(120) NOT NULL,
    local_hour BIGINT NOT NULL,
    round BIGINT NOT NULL,
    CONSTRAINT pk_exception_route PRIMARY KEY (exception_id),
    CONSTRAINT ck_exception_route_round CHECK (round >= 1),
    CONSTRAINT fk_exception_route_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_route_matrix_id_approval_matrix FOREIGN KEY(matrix_id) REFERENCES approval_matrix (id)
)""",
        "CREATE INDEX ix_exception_route_key ON exception_route (key, exception_id)",
    ),
    "exception_step": (
        """CREATE TABLE exception_step (
    id BIGSERIAL NOT NULL,
    exception_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    number BIGINT NOT NULL,
    who TEXT NOT NULL,
    needed BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    remind_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    reminded_at TIMESTAMP WITH TIME ZONE,
    escalated_at TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_exception_step PRIMARY KEY (id),
    CONSTRAINT ck_exception_step_counts CHECK (needed >= 1 AND number >= 1),
    CONSTRAINT fk_exception_step_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT uq_exception_step_exception_id UNIQUE (exception_id, round, number)
)""",
        "CREATE INDEX ix_exception_step_open ON exception_step (due_at, id) WHERE opened_at IS NOT NULL AND done_at IS NULL",
    ),
    "exception_vote": (
        """CREATE TABLE exception_vote (
    id BIGSERIAL NOT NULL,
    exception_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    number BIGINT NOT NULL,
    outcome VARCHAR(12) NOT NULL,
    decided_by_id BIGINT NOT NULL,
    human_id BIGINT NOT NULL,
    on_behalf_of_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT NOT NULL,
    amount_minor BIGINT,
    CONSTRAINT pk_exception_vote PRIMARY KEY (id),
    CONSTRAINT ck_exception_vote_outcome CHECK (outcome IN ('approved','declined')),
    CONSTRAINT ck_exception_vote_amount CHECK ((outcome = 'approved') = (amount_minor IS NOT NULL)),
    CONSTRAINT ck_exception_vote_behalf CHECK (on_behalf_of_id IS NULL OR on_behalf_of_id <> decided_by_id),
    CONSTRAINT fk_exception_vote_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_vote_decided_by_id_employee FOREIGN KEY(decided_by_id) REFERENCES employee (id),
    CONSTRAINT fk_exception_vote_on_behalf_of_id_employee FOREIGN KEY(on_behalf_of_id) REFERENCES employee (id),
    CONSTRAINT uq_exception_vote_exception_id UNIQUE (exception_id, round, human_id)
)""",
        "CREATE INDEX ix_exception_vote_decider ON exception_vote (decided_by_id, id)",
    ),
    "exception_message": (
        """CREATE TABLE exception_message (
    id BIGSERIAL NOT NULL,
    exception_id BIGINT NOT NULL,
    kind VARCHAR(10) NOT NULL,
    author_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    text TEXT NOT NULL,
    said TEXT NOT NULL,
    CONSTRAINT pk_exception_message PRIMARY KEY (id),
    CONSTRAINT ck_exception_message_kind CHECK (kind IN ('question','answer','amended')),
    CONSTRAINT fk_exception_message_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_message_author_id_employee FOREIGN KEY(author_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_exception_message_request ON exception_message (exception_id, id)",
    ),
    "absence": (
        """CREATE TABLE absence (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stand_in_id BIGINT,
    amount_minor_max BIGINT,
    currency VARCHAR(3),
    site_id BIGINT,
    made_by_id BIGINT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_absence PRIMARY KEY (id),
    CONSTRAINT ck_absence_period CHECK (to_at > from_at),
    CONSTRAINT ck_absence_stand_in CHECK (stand_in_id IS NULL OR stand_in_id <> employee_id),
    CONSTRAINT ck_absence_amount CHECK ((amount_minor_max IS NULL) = (currency IS NULL)),
    CONSTRAINT fk_absence_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_absence_stand_in_id_employee FOREIGN KEY(stand_in_id) REFERENCES employee (id),
    CONSTRAINT fk_absence_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_absence_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_absence_employee ON absence (employee_id, to_at)",
        "CREATE INDEX ix_absence_stand_in ON absence (stand_in_id, to_at)",
    ),
    "fallback_decider": (
        """CREATE TABLE fallback_decider (
    site_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    CONSTRAINT pk_fallback_decider PRIMARY KEY (site_id),
    CONSTRAINT fk_fallback_decider_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_fallback_decider_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_fallback_decider_employee_id ON fallback_decider (employee_id)",
    ),
    "second_account": (
        """CREATE TABLE second_account (
    employee_id BIGINT NOT NULL,
    same_as_id BIGINT NOT NULL,
    CONSTRAINT pk_second_account PRIMARY KEY (employee_id),
    CONSTRAINT ck_second_account_other CHECK (employee_id <> same_as_id),
    CONSTRAINT fk_second_account_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_second_account_same_as_id_employee FOREIGN KEY(same_as_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_second_account_same_as_id ON second_account (same_as_id)",
    ),
}  # fmt: skip
APPEND_ONLY = ("exception_vote", "exception_message")
FROZEN = {"approval_matrix": "OLD.state = 'published'"}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statements in TABLES.values():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
    guards: list[str] = []
    for table in APPEND_ONLY:
        guards += _sqlite_guard(table) if is_sqlite else _postgresql_guard(table)
    for table, condition in FROZEN.items():
        guards += _sqlite_freeze(table, condition) if is_sqlite else _postgresql_freeze(table, condition)
    for statement in guards:
        op.get_bind().execute(text(statement))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    if "id BIGSERIAL NOT NULL," in statement:
        statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
        statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")


def _sqlite_guard(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}",
    ]


def _postgresql_guard(table: str) -> list[str]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    ]


def _sqlite_freeze(table: str, condition: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    frozen_row = condition.replace("OLD.", f"{table}.")
    return [
        f"CREATE TRIGGER {table}_frozen_update BEFORE UPDATE ON {table} WHEN {condition} {refuse}",
        f"CREATE TRIGGER {table}_frozen_delete BEFORE DELETE ON {table} WHEN {condition} {refuse}",
        f"CREATE TRIGGER {table}_frozen_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id AND {frozen_row}) {refuse}",
    ]


def _postgresql_freeze(table: str, condition: str) -> list[str]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {table}_frozen_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) {run}",
        f"CREATE TRIGGER {table}_frozen_delete BEFORE DELETE ON {table} FOR EACH ROW WHEN ({condition}) {run}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    ]
