"""Policy documents: drafts, reviews and ready packs."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = {
    "sqlite": (
        """
        CREATE TABLE policy_document (
            version_id INTEGER NOT NULL,
            content TEXT NOT NULL,
            authors TEXT NOT NULL,
            version INTEGER NOT NULL,
            changed_at TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            asked_at TEXT,
            discarded_at TEXT,
            discarded_by TEXT,
            CONSTRAINT pk_policy_document PRIMARY KEY (version_id),
            CONSTRAINT ck_policy_document_discarded CHECK ((discarded_at IS NULL) = (discarded_by IS NULL)),
            CONSTRAINT fk_policy_document_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id)
        ) STRICT
        """,
        """
        CREATE TABLE policy_review (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            version_id INTEGER NOT NULL,
            document_version INTEGER NOT NULL,
            content_hash TEXT NOT NULL,
            outcome TEXT NOT NULL,
            note TEXT NOT NULL,
            reviewer TEXT NOT NULL,
            at TEXT NOT NULL,
            CONSTRAINT ck_policy_review_outcome CHECK (outcome IN ('approved','returned')),
            CONSTRAINT fk_policy_review_version_id_policy_document FOREIGN KEY(version_id) REFERENCES policy_document (version_id)
        ) STRICT
        """,
    ),
    "postgresql": (
        """
        CREATE TABLE policy_document (
            version_id BIGINT NOT NULL,
            content TEXT NOT NULL,
            authors TEXT NOT NULL,
            version BIGINT NOT NULL,
            changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
            changed_by VARCHAR(60) NOT NULL,
            asked_at TIMESTAMP WITH TIME ZONE,
            discarded_at TIMESTAMP WITH TIME ZONE,
            discarded_by VARCHAR(60),
            CONSTRAINT pk_policy_document PRIMARY KEY (version_id),
            CONSTRAINT ck_policy_document_discarded CHECK ((discarded_at IS NULL) = (discarded_by IS NULL)),
            CONSTRAINT fk_policy_document_version_id_policy_version FOREIGN KEY(version_id) REFERENCES policy_version (id)
        )
        """,
        """
        CREATE TABLE policy_review (
            id BIGSERIAL NOT NULL,
            version_id BIGINT NOT NULL,
            document_version BIGINT NOT NULL,
            content_hash VARCHAR(64) NOT NULL,
            outcome VARCHAR(10) NOT NULL,
            note TEXT NOT NULL,
            reviewer VARCHAR(60) NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT pk_policy_review PRIMARY KEY (id),
            CONSTRAINT ck_policy_review_outcome CHECK (outcome IN ('approved','returned')),
            CONSTRAINT fk_policy_review_version_id_policy_document FOREIGN KEY(version_id) REFERENCES policy_document (version_id)
        )
        """,
    ),
}
INDEX = "CREATE INDEX ix_policy_review_version ON policy_review (version_id, id)"

PUBLISHED = "EXISTS (SELECT 1 FROM policy_version WHERE id = OLD.version_id AND state = 'published')"
UNREVIEWED = (
    "NEW.state = 'published' AND OLD.state <> 'published' AND NOT EXISTS (SELECT 1 FROM policy_review r "
    "JOIN policy_document d ON d.version_id = r.version_id AND d.version = r.document_version "
    "WHERE r.version_id = NEW.id AND r.outcome = 'approved' AND r.content_hash = NEW.content_hash)"
)
DOCUMENT_KEPT = "SELECT RAISE(ABORT, 'policy_document is append-only')"
REVIEW_KEPT = "SELECT RAISE(ABORT, 'policy_review is append-only')"
TRIGGERS = {
    "sqlite": (
        f"CREATE TRIGGER policy_review_no_update BEFORE UPDATE ON policy_review BEGIN {REVIEW_KEPT}; END",
        f"CREATE TRIGGER policy_review_no_delete BEFORE DELETE ON policy_review BEGIN {REVIEW_KEPT}; END",
        "CREATE TRIGGER policy_review_no_replace BEFORE INSERT ON policy_review "
        f"WHEN EXISTS (SELECT 1 FROM policy_review WHERE id = NEW.id) BEGIN {REVIEW_KEPT}; END",
        "CREATE TRIGGER policy_document_frozen_update BEFORE UPDATE ON policy_document "
        f"WHEN {PUBLISHED} OR NEW.version <> OLD.version + 1 BEGIN {DOCUMENT_KEPT}; END",
        f"CREATE TRIGGER policy_document_no_delete BEFORE DELETE ON policy_document BEGIN {DOCUMENT_KEPT}; END",
        "CREATE TRIGGER policy_document_no_replace BEFORE INSERT ON policy_document "
        f"WHEN EXISTS (SELECT 1 FROM policy_document WHERE version_id = NEW.version_id) BEGIN {DOCUMENT_KEPT}; END",
        f"CREATE TRIGGER policy_version_unreviewed BEFORE UPDATE ON policy_version WHEN {UNREVIEWED} "
        "BEGIN SELECT RAISE(ABORT, 'policy_version is published without a review'); END",
    ),
    "postgresql": (
        "CREATE TRIGGER policy_review_no_update BEFORE UPDATE ON policy_review "
        "FOR EACH ROW EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER policy_review_no_delete BEFORE DELETE ON policy_review "
        "FOR EACH ROW EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER policy_review_no_truncate BEFORE TRUNCATE ON policy_review "
        "FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()",
        "CREATE OR REPLACE FUNCTION makegood_keep_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {PUBLISHED} OR NEW.version <> OLD.version + 1 THEN "
        "RAISE EXCEPTION 'policy_document is append-only' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER policy_document_frozen_update BEFORE UPDATE ON policy_document "
        "FOR EACH ROW EXECUTE FUNCTION makegood_keep_document()",
        "CREATE TRIGGER policy_document_no_delete BEFORE DELETE ON policy_document "
        "FOR EACH ROW EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER policy_document_no_truncate BEFORE TRUNCATE ON policy_document "
        "FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()",
        "CREATE OR REPLACE FUNCTION makegood_ask_review() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {UNREVIEWED} THEN RAISE EXCEPTION 'policy_version is published without a review' "
        "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER policy_version_unreviewed BEFORE UPDATE ON policy_version "
        "FOR EACH ROW EXECUTE FUNCTION makegood_ask_review()",
    ),
}


def upgrade() -> None:
    connection = op.get_bind()
    for statement in (*TABLES[connection.dialect.name], INDEX, *TRIGGERS[connection.dialect.name]):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP TRIGGER policy_version_unreviewed ON policy_version")
    else:
        connection.exec_driver_sql("DROP TRIGGER policy_version_unreviewed")
    connection.exec_driver_sql("DROP TABLE policy_review")
    connection.exec_driver_sql("DROP TABLE policy_document")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION makegood_keep_document()")
        connection.exec_driver_sql("DROP FUNCTION makegood_ask_review()")
