"""Clocks joined: tries of the outbox that had begun to hand their message over, so that none is sent twice blindly."""

from alembic import op
from sqlalchemy import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = """CREATE TABLE outbox_handover (
    attempt_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_outbox_handover PRIMARY KEY (attempt_id),
    CONSTRAINT fk_outbox_handover_attempt_id_outbox_attempt FOREIGN KEY(attempt_id) REFERENCES outbox_attempt (id)
        ON DELETE CASCADE
)"""


def upgrade() -> None:
    connection = op.get_bind()
    said = TABLE
    if connection.dialect.name == "sqlite":
        said = said.replace("BIGINT", "INTEGER").replace("TIMESTAMP WITH TIME ZONE", "TEXT") + " STRICT"
    connection.execute(text(said))


def downgrade() -> None:
    op.drop_table("outbox_handover")
