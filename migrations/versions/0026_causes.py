"""Root causes that were fixed and what customers were told of it, customers that are two, and letters that stay as sent."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# What differs between the databases: the key, whole numbers, instants, the width of text, and what stands after a table.
TYPES = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "whole": "INTEGER", "instant": "TEXT", "strict": " STRICT",
        "t12": "TEXT", "t20": "TEXT", "t40": "TEXT", "t120": "TEXT", "t300": "TEXT", "pk": "",
    },
    "postgresql": {
        "key": "BIGSERIAL NOT NULL", "whole": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE", "strict": "",
        "t12": "VARCHAR(12)", "t20": "VARCHAR(20)", "t40": "VARCHAR(40)", "t120": "VARCHAR(120)", "t300": "VARCHAR(300)",
        "pk": "CONSTRAINT pk_{table} PRIMARY KEY (id), ",
    },
}  # fmt: skip
TABLES = {
    "cause": """
        id {key},
        site_id {whole},
        category_id {whole},
        kind {t40} NOT NULL,
        title {t120} NOT NULL,
        story TEXT NOT NULL,
        owner_id {whole} NOT NULL,
        opened_by_id {whole},
        opened_at {instant} NOT NULL,
        version {whole} NOT NULL,
        {pk}CONSTRAINT fk_cause_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_cause_category_id_category FOREIGN KEY(category_id) REFERENCES category (id),
        CONSTRAINT fk_cause_owner_id_employee FOREIGN KEY(owner_id) REFERENCES employee (id)
    """,
    "cause_fix": """
        id {key},
        cause_id {whole} NOT NULL,
        done TEXT NOT NULL,
        at {instant} NOT NULL,
        by_id {whole},
        undone_at {instant},
        undone_by_id {whole},
        undone_reason {t300},
        {pk}CONSTRAINT ck_cause_fix_undone CHECK ((undone_at IS NULL) = (undone_reason IS NULL)),
        CONSTRAINT fk_cause_fix_cause_id_cause FOREIGN KEY(cause_id) REFERENCES cause (id)
    """,
    "cause_case": """
        id {key},
        cause_id {whole} NOT NULL,
        case_id {whole} NOT NULL,
        linked_at {instant} NOT NULL,
        linked_by_id {whole},
        unlinked_at {instant},
        unlinked_by_id {whole},
        {pk}CONSTRAINT fk_cause_case_cause_id_cause FOREIGN KEY(cause_id) REFERENCES cause (id),
        CONSTRAINT fk_cause_case_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
    """,
    "cause_telling": """
        id {key},
        cause_id {whole} NOT NULL,
        fix_id {whole} NOT NULL,
        words TEXT NOT NULL,
        told_at {instant} NOT NULL,
        told_by_id {whole},
        {pk}CONSTRAINT fk_cause_telling_cause_id_cause FOREIGN KEY(cause_id) REFERENCES cause (id),
        CONSTRAINT fk_cause_telling_fix_id_cause_fix FOREIGN KEY(fix_id) REFERENCES cause_fix (id)
    """,
    "cause_note": """
        id {key},
        cause_id {whole} NOT NULL,
        customer_id {whole} NOT NULL,
        telling_id {whole} NOT NULL,
        case_id {whole} NOT NULL,
        language {t12} NOT NULL,
        queued_at {instant} NOT NULL,
        ended_at {instant},
        ended_as {t20},
        {pk}CONSTRAINT ck_cause_note_ended CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
        CONSTRAINT ck_cause_note_ended_as CHECK (ended_as IN ('sent','failed','withdrawn','no-address','undone')),
        CONSTRAINT uq_cause_note_cause_id UNIQUE (cause_id, customer_id),
        CONSTRAINT fk_cause_note_cause_id_cause FOREIGN KEY(cause_id) REFERENCES cause (id),
        CONSTRAINT fk_cause_note_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_cause_note_telling_id_cause_telling FOREIGN KEY(telling_id) REFERENCES cause_telling (id),
        CONSTRAINT fk_cause_note_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
    """,
    "customer_two": """
        id {key},
        older_id {whole} NOT NULL,
        newer_id {whole} NOT NULL,
        reason {t300} NOT NULL,
        at {instant} NOT NULL,
        by_id {whole},
        undone_at {instant},
        undone_by_id {whole},
        {pk}CONSTRAINT ck_customer_two_order CHECK (older_id < newer_id),
        CONSTRAINT fk_customer_two_older_id_customer FOREIGN KEY(older_id) REFERENCES customer (id),
        CONSTRAINT fk_customer_two_newer_id_customer FOREIGN KEY(newer_id) REFERENCES customer (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_cause_site ON cause (site_id, id)",
    "CREATE INDEX ix_cause_owner ON cause (owner_id, id)",
    "CREATE UNIQUE INDEX uq_cause_fix_live ON cause_fix (cause_id) WHERE undone_at IS NULL",
    "CREATE UNIQUE INDEX uq_cause_case_live ON cause_case (case_id) WHERE unlinked_at IS NULL",
    "CREATE INDEX ix_cause_case_cause ON cause_case (cause_id, id) WHERE unlinked_at IS NULL",
    "CREATE INDEX ix_cause_telling_cause ON cause_telling (cause_id, id)",
    "CREATE INDEX ix_cause_note_customer ON cause_note (customer_id, id)",
    "CREATE UNIQUE INDEX uq_customer_two_live ON customer_two (older_id, newer_id) WHERE undone_at IS NULL",
    "CREATE INDEX ix_customer_two_newer ON customer_two (newer_id) WHERE undone_at IS NULL",
)
# A letter stays as it was sent. For who has to be forgotten any of its words may become "[erased]", whole, and nothing else.
KEPT = ("id", "case_id", "message_id", "attachment_id", "kind", "language", "text_number", "sha256", "sent_at")
WORDS = ("subject", "opening", "decision", "reason", "remedy", "next_step", "disagree")
FORGOTTEN = " AND ".join(
    (
        *(f"NEW.{name} IN (OLD.{name}, '[erased]')" for name in WORDS),
        *(f"NEW.{name} = OLD.{name}" for name in KEPT),
        "coalesce(NEW.sent_by_id, 0) = coalesce(OLD.sent_by_id, 0)",
    )
)
APPEND_ONLY = {
    "letter_text": (("id",), None),
    "letter": (("id", "message_id"), FORGOTTEN),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    types = TYPES[dialect]
    for table, columns in TABLES.items():
        named = {**types, "pk": types["pk"].format(table=table)}
        op.execute(f"CREATE TABLE {table} ({columns.format(**named)}){types['strict']}")
    for statement in INDEXES:
        op.execute(statement)
    for table, (keys, unless) in APPEND_ONLY.items():
        for statement in triggers(dialect, table, keys, unless):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    after = "" if dialect == "sqlite" else " ON {table}"
    last = "replace" if dialect == "sqlite" else "truncate"
    for table in ("letter", "letter_text"):
        for what in ("update", "delete", last):
            op.execute(f"DROP TRIGGER {table}_no_{what}{after.format(table=table)}")
    for table in reversed(TABLES):
        op.drop_table(table)


def triggers(dialect: str, table: str, keys: tuple[str, ...], unless: str | None) -> list[str]:
    """Refuse what changes a row that was written; `unless`: over OLD and NEW, which update is let through."""
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        when = f" WHEN NOT ({unless})" if unless else ""
        taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})" for key in keys)
        return [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{when} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
        ]
    run = "EXECUTE FUNCTION makegood_refuse()"
    when = f" WHEN (NOT ({unless}))" if unless else ""
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW{when} {run}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    ]
