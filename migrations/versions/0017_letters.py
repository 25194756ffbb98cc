"""Letters: the words they are written from, in versions, and each one as it was sent."""

import re

from alembic import op
from sqlalchemy import text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "letter_text": (
        """CREATE TABLE letter_text (
    id BIGSERIAL NOT NULL,
    kind VARCHAR(8) NOT NULL,
    language VARCHAR(12) NOT NULL,
    number BIGINT NOT NULL,
    subject VARCHAR(200) NOT NULL,
    opening TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    remedy TEXT NOT NULL,
    next_step TEXT NOT NULL,
    disagree TEXT NOT NULL,
    made_by_id BIGINT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_letter_text PRIMARY KEY (id),
    CONSTRAINT ck_letter_text_kind CHECK (kind IN ('final','summary','holding','receipt')),
    CONSTRAINT ck_letter_text_number CHECK (number >= 1),
    CONSTRAINT fk_letter_text_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id),
    CONSTRAINT uq_letter_text_kind UNIQUE (kind, language, number)
)""",
    ),
    "letter": (
        """CREATE TABLE letter (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    attachment_id BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    language VARCHAR(12) NOT NULL,
    text_number BIGINT NOT NULL,
    subject VARCHAR(200) NOT NULL,
    opening TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    remedy TEXT NOT NULL,
    next_step TEXT NOT NULL,
    disagree TEXT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    sent_by_id BIGINT,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_letter PRIMARY KEY (id),
    CONSTRAINT ck_letter_kind CHECK (kind IN ('final','summary','holding','receipt')),
    CONSTRAINT ck_letter_final CHECK (kind <> 'final' OR (length(trim(decision)) > 0 AND length(trim(reason)) > 0
        AND length(trim(remedy)) > 0 AND length(trim(next_step)) > 0 AND length(trim(disagree)) > 0)),
    CONSTRAINT ck_letter_sha256 CHECK (length(sha256) = 64),
    CONSTRAINT fk_letter_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_letter_message_id_message FOREIGN KEY(message_id) REFERENCES message (id),
    CONSTRAINT fk_letter_attachment_id_attachment FOREIGN KEY(attachment_id) REFERENCES attachment (id),
    CONSTRAINT fk_letter_sent_by_id_employee FOREIGN KEY(sent_by_id) REFERENCES employee (id),
    CONSTRAINT uq_letter_message_id UNIQUE (message_id)
)""",
        "CREATE INDEX ix_letter_case ON letter (case_id, id)",
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
