"""Reports that come by mail, what was sent of them, and thanks from customers."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# What differs between the databases: the key, whole numbers, instants, the width of text, and what stands after a table.
TYPES = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "whole": "INTEGER", "instant": "TEXT", "strict": " STRICT",
        "t10": "TEXT", "t20": "TEXT", "t40": "TEXT", "pk": "",
    },
    "postgresql": {
        "key": "BIGSERIAL NOT NULL", "whole": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE", "strict": "",
        "t10": "VARCHAR(10)", "t20": "VARCHAR(20)", "t40": "VARCHAR(40)", "pk": "CONSTRAINT pk_{table} PRIMARY KEY (id), ",
    },
}  # fmt: skip
TABLES = {
    "report_wish": """
        id {key},
        employee_id {whole} NOT NULL,
        report {t10} NOT NULL,
        measure {t40},
        site_id {whole},
        team_id {whole},
        period {t10} NOT NULL,
        every {t10} NOT NULL,
        day {whole} NOT NULL,
        hour {whole} NOT NULL,
        form {t10} NOT NULL,
        made_at {instant} NOT NULL,
        paused_at {instant},
        why_paused {t20},
        ended_at {instant},
        version {whole} NOT NULL,
        {pk}CONSTRAINT ck_report_wish_report CHECK (report IN ('overview','measure','desk')),
        CONSTRAINT ck_report_wish_measure CHECK ((report = 'measure') = (measure IS NOT NULL)),
        CONSTRAINT ck_report_wish_every CHECK (every IN ('weekly','monthly')),
        CONSTRAINT ck_report_wish_day CHECK (day BETWEEN 1 AND 28 AND (every = 'monthly' OR day <= 7)),
        CONSTRAINT ck_report_wish_hour CHECK (hour BETWEEN 0 AND 23),
        CONSTRAINT ck_report_wish_form CHECK (form IN ('none','csv','pdf')),
        CONSTRAINT ck_report_wish_paused CHECK ((paused_at IS NULL) = (why_paused IS NULL)),
        CONSTRAINT ck_report_wish_why_paused CHECK (why_paused IN ('asked','no_right')),
        CONSTRAINT fk_report_wish_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
        CONSTRAINT fk_report_wish_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_report_wish_team_id_team FOREIGN KEY(team_id) REFERENCES team (id)
    """,
    "report_sending": """
        id {key},
        wish_id {whole} NOT NULL,
        period_key {t10} NOT NULL,
        until {instant} NOT NULL,
        at {instant} NOT NULL,
        {pk}CONSTRAINT uq_report_sending_wish_id UNIQUE (wish_id, period_key),
        CONSTRAINT fk_report_sending_wish_id_report_wish FOREIGN KEY(wish_id) REFERENCES report_wish (id)
    """,
    "customer_thanks": """
        id {key},
        case_id {whole} NOT NULL,
        customer_id {whole},
        receiver_id {whole} NOT NULL,
        text TEXT NOT NULL,
        origin {t10} NOT NULL,
        at {instant} NOT NULL,
        {pk}CONSTRAINT ck_customer_thanks_origin CHECK (origin IN ('survey','page')),
        CONSTRAINT uq_customer_thanks_case_id UNIQUE (case_id, receiver_id),
        CONSTRAINT fk_customer_thanks_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
        CONSTRAINT fk_customer_thanks_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_customer_thanks_receiver_id_employee FOREIGN KEY(receiver_id) REFERENCES employee (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_report_wish_employee ON report_wish (employee_id, id)",
    "CREATE INDEX ix_report_wish_live ON report_wish (id) WHERE paused_at IS NULL AND ended_at IS NULL",
    "CREATE INDEX ix_customer_thanks_receiver ON customer_thanks (receiver_id, id)",
)


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    for table, columns in TABLES.items():
        named = {**types, "pk": types["pk"].format(table=table)}
        op.execute(f"CREATE TABLE {table} ({columns.format(**named)}){types['strict']}")
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
