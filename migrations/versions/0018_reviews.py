"""Outcome reviews and the charter, recognition and coaching."""

import re

from alembic import op
from sqlalchemy import text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "charter_version": """CREATE TABLE charter_version (
    id BIGSERIAL NOT NULL,
    number BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    clauses TEXT NOT NULL,
    authors TEXT NOT NULL,
    drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    comments_until DATE,
    published_at TIMESTAMP WITH TIME ZONE,
    published_by_id BIGINT,
    content_hash VARCHAR(64) NOT NULL,
    version BIGINT NOT NULL,
    CONSTRAINT pk_charter_version PRIMARY KEY (id),
    CONSTRAINT ck_charter_version_state CHECK (state IN ('draft','comments','published')),
    CONSTRAINT ck_charter_version_published CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CONSTRAINT uq_charter_version_number UNIQUE (number),
    CONSTRAINT fk_charter_version_published_by_id_employee FOREIGN KEY(published_by_id) REFERENCES employee (id)
)""",
    "charter_comment": """CREATE TABLE charter_comment (
    id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    code VARCHAR(40) NOT NULL,
    author_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_charter_comment PRIMARY KEY (id),
    CONSTRAINT fk_charter_comment_version_id_charter_version FOREIGN KEY(version_id) REFERENCES charter_version (id),
    CONSTRAINT fk_charter_comment_author_id_employee FOREIGN KEY(author_id) REFERENCES employee (id)
)""",
    "charter_approval": """CREATE TABLE charter_approval (
    id BIGSERIAL NOT NULL,
    version_id BIGINT NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    employee_id BIGINT NOT NULL,
    side VARCHAR(10) NOT NULL,
    mark VARCHAR(100) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_charter_approval PRIMARY KEY (id),
    CONSTRAINT ck_charter_approval_side CHECK (side IN ('leader','employee')),
    CONSTRAINT fk_charter_approval_version_id_charter_version FOREIGN KEY(version_id) REFERENCES charter_version (id),
    CONSTRAINT fk_charter_approval_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT uq_charter_approval_mark UNIQUE (mark)
)""",
    "kudos": """CREATE TABLE kudos (
    id BIGSERIAL NOT NULL,
    case_id BIGINT NOT NULL,
    giver_id BIGINT NOT NULL,
    receiver_id BIGINT NOT NULL,
    value VARCHAR(20) NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_kudos PRIMARY KEY (id),
    CONSTRAINT ck_kudos_not_oneself CHECK (giver_id <> receiver_id),
    CONSTRAINT ck_kudos_value CHECK (value IN ('care','honesty','courage','ownership','fairness')),
    CONSTRAINT fk_kudos_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id),
    CONSTRAINT fk_kudos_giver_id_employee FOREIGN KEY(giver_id) REFERENCES employee (id),
    CONSTRAINT fk_kudos_receiver_id_employee FOREIGN KEY(receiver_id) REFERENCES employee (id)
)""",
    "coaching_note": """CREATE TABLE coaching_note (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    coach_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    case_id BIGINT,
    saw TEXT NOT NULL,
    next_step TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    state VARCHAR(10) NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_coaching_note PRIMARY KEY (id),
    CONSTRAINT ck_coaching_note_state CHECK (state IN ('proposed','agreed','declined')),
    CONSTRAINT ck_coaching_note_not_oneself CHECK (employee_id <> coach_id),
    CONSTRAINT ck_coaching_note_author CHECK (author_id IN (employee_id, coach_id)),
    CONSTRAINT ck_coaching_note_answered CHECK ((state = 'proposed') = (answered_at IS NULL)),
    CONSTRAINT fk_coaching_note_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_coaching_note_coach_id_employee FOREIGN KEY(coach_id) REFERENCES employee (id),
    CONSTRAINT fk_coaching_note_author_id_employee FOREIGN KEY(author_id) REFERENCES employee (id),
    CONSTRAINT fk_coaching_note_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)""",
    "review": """CREATE TABLE review (
    id BIGSERIAL NOT NULL,
    employee_id BIGINT NOT NULL,
    reviewer_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    since_on DATE NOT NULL,
    until_on DATE NOT NULL,
    opened_by_id BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seed BIGINT NOT NULL,
    method VARCHAR(60) NOT NULL,
    figures TEXT NOT NULL,
    figures_hash VARCHAR(64) NOT NULL,
    state VARCHAR(20) NOT NULL,
    round BIGINT NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    CONSTRAINT pk_review PRIMARY KEY (id),
    CONSTRAINT ck_review_state CHECK (state IN ('self_assessment','conversation','signing','closed')),
    CONSTRAINT ck_review_period CHECK (since_on < until_on),
    CONSTRAINT ck_review_not_oneself CHECK (employee_id <> reviewer_id),
    CONSTRAINT ck_review_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT fk_review_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT fk_review_reviewer_id_employee FOREIGN KEY(reviewer_id) REFERENCES employee (id),
    CONSTRAINT fk_review_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT fk_review_opened_by_id_employee FOREIGN KEY(opened_by_id) REFERENCES employee (id)
)""",
    "review_text": """CREATE TABLE review_text (
    id BIGSERIAL NOT NULL,
    review_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    kind VARCHAR(20) NOT NULL,
    measure VARCHAR(40),
    author_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_review_text PRIMARY KEY (id),
    CONSTRAINT ck_review_text_kind CHECK (kind IN ('self_assessment','notes','comment','appeal')),
    CONSTRAINT ck_review_text_measure CHECK ((kind = 'comment') = (measure IS NOT NULL)),
    CONSTRAINT fk_review_text_review_id_review FOREIGN KEY(review_id) REFERENCES review (id),
    CONSTRAINT fk_review_text_author_id_employee FOREIGN KEY(author_id) REFERENCES employee (id)
)""",
    "review_case": """CREATE TABLE review_case (
    id BIGSERIAL NOT NULL,
    review_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    origin VARCHAR(10) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_review_case PRIMARY KEY (id),
    CONSTRAINT uq_review_case_review_id UNIQUE (review_id, case_id),
    CONSTRAINT ck_review_case_origin CHECK (origin IN ('random','chosen')),
    CONSTRAINT fk_review_case_review_id_review FOREIGN KEY(review_id) REFERENCES review (id),
    CONSTRAINT fk_review_case_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)""",
    "conduct_item": """CREATE TABLE conduct_item (
    id BIGSERIAL NOT NULL,
    review_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    area VARCHAR(20) NOT NULL,
    tone VARCHAR(10) NOT NULL,
    text TEXT NOT NULL,
    charter_version_id BIGINT NOT NULL,
    clause VARCHAR(40) NOT NULL,
    author_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_conduct_item PRIMARY KEY (id),
    CONSTRAINT ck_conduct_item_area CHECK (area IN ('honesty','promises','fairness')),
    CONSTRAINT ck_conduct_item_tone CHECK (tone IN ('praise','concern')),
    CONSTRAINT fk_conduct_item_review_id_review FOREIGN KEY(review_id) REFERENCES review (id),
    CONSTRAINT fk_conduct_item_charter_version_id_charter_version FOREIGN KEY(charter_version_id) REFERENCES charter_version (id),
    CONSTRAINT fk_conduct_item_author_id_employee FOREIGN KEY(author_id) REFERENCES employee (id)
)""",
    "conduct_case": """CREATE TABLE conduct_case (
    item_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    CONSTRAINT pk_conduct_case PRIMARY KEY (item_id, case_id),
    CONSTRAINT fk_conduct_case_item_id_conduct_item FOREIGN KEY(item_id) REFERENCES conduct_item (id),
    CONSTRAINT fk_conduct_case_case_id_case_file FOREIGN KEY(case_id) REFERENCES case_file (id)
)""",
    "review_signature": """CREATE TABLE review_signature (
    id BIGSERIAL NOT NULL,
    review_id BIGINT NOT NULL,
    round BIGINT NOT NULL,
    side VARCHAR(10) NOT NULL,
    employee_id BIGINT NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_review_signature PRIMARY KEY (id),
    CONSTRAINT ck_review_signature_side CHECK (side IN ('employee','reviewer')),
    CONSTRAINT uq_review_signature_review_id UNIQUE (review_id, round, side),
    CONSTRAINT fk_review_signature_review_id_review FOREIGN KEY(review_id) REFERENCES review (id),
    CONSTRAINT fk_review_signature_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
)""",
    "review_access": """CREATE TABLE review_access (
    id BIGSERIAL NOT NULL,
    review_id BIGINT NOT NULL,
    reader_id BIGINT NOT NULL,
    how VARCHAR(10) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_review_access PRIMARY KEY (id),
    CONSTRAINT ck_review_access_how CHECK (how IN ('page','pdf','data','api')),
    CONSTRAINT fk_review_access_review_id_review FOREIGN KEY(review_id) REFERENCES review (id),
    CONSTRAINT fk_review_access_reader_id_employee FOREIGN KEY(reader_id) REFERENCES employee (id)
)""",
}
INDEXES = (
    "CREATE INDEX ix_charter_comment_version ON charter_comment (version_id, id)",
    "CREATE INDEX ix_charter_approval_version ON charter_approval (version_id, id)",
    "CREATE INDEX ix_kudos_case ON kudos (case_id, id)",
    "CREATE INDEX ix_kudos_receiver ON kudos (receiver_id, id)",
    "CREATE INDEX ix_coaching_note_coach ON coaching_note (coach_id, id)",
    "CREATE INDEX ix_coaching_note_employee ON coaching_note (employee_id, id)",
    "CREATE INDEX ix_review_employee ON review (employee_id, id)",
    "CREATE INDEX ix_review_reviewer ON review (reviewer_id, id)",
    "CREATE UNIQUE INDEX uq_review_running ON review (employee_id) WHERE state <> 'closed'",
    "CREATE INDEX ix_review_text_review ON review_text (review_id, id)",
    "CREATE INDEX ix_conduct_item_review ON conduct_item (review_id, id)",
    "CREATE INDEX ix_review_access_review ON review_access (review_id, id)",
)
# Table → its unique columns, and the condition that an update has to meet.
APPEND_ONLY = {
    "charter_comment": (("id",), None),
    "charter_approval": (("id", "mark"), None),
    "kudos": (("id",), None),
    "review": (("id",), (
            "NEW.employee_id = OLD.employee_id AND NEW.site_id = OLD.site_id AND NEW.since_on = OLD.since_on AND "
            "NEW.until_on = OLD.until_on AND NEW.opened_by_id = OLD.opened_by_id AND "
            "NEW.opened_at = OLD.opened_at AND NEW.seed = OLD.seed AND NEW.method = OLD.method AND "
            "NEW.figures = OLD.figures AND NEW.figures_hash = OLD.figures_hash AND "
            "NEW.version >= OLD.version AND NEW.round >= OLD.round"
        )),
    "review_text": (("id",), None),
    "review_case": (("id",), None),
    "conduct_item": (("id",), (
            "OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL AND NEW.text = OLD.text AND "
            "NEW.clause = OLD.clause"
        )),
    "review_signature": (("id",), None),
    "review_access": (("id",), None),
}
FROZEN = "OLD.state = 'published'"


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*TABLES.values(), *INDEXES):
        op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
    write = _sqlite_triggers if is_sqlite else _postgresql_triggers
    for table, (keys, allowed) in APPEND_ONLY.items():
        for statement in write(table, keys, allowed):
            op.execute(statement)
    for statement in _frozen("charter_version", is_sqlite):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    if "id BIGSERIAL NOT NULL," in statement:
        statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
        statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE|\bDATE\b", "TEXT", statement)
    statement = statement.replace("BIGINT", "INTEGER")
    return statement + (" STRICT" if statement.startswith("CREATE TABLE") else "")


