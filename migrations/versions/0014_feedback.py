"""Feedback: surveys, their answers, and the follow-up of an unhappy one."""

from alembic import op

revision = "0014"
down_revision = "0013"
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
    "survey": """
        id {key},
        case_id {whole} NOT NULL,
        round {whole} NOT NULL,
        customer_id {whole},
        site_id {whole} NOT NULL,
        team_id {whole},
        resolver_id {whole},
        severity {whole} NOT NULL,
        resolved_at {instant} NOT NULL,
        ask_at {instant} NOT NULL,
        state {t10} NOT NULL,
        why_unsent {t20},
        sent_at {instant},
        {pk}CONSTRAINT ck_survey_state CHECK (state IN ('planned','sent','answered','unsent')),
        CONSTRAINT ck_survey_unsent CHECK ((state = 'unsent') = (why_unsent IS NOT NULL)),
        CONSTRAINT ck_survey_sent CHECK ((state IN ('sent','answered')) = (sent_at IS NOT NULL)),
        CONSTRAINT uq_survey_case_id UNIQUE (case_id, round),
        CONSTRAINT fk_survey_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
        CONSTRAINT fk_survey_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_survey_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_survey_resolver_id_employee FOREIGN KEY(resolver_id) REFERENCES employee (id)
    """,
    "survey_answer": """
        id {key},
        survey_id {whole} NOT NULL,
        csat {whole},
        nps {whole},
        ces {whole},
        outcome_fair {whole},
        process_fair {whole},
        treated_well {whole},
        comment TEXT NOT NULL,
        at {instant} NOT NULL,
        {pk}CONSTRAINT ck_survey_answer_csat CHECK (csat BETWEEN 1 AND 5),
        CONSTRAINT ck_survey_answer_nps CHECK (nps BETWEEN 0 AND 10),
        CONSTRAINT ck_survey_answer_ces CHECK (ces BETWEEN 1 AND 7),
        CONSTRAINT ck_survey_answer_outcome_fair CHECK (outcome_fair BETWEEN 1 AND 5),
        CONSTRAINT ck_survey_answer_process_fair CHECK (process_fair BETWEEN 1 AND 5),
        CONSTRAINT ck_survey_answer_treated_well CHECK (treated_well BETWEEN 1 AND 5),
        CONSTRAINT uq_survey_answer_survey_id UNIQUE (survey_id),
        CONSTRAINT fk_survey_answer_survey_id_survey FOREIGN KEY(survey_id) REFERENCES survey (id)
    """,
    "follow_up": """
        id {key},
        survey_id {whole} NOT NULL,
        case_id {whole} NOT NULL,
        site_id {whole} NOT NULL,
        team_id {whole},
        opened_at {instant} NOT NULL,
        due_at {instant} NOT NULL,
        cause {t40},
        action TEXT,
        closed_at {instant},
        closed_by_id {whole},
        version {whole} NOT NULL,
        {pk}CONSTRAINT ck_follow_up_cause CHECK ((closed_at IS NULL) = (cause IS NULL)),
        CONSTRAINT ck_follow_up_action CHECK ((closed_at IS NULL) = (action IS NULL)),
        CONSTRAINT uq_follow_up_survey_id UNIQUE (survey_id),
        CONSTRAINT fk_follow_up_survey_id_survey FOREIGN KEY(survey_id) REFERENCES survey (id),
        CONSTRAINT fk_follow_up_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
        CONSTRAINT fk_follow_up_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_follow_up_closed_by_id_employee FOREIGN KEY(closed_by_id) REFERENCES employee (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_survey_planned ON survey (ask_at, id) WHERE state = 'planned'",
    "CREATE INDEX ix_survey_site ON survey (site_id, resolved_at, id)",
    "CREATE INDEX ix_survey_resolver ON survey (resolver_id, resolved_at, id)",
    "CREATE INDEX ix_follow_up_open ON follow_up (site_id, due_at, id) WHERE closed_at IS NULL",
    "CREATE INDEX ix_follow_up_case ON follow_up (case_id, id)",
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
        op.drop_table(table)
