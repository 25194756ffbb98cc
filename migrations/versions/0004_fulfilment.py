"""Fulfilment: the outbox, payouts with their history, receipts of decisions, and precedents."""

import re

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Written for PostgreSQL; `_said` turns a statement into SQLite's words.
TABLES = {
    "outbox_message": (
        """CREATE TABLE outbox_message (
    id BIGSERIAL NOT NULL,
    channel VARCHAR(40) NOT NULL,
    key VARCHAR(120) NOT NULL,
    payload TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_outbox_message PRIMARY KEY (id),
    CONSTRAINT uq_outbox_message_channel UNIQUE (channel, key)
)""",
    ),
    "outbox_attempt": (
        """CREATE TABLE outbox_attempt (
    id BIGSERIAL NOT NULL,
    message_id BIGINT NOT NULL,
    channel VARCHAR(40) NOT NULL,
    number BIGINT NOT NULL,
    tries_left BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    began_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    error VARCHAR(300),
    CONSTRAINT pk_outbox_attempt PRIMARY KEY (id),
    CONSTRAINT uq_outbox_attempt_message_id UNIQUE (message_id, number),
    CONSTRAINT ck_outbox_attempt_state CHECK (state IN ('waiting','running','delivered','failed','lost','dead')),
    CONSTRAINT ck_outbox_attempt_lease CHECK ((state = 'running') = (leased_until IS NOT NULL)),
    CONSTRAINT fk_outbox_attempt_message_id_outbox_message FOREIGN KEY(message_id) REFERENCES outbox_message (id) ON DELETE CASCADE
)""",
        "CREATE INDEX ix_outbox_attempt_due ON outbox_attempt (due_at, id) WHERE state IN ('waiting','running')",
        "CREATE INDEX ix_outbox_attempt_dead ON outbox_attempt (id) WHERE state = 'dead'",
    ),
    "payout": (
        """CREATE TABLE payout (
    id BIGSERIAL NOT NULL,
    remedy_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    connector VARCHAR(20) NOT NULL,
    key VARCHAR(60) NOT NULL,
    round BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    is_unknown BOOLEAN NOT NULL,
    by_hand BOOLEAN NOT NULL,
    payment_ref VARCHAR(80),
    provider_ref VARCHAR(200),
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_payout PRIMARY KEY (id),
    CONSTRAINT ck_payout_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_payout_connector CHECK (connector IN ('manual','webhook','stripe')),
    CONSTRAINT ck_payout_state CHECK (state IN ('pending','sent','confirmed','failed','given_up','cancelled')),
    CONSTRAINT ck_payout_round CHECK (round >= 1),
    CONSTRAINT fk_payout_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT uq_payout_remedy_id UNIQUE (remedy_id),
    CONSTRAINT uq_payout_key UNIQUE (key)
)""",
        "CREATE INDEX ix_payout_case ON payout (case_id, id)",
        "CREATE INDEX ix_payout_site ON payout (site_id, id)",
        "CREATE INDEX ix_payout_open ON payout (state, site_id, id) WHERE state IN ('pending','sent','failed')",
    ),
    "payout_event": (
        """CREATE TABLE payout_event (
    id BIGSERIAL NOT NULL,
    payout_id BIGINT NOT NULL,
    what VARCHAR(10) NOT NULL,
    round BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id BIGINT,
    reference VARCHAR(200),
    note VARCHAR(500),
    CONSTRAINT pk_payout_event PRIMARY KEY (id),
    CONSTRAINT ck_payout_event_what CHECK (what IN """
        """('created','payment','sent','waiting','confirmed','failed','retried','given_up','cancelled','proved','twice')),
    CONSTRAINT fk_payout_event_payout_id_payout FOREIGN KEY(payout_id) REFERENCES payout (id)
)""",
        "CREATE INDEX ix_payout_event_payout ON payout_event (payout_id, id)",
    ),
    "payout_notice": (
        """CREATE TABLE payout_notice (
    id BIGSERIAL NOT NULL,
    provider VARCHAR(20) NOT NULL,
    event_ref VARCHAR(120) NOT NULL,
    payout_id BIGINT NOT NULL,
    object_ref VARCHAR(120) NOT NULL,
    status VARCHAR(20) NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_payout_notice PRIMARY KEY (id),
    CONSTRAINT uq_payout_notice_provider UNIQUE (provider, event_ref),
    CONSTRAINT fk_payout_notice_payout_id_payout FOREIGN KEY(payout_id) REFERENCES payout (id)
)""",
        "CREATE INDEX ix_payout_notice_payout ON payout_notice (payout_id, id)",
    ),
    "payout_route": (
        """CREATE TABLE payout_route (
    id BIGSERIAL NOT NULL,
    key VARCHAR(60) NOT NULL,
    site_id BIGINT,
    kind VARCHAR(40),
    connector VARCHAR(20) NOT NULL,
    CONSTRAINT pk_payout_route PRIMARY KEY (id),
    CONSTRAINT ck_payout_route_connector CHECK (connector IN ('manual','webhook','stripe')),
    CONSTRAINT fk_payout_route_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
    CONSTRAINT uq_payout_route_key UNIQUE (key)
)""",
    ),
    "decision_receipt": (
        """CREATE TABLE decision_receipt (
    id BIGSERIAL NOT NULL,
    remedy_id BIGINT NOT NULL,
    occasion VARCHAR(10) NOT NULL,
    policy_version_id BIGINT NOT NULL,
    policy_hash VARCHAR(64) NOT NULL,
    content TEXT NOT NULL,
    content_hash VARCHAR(64) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_decision_receipt PRIMARY KEY (id),
    CONSTRAINT ck_decision_receipt_occasion CHECK (occasion IN ('offer','request','approval')),
    CONSTRAINT fk_decision_receipt_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id),
    CONSTRAINT uq_decision_receipt_content_hash UNIQUE (content_hash)
)""",
        "CREATE INDEX ix_decision_receipt_remedy ON decision_receipt (remedy_id, id)",
    ),
    "precedent": (
        """CREATE TABLE precedent (
    remedy_id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    answer VARCHAR(10) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_precedent PRIMARY KEY (remedy_id),
    CONSTRAINT ck_precedent_answer CHECK (answer IN ('accepted','declined','none','reversed')),
    CONSTRAINT fk_precedent_remedy_id_remedy FOREIGN KEY(remedy_id) REFERENCES remedy (id)
)""",
        "CREATE INDEX ix_precedent_stratum ON precedent (category_id, severity, kind, currency, at, remedy_id)",
        # What was given and answered before this storey existed sets precedents too.
        """INSERT INTO precedent
    (remedy_id, case_id, site_id, category_id, severity, kind, currency, amount_minor, answer, at)
SELECT r.id, r.case_id, r.site_id, c.category_id, c.severity, r.kind, r.currency, r.amount_minor,
    CASE r.state WHEN 'settled' THEN 'accepted' WHEN 'declined' THEN 'declined' WHEN 'expired' THEN 'none' ELSE 'reversed' END,
    coalesce(r.ended_at, r.created_at)
FROM remedy r JOIN case_file c ON c.id = r.case_id
WHERE r.nature = 'goodwill' AND r.amount_minor > 0 AND r.state IN ('settled','declined','expired','reversed')
    AND NOT (r.state = 'expired' AND r.expires_at IS NULL)""",
    ),
}
APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "payout_event": ("id",),
    "payout_notice": ("id",),
    "decision_receipt": ("id", "content_hash"),
}
# A note may be taken out again when somebody's data has to go.
ALLOWED = {
    "payout_event": (
        "NEW.note IS NULL AND NEW.id = OLD.id AND NEW.payout_id = OLD.payout_id AND NEW.what = OLD.what "
        "AND NEW.round = OLD.round AND NEW.at = OLD.at AND coalesce(NEW.actor_id, 0) = coalesce(OLD.actor_id, 0) "
        "AND coalesce(NEW.reference, '') = coalesce(OLD.reference, '')"
    )
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, statements in TABLES.items():
        for statement in statements:
            op.get_bind().execute(text(_said(statement) if is_sqlite else statement))
        if table in APPEND_ONLY:
            for statement in (_sqlite_guard if is_sqlite else _postgresql_guard)(table, APPEND_ONLY[table]):
                op.get_bind().execute(text(statement))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _said(statement: str) -> str:
    """Say a statement in SQLite's words: strict tables, whole numbers and text."""
    statement = statement.replace("id BIGSERIAL NOT NULL,", "id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,")
    statement = re.sub(r"\n    CONSTRAINT pk_\w+ PRIMARY KEY \(id\),?", "", statement)
    statement = re.sub(r"VARCHAR\(\d+\)|TIMESTAMP WITH TIME ZONE", "TEXT", statement)
    statement = re.sub(r"BIGINT|BOOLEAN", "INTEGER", statement)
    return re.sub(r",\n\)$", "\n)", statement) + (" STRICT" if statement.startswith("CREATE TABLE") else "")


def _sqlite_guard(table: str, keys: tuple[str, ...]) -> list[str]:
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})" for key in keys)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    unless = f" WHEN NOT ({ALLOWED[table]})" if table in ALLOWED else ""
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}{unless} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _postgresql_guard(table: str, _keys: tuple[str, ...]) -> list[str]:
    run = "EXECUTE FUNCTION makegood_refuse()"
    unless = f" WHEN (NOT ({ALLOWED[table]}))" if table in ALLOWED else ""
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW{unless} {run}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {run}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {run}",
    ]
