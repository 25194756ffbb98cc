"""Portal: what customers and we write to each other, their links and answers, offers to choose from, public reports."""

import re

from alembic import op
from sqlalchemy import text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "message": (
        """CREATE TABLE message (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    direction VARCHAR(3) NOT NULL,
    channel VARCHAR(20) NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    author_id BIGINT,
    customer_id BIGINT,
    about VARCHAR(30),
    intent VARCHAR(120),
    CONSTRAINT pk_message PRIMARY KEY (id),
    CONSTRAINT ck_message_direction CHECK (direction IN ('in','out')),
    CONSTRAINT ck_message_author CHECK (direction = 'out' OR author_id IS NULL),
    CONSTRAINT fk_message_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_message_case_id UNIQUE (case_id, intent)
)""",
        "CREATE INDEX ix_message_case ON message (case_id, id)",
    ),
    "remedy_option": (
        """CREATE TABLE remedy_option (
    remedy_id BIGINT NOT NULL,
    choice_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    made_by_id BIGINT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_remedy_option PRIMARY KEY (remedy_id),
    CONSTRAINT fk_remedy_option_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT fk_remedy_option_choice_id_remedy FOREIGN KEY(choice_id) REFERENCES remedy (id),
    CONSTRAINT fk_remedy_option_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)""",
        "CREATE INDEX ix_remedy_option_choice ON remedy_option (choice_id, remedy_id)",
        "CREATE INDEX ix_remedy_option_case ON remedy_option (case_id, remedy_id)",
    ),
    "customer_link": (
        """CREATE TABLE customer_link (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    serial BIGINT NOT NULL,
    made_by_id BIGINT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    mailed_at TIMESTAMP WITH TIME ZONE,
    opened_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_customer_link PRIMARY KEY (id),
    CONSTRAINT ck_customer_link_serial CHECK (serial >= 1),
    CONSTRAINT fk_customer_link_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT uq_customer_link_case_id UNIQUE (case_id, serial)
)""",
        "CREATE UNIQUE INDEX uq_customer_link_live ON customer_link (case_id) WHERE revoked_at IS NULL",
    ),
    "customer_answer": (
        """CREATE TABLE customer_answer (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    remedy_id BIGINT,
    answer VARCHAR(12) NOT NULL,
    reason TEXT NOT NULL,
    intent VARCHAR(120) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customer_answer PRIMARY KEY (id),
    CONSTRAINT ck_customer_answer_answer CHECK (answer IN ('accepted','declined','disagreed','not_right')),
    CONSTRAINT ck_customer_answer_remedy CHECK (remedy_id IS NOT NULL OR answer = 'disagreed'),
    CONSTRAINT fk_customer_answer_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_customer_answer_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT uq_customer_answer_case_id UNIQUE (case_id, intent)
)""",
        "CREATE INDEX ix_customer_answer_case ON customer_answer (case_id, id)",
    ),
    "report_place": (
        """CREATE TABLE report_place (
    id BIGSERIAL NOT NULL,
    site_id BIGINT NOT NULL,
    code VARCHAR(24) NOT NULL,
    name VARCHAR(120) NOT NULL,
    channel VARCHAR(20) NOT NULL,
    active INTEGER_OR_BOOLEAN NOT NULL,
    made_by_id BIGINT,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_report_place PRIMARY KEY (id),
    CONSTRAINT fk_report_place_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT uq_report_place_code UNIQUE (code)
)""",
        "CREATE INDEX ix_report_place_site ON report_place (site_id, id)",
    ),
    "report": (
        """CREATE TABLE report (
    id BIGSERIAL NOT NULL,
    place_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    contact VARCHAR(64),
    intent VARCHAR(120) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    joined INTEGER_OR_BOOLEAN NOT NULL,
    is_new_customer INTEGER_OR_BOOLEAN NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_report PRIMARY KEY (id),
    CONSTRAINT fk_report_place_id_report_place FOREIGN KEY(place_id) REFERENCES report_place (id),
    CONSTRAINT fk_report_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_report_message_id_message FOREIGN KEY(message_id) REFERENCES message (id),
    CONSTRAINT uq_report_intent UNIQUE (intent)
)""",
        "CREATE INDEX ix_report_contact ON report (contact, at)",
        "CREATE INDEX ix_report_case ON report (case_id, id)",
    ),
    "portal_throttle": (
        """CREATE TABLE portal_throttle (
    key VARCHAR(100) NOT NULL,
    count BIGINT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_portal_throttle PRIMARY KEY (key)
)""",
        "CREATE INDEX ix_portal_throttle_first_at ON portal_throttle (first_at)",
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
