"""Messages: mailboxes, mails out and in, templates, drafts, continuity notes."""

import re

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "mailbox": (
        """CREATE TABLE mailbox (
    id BIGSERIAL NOT NULL,
    site_id BIGINT NOT NULL,
    address VARCHAR(254) NOT NULL,
    name VARCHAR(120) NOT NULL,
    category_id BIGINT,
    severity BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_mailbox PRIMARY KEY (id),
    CONSTRAINT ck_mailbox_severity CHECK (severity BETWEEN 0 AND 4),
    CONSTRAINT fk_mailbox_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_mailbox_category_id_category FOREIGN KEY(category_id) REFERENCES category (id),
    CONSTRAINT uq_mailbox_site_id UNIQUE (site_id),
    CONSTRAINT uq_mailbox_address UNIQUE (address)
)""",
    ),
    "mail_out": (
        """CREATE TABLE mail_out (
    message_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    from_address VARCHAR(254) NOT NULL,
    from_name VARCHAR(120) NOT NULL,
    to_address VARCHAR(254) NOT NULL,
    subject VARCHAR(200) NOT NULL,
    language VARCHAR(12) NOT NULL,
    rfc_id VARCHAR(400) NOT NULL,
    answers TEXT,
    refs TEXT,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    bounced_at TIMESTAMP WITH TIME ZONE,
    reason VARCHAR(300),
    CONSTRAINT pk_mail_out PRIMARY KEY (message_id),
    CONSTRAINT fk_mail_out_message_id_message FOREIGN KEY(message_id) REFERENCES message (id),
    CONSTRAINT fk_mail_out_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_mail_out_rfc_id UNIQUE (rfc_id)
)""",
        "CREATE INDEX ix_mail_out_case ON mail_out (case_id, message_id)",
        "CREATE INDEX ix_mail_out_recipient ON mail_out (to_address, queued_at)",
    ),
    "mail_in": (
        """CREATE TABLE mail_in (
    id BIGSERIAL NOT NULL,
    rfc_key VARCHAR(64) NOT NULL,
    rfc_id TEXT,
    refs TEXT,
    source VARCHAR(4) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind VARCHAR(10) NOT NULL,
    why VARCHAR(40) NOT NULL,
    sender VARCHAR(254) NOT NULL,
    sender_name VARCHAR(200) NOT NULL,
    subject VARCHAR(200) NOT NULL,
    opening VARCHAR(300) NOT NULL,
    mailbox_id BIGINT,
    site_id BIGINT,
    case_id BIGINT,
    message_id BIGINT,
    stored_as VARCHAR(64),
    byte_count BIGINT NOT NULL,
    sorted_at TIMESTAMP WITH TIME ZONE,
    sorted_by_id BIGINT,
    sorted_as VARCHAR(6),
    CONSTRAINT pk_mail_in PRIMARY KEY (id),
    CONSTRAINT ck_mail_in_kind CHECK (kind IN ('customer','stranger','opened','auto','loop','bounce','delay','unsorted')),
    CONSTRAINT ck_mail_in_source CHECK (source IN ('imap','api')),
    CONSTRAINT ck_mail_in_sorted_as CHECK (sorted_as IS NULL OR sorted_as IN ('case','joined','aside')),
    CONSTRAINT ck_mail_in_sorted CHECK ((sorted_at IS NULL) = (sorted_as IS NULL)),
    CONSTRAINT fk_mail_in_mailbox_id_mailbox FOREIGN KEY(mailbox_id) REFERENCES mailbox (id),
    CONSTRAINT fk_mail_in_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_mail_in_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_mail_in_message_id_message FOREIGN KEY(message_id) REFERENCES message (id),
    CONSTRAINT fk_mail_in_sorted_by_id_employee FOREIGN KEY(sorted_by_id) REFERENCES employee (id),
    CONSTRAINT uq_mail_in_rfc_key UNIQUE (rfc_key)
)""",
        "CREATE INDEX ix_mail_in_case ON mail_in (case_id, id)",
        "CREATE INDEX ix_mail_in_sender ON mail_in (sender, at)",
        "CREATE INDEX ix_mail_in_unsorted ON mail_in (site_id, id) WHERE kind = 'unsorted' AND sorted_at IS NULL",
    ),
    "mail_template": (
        """CREATE TABLE mail_template (
    id BIGSERIAL NOT NULL,
    name VARCHAR(120) NOT NULL,
    active INTEGER_OR_BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_mail_template PRIMARY KEY (id),
    CONSTRAINT uq_mail_template_name UNIQUE (name)
)""",
    ),
    "mail_template_text": (
        """CREATE TABLE mail_template_text (
    id BIGSERIAL NOT NULL,
    template_id BIGINT NOT NULL,
    language VARCHAR(12) NOT NULL,
    number BIGINT NOT NULL,
    subject VARCHAR(200) NOT NULL,
    body TEXT NOT NULL,
    made_by_id BIGINT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_mail_template_text PRIMARY KEY (id),
    CONSTRAINT fk_mail_template_text_template_id_mail_template FOREIGN KEY(template_id) REFERENCES mail_template (id),
    CONSTRAINT fk_mail_template_text_made_by_id_employee FOREIGN KEY(made_by_id) REFERENCES employee (id),
    CONSTRAINT uq_mail_template_text_template_id UNIQUE (template_id, language, number)
)""",
    ),
    "message_draft": (
        """CREATE TABLE message_draft (
    case_id BIGINT NOT NULL,
    employee_id BIGINT NOT NULL,
    subject VARCHAR(200) NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_message_draft PRIMARY KEY (case_id, employee_id),
    CONSTRAINT fk_message_draft_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_message_draft_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
        "CREATE INDEX ix_message_draft_at ON message_draft (at)",
    ),
    "continuity_note": (
        """CREATE TABLE continuity_note (
    case_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    by_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_continuity_note PRIMARY KEY (case_id),
    CONSTRAINT fk_continuity_note_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_continuity_note_by_id_employee FOREIGN KEY(by_id) REFERENCES employee (id)
)""",
    ),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statements in TABLES.values():
        for statement in statements:
            said = statement.replace("INTEGER_OR_BOOLEAN", "INTEGER" if is_sqlite else "BOOLEAN")
            op.get_bind().execute(text(_said(said) if is_sqlite else said))


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
