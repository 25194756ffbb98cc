"""The pulse of a team: when one is open, which groups were asked, the right to answer once, and answers that name nobody."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# What differs between the databases: the key, whole numbers, instants, the width of text, and what stands after a table.
TYPES = {
    "sqlite": {
        "key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "whole": "INTEGER", "instant": "TEXT", "t80": "TEXT",
        "strict": " STRICT", "pk": "",
    },
    "postgresql": {
        "key": "BIGSERIAL NOT NULL", "whole": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE", "t80": "VARCHAR(80)",
        "strict": "", "pk": "CONSTRAINT pk_{table} PRIMARY KEY (id), ",
    },
}
SAID = [f"{scale}_{item}" for scale in ("meaning", "competence", "self_determination", "impact") for item in (1, 2, 3)]
TABLES = {
    "pulse": """
        id {key},
        name {t80} NOT NULL,
        opens_at {instant} NOT NULL,
        closes_at {instant} NOT NULL,
        opened_by_id {whole} NOT NULL,
        handed_out_at {instant},
        swept_at {instant},
        called_off_at {instant},
        {pk}CONSTRAINT ck_pulse_period CHECK (opens_at < closes_at),
        CONSTRAINT fk_pulse_opened_by_id_employee FOREIGN KEY(opened_by_id) REFERENCES employee (id)
    """,
    "pulse_group": """
        id {key},
        pulse_id {whole} NOT NULL,
        site_id {whole} NOT NULL,
        team_id {whole},
        region_id {whole},
        asked_count {whole} NOT NULL,
        {pk}CONSTRAINT ck_pulse_group_asked CHECK (asked_count >= 1),
        CONSTRAINT fk_pulse_group_pulse_id_pulse FOREIGN KEY(pulse_id) REFERENCES pulse (id),
        CONSTRAINT fk_pulse_group_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
        CONSTRAINT fk_pulse_group_team_id_team FOREIGN KEY(team_id) REFERENCES team (id)
    """,
    "pulse_ballot": """
        pulse_id {whole} NOT NULL,
        employee_id {whole} NOT NULL,
        group_id {whole} NOT NULL,
        CONSTRAINT pk_pulse_ballot PRIMARY KEY (pulse_id, employee_id),
        CONSTRAINT fk_pulse_ballot_pulse_id_pulse FOREIGN KEY(pulse_id) REFERENCES pulse (id),
        CONSTRAINT fk_pulse_ballot_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
        CONSTRAINT fk_pulse_ballot_group_id_pulse_group FOREIGN KEY(group_id) REFERENCES pulse_group (id)
    """,
    # The number is random: on SQLite it is also where a row lies, so that no order is left.
    "pulse_answer": """
        id {whole} NOT NULL,
        group_id {whole} NOT NULL,
        {said}
        CONSTRAINT pk_pulse_answer PRIMARY KEY (id),
        {checks},
        CONSTRAINT fk_pulse_answer_group_id_pulse_group FOREIGN KEY(group_id) REFERENCES pulse_group (id)
    """,
}
INDEXES = (
    "CREATE INDEX ix_pulse_group_pulse ON pulse_group (pulse_id, site_id, team_id)",
    "CREATE INDEX ix_pulse_answer_group_id ON pulse_answer (group_id)",
)


def upgrade() -> None:
    types = TYPES[op.get_bind().dialect.name]
    said = " ".join(f"{name} {types['whole']}," for name in SAID)
    checks = ", ".join(f"CONSTRAINT ck_pulse_answer_{name} CHECK ({name} BETWEEN 1 AND 7)" for name in SAID)
    for table, columns in TABLES.items():
        filled = {**types, "pk": types["pk"].format(table=table), "said": said, "checks": checks}
        op.execute(f"CREATE TABLE {table} ({columns.format(**filled)}){types['strict']}")
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
