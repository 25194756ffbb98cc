"""Attachments: one row per file of a case, an exception or a message. Out-of-office calendars; credits for granted appeals."""

import re

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "attachment": (
        """CREATE TABLE attachment (
    id BIGSERIAL NOT NULL,
    subject_kind VARCHAR(12) NOT NULL,
    subject_id BIGINT NOT NULL,
    name VARCHAR(120),
    kind VARCHAR(4) NOT NULL,
    byte_count BIGINT NOT NULL,
    width BIGINT,
    height BIGINT,
    sha256 VARCHAR(64) NOT NULL,
    stored_as VARCHAR(40) NOT NULL,
    added_by VARCHAR(60) NOT NULL,
    added_by_id BIGINT,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removed_by VARCHAR(60),
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_attachment PRIMARY KEY (id),
    CONSTRAINT ck_attachment_subject_kind CHECK (subject_kind IN ('case','exception','message')),
    CONSTRAINT ck_attachment_kind CHECK (kind IN ('png','jpg','pdf','txt')),
    CONSTRAINT ck_attachment_content CHECK (byte_count >= 1 AND length(sha256) = 64),
    CONSTRAINT ck_attachment_removed CHECK ((removed_at IS NULL) = (removed_by IS NULL)),
    CONSTRAINT ck_attachment_name CHECK ((removed_at IS NULL) = (name IS NOT NULL)),
    CONSTRAINT fk_attachment_added_by_id_employee FOREIGN KEY(added_by_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_attachment_subject ON attachment (subject_kind, subject_id, id)",
        "CREATE INDEX ix_attachment_adder ON attachment (added_by, added_at)",
        "CREATE INDEX ix_attachment_removed ON attachment (removed_at, id)",
        "CREATE UNIQUE INDEX uq_attachment_stored ON attachment (stored_as)",
    ),
    "calendar_feed": (
        """CREATE TABLE calendar_feed (
    employee_id BIGINT NOT NULL,
    url TEXT,
    stand_in_id BIGINT,
    next_at TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    failure VARCHAR(20),
    failure_count BIGINT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_calendar_feed PRIMARY KEY (employee_id),
    CONSTRAINT ck_calendar_feed_stand_in CHECK (stand_in_id IS NULL OR stand_in_id <> employee_id),
    CONSTRAINT ck_calendar_feed_url CHECK (url IS NOT NULL OR next_at IS NULL),
    CONSTRAINT fk_calendar_feed_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_calendar_feed_stand_in_id_employee FOREIGN KEY(stand_in_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_calendar_feed_next ON calendar_feed (next_at, employee_id)",
    ),
    "calendar_absence": (
        """CREATE TABLE calendar_absence (
    absence_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    entry VARCHAR(64) NOT NULL,
    CONSTRAINT pk_calendar_absence PRIMARY KEY (absence_id),
    CONSTRAINT fk_calendar_absence_absence_id_absence FOREIGN KEY(absence_id) REFERENCES absence (id),
    CONSTRAINT fk_calendar_absence_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_calendar_absence_entry ON calendar_absence (employee_id, entry)",
    ),
    "exception_credit": (
        """CREATE TABLE exception_credit (
    exception_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    refused_at TIMESTAMP WITH TIME ZONE NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_exception_credit PRIMARY KEY (exception_id),
    CONSTRAINT fk_exception_credit_exception_id_exception_request FOREIGN KEY(exception_id) REFERENCES exception_request (id),
    CONSTRAINT fk_exception_credit_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_exception_credit_employee ON exception_credit (employee_id, at)",
    ),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statements in TABLES.values():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))


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
