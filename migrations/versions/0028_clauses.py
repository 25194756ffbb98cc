"""Which entries of the trail name which clause, so that a search for a clause reads only these."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLE = {
    "sqlite": """
        CREATE TABLE audit_clause (
            clause TEXT NOT NULL,
            entry_id INTEGER NOT NULL,
            CONSTRAINT pk_audit_clause PRIMARY KEY (clause, entry_id)
        ) STRICT
    """,
    "postgresql": """
        CREATE TABLE audit_clause (
            clause VARCHAR(40) NOT NULL,
            entry_id BIGINT NOT NULL,
            CONSTRAINT pk_audit_clause PRIMARY KEY (clause, entry_id)
        )
    """,
}
# What was recorded before: every text under the key "clause", and in entries about a clause its own code.
FILL = {
    "sqlite": """
        INSERT INTO audit_clause (clause, entry_id)
        SELECT DISTINCT found.value, p.entry_id
        FROM audit_payload p JOIN audit_entry e ON e.id = p.entry_id, json_tree(p.payload) found
        WHERE (p.payload LIKE '%"clause":"%' OR e.type LIKE 'clause:%')
          AND (found.key = 'clause' OR (found.key = 'code' AND e.type LIKE 'clause:%'))
          AND found.type = 'text' AND length(found.value) BETWEEN 1 AND 40
    """,
    "postgresql": r"""
        INSERT INTO audit_clause (clause, entry_id)
        SELECT DISTINCT found.value #>> '{}', said.entry_id
        FROM (
            SELECT p.entry_id, e.type, p.payload::jsonb AS payload
            FROM audit_payload p JOIN audit_entry e ON e.id = p.entry_id
            WHERE (p.payload LIKE '%"clause":"%' OR e.type LIKE 'clause:%') AND p.payload NOT LIKE '%\\u0000%'
        ) said
        CROSS JOIN LATERAL (
            SELECT jsonb_path_query(said.payload, '$.**.clause') AS value
            UNION ALL
            SELECT jsonb_path_query(said.payload, '$.**.code') WHERE said.type LIKE 'clause:%'
        ) found
        WHERE jsonb_typeof(found.value) = 'string' AND length(found.value #>> '{}') BETWEEN 1 AND 40
    """,
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.execute(TABLE[dialect])
    op.execute(FILL[dialect])


def downgrade() -> None:
    op.execute("DROP TABLE audit_clause")