def _sqlite_triggers(name: str, keys: tuple[str, ...], allowed: str | None) -> list[str]:
    unless = f" WHEN NOT ({allowed})" if allowed else ""
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {name} WHERE {key} = NEW.{key})" for key in keys)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name}{unless} {refuse}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {taken} {refuse}",
    ]


def _postgresql_triggers(name: str, keys: tuple[str, ...], allowed: str | None) -> list[str]:
    unless = f" WHEN (NOT ({allowed}))" if allowed else ""
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW{unless} {run}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]


def _frozen(name: str, is_sqlite: bool) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    run = "EXECUTE FUNCTION makegood_refuse()"
    frozen_row = FROZEN.replace("OLD.", f"{name}.")
    if is_sqlite:
        return [
            f"CREATE TRIGGER {name}_frozen_update BEFORE UPDATE ON {name} WHEN {FROZEN} {refuse}",
            f"CREATE TRIGGER {name}_frozen_delete BEFORE DELETE ON {name} WHEN {FROZEN} {refuse}",
            f"CREATE TRIGGER {name}_frozen_replace BEFORE INSERT ON {name} "
            f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id AND {frozen_row}) {refuse}",
        ]
    return [
        f"CREATE TRIGGER {name}_frozen_update BEFORE UPDATE ON {name} FOR EACH ROW WHEN ({FROZEN}) {run}",
        f"CREATE TRIGGER {name}_frozen_delete BEFORE DELETE ON {name} FOR EACH ROW WHEN ({FROZEN}) {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]
