"""Consents, wishes and values of customers, customers that were one, and checking back with them."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# What differs between the databases: the key, whole numbers, yes and no, instants, text's width, and what stands after a table.
TYPES = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "whole": "INTEGER", "flag": "INTEGER", "instant": "TEXT",
        "strict": " STRICT", "t3": "TEXT", "t20": "TEXT", "t300": "TEXT", "t500": "TEXT", "pk": "",
    },
    "postgresql": {
        "key": "BIGSERIAL NOT NULL", "whole": "BIGINT", "flag": "BOOLEAN", "instant": "TIMESTAMP WITH TIME ZONE",
        "strict": "", "t3": "VARCHAR(3)", "t20": "VARCHAR(20)", "t300": "VARCHAR(300)", "t500": "VARCHAR(500)",
        "pk": "CONSTRAINT pk_{table} PRIMARY KEY (id), ",
    },
}  # fmt: skip
TABLES = {
    "customer_consent": """
        id {key},
        customer_id {whole} NOT NULL,
        purpose {t20} NOT NULL,
        given {flag} NOT NULL,
        said_at {instant} NOT NULL,
        source {t20} NOT NULL,
        recorded_at {instant} NOT NULL,
        recorded_by_id {whole},
        {pk}CONSTRAINT ck_customer_consent_purpose CHECK (purpose IN ('marketing','suggestions','updates')),
        CONSTRAINT ck_customer_consent_source CHECK (source IN ('desk','phone','email','letter','web','import')),
        CONSTRAINT fk_customer_consent_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
    """,
    "customer_preference": """
        customer_id {whole} NOT NULL,
        channel {t20},
        do_not_call {flag} NOT NULL,
        wishes {t300} NOT NULL,
        set_at {instant} NOT NULL,
        set_by_id {whole},
        version {whole} NOT NULL,
        CONSTRAINT pk_customer_preference PRIMARY KEY (customer_id),
        CONSTRAINT ck_customer_preference_channel CHECK (channel IN ('phone','email','letter','desk')),
        CONSTRAINT fk_customer_preference_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
    """,
    "customer_value": """
        customer_id {whole} NOT NULL,
        year_minor {whole} NOT NULL,
        currency {t3} NOT NULL,
        set_at {instant} NOT NULL,
        set_by_id {whole},
        CONSTRAINT pk_customer_value PRIMARY KEY (customer_id),
        CONSTRAINT ck_customer_value_year CHECK (year_minor >= 0),
        CONSTRAINT fk_customer_value_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id)
    """,
    "customer_merge": """
        id {key},
        customer_id {whole} NOT NULL,
        into_id {whole} NOT NULL,
        root_id {whole} NOT NULL,
        reason {t300} NOT NULL,
        at {instant} NOT NULL,
        by_id {whole},
        undone_at {instant},
        undone_by_id {whole},
        undone_reason {t300},
        {pk}CONSTRAINT ck_customer_merge_another CHECK (customer_id <> into_id AND customer_id <> root_id),
        CONSTRAINT ck_customer_merge_undone CHECK ((undone_at IS NULL) = (undone_reason IS NULL)),
        CONSTRAINT fk_customer_merge_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_customer_merge_into_id_customer FOREIGN KEY(into_id) REFERENCES customer (id),
        CONSTRAINT fk_customer_merge_root_id_customer FOREIGN KEY(root_id) REFERENCES customer (id)
    """,
    "check_back": """
        id {key},
        customer_id {whole} NOT NULL,
        case_id {whole},
        site_id {whole} NOT NULL,
        owner_id {whole} NOT NULL,
        channel {t20} NOT NULL,
        what {t300} NOT NULL,
        due_at {instant} NOT NULL,
        planned_at {instant} NOT NULL,
        planned_by_id {whole},
        reminded_at {instant},
        done_at {instant},
        done_by_id {whole},
        note {t500},
        version {whole} NOT NULL,
        {pk}CONSTRAINT ck_check_back_channel CHECK (channel IN ('phone','email','letter','desk')),
        CONSTRAINT ck_check_back_done CHECK ((done_at IS NULL) = (note IS NULL)),
        CONSTRAINT fk_check_back_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_check_back_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
        CONSTRAINT fk_check_back_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_check_back_owner_id_employee FOREIGN KEY(owner_id) REFERENCES employee (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_customer_consent_customer ON customer_consent (customer_id, id)",
    "CREATE UNIQUE INDEX uq_customer_merge_customer ON customer_merge (customer_id) WHERE undone_at IS NULL",
    "CREATE INDEX ix_customer_merge_root ON customer_merge (root_id, customer_id) WHERE undone_at IS NULL",
    "CREATE INDEX ix_check_back_owner ON check_back (owner_id, due_at, id) WHERE done_at IS NULL",
    "CREATE INDEX ix_check_back_site ON check_back (site_id, due_at, id) WHERE done_at IS NULL",
    "CREATE INDEX ix_check_back_remind ON check_back (due_at, id) WHERE done_at IS NULL AND reminded_at IS NULL",
    "CREATE INDEX ix_check_back_customer ON check_back (customer_id, id)",
)
SAID = "BEGIN SELECT RAISE(ABORT, 'customer_consent is append-only'); END"
REFUSE = "EXECUTE FUNCTION makegood_refuse()"
TRIGGERS = {
    "sqlite": (
        f"CREATE TRIGGER customer_consent_no_update BEFORE UPDATE ON customer_consent {SAID}",
        f"CREATE TRIGGER customer_consent_no_delete BEFORE DELETE ON customer_consent {SAID}",
        "CREATE TRIGGER customer_consent_no_replace BEFORE INSERT ON customer_consent "
        f"WHEN EXISTS (SELECT 1 FROM customer_consent WHERE id = NEW.id) {SAID}",
    ),
    "postgresql": (
        f"CREATE TRIGGER customer_consent_no_update BEFORE UPDATE ON customer_consent FOR EACH ROW {REFUSE}",
        f"CREATE TRIGGER customer_consent_no_delete BEFORE DELETE ON customer_consent FOR EACH ROW {REFUSE}",
        f"CREATE TRIGGER customer_consent_no_truncate BEFORE TRUNCATE ON customer_consent FOR EACH STATEMENT {REFUSE}",
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    types = TYPES[dialect]
    for table, columns in TABLES.items():
        named = {**types, "pk": types["pk"].format(table=table)}
        op.execute(f"CREATE TABLE {table} ({columns.format(**named)}){types['strict']}")
    for statement in (*INDEXES, *TRIGGERS[dialect]):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
