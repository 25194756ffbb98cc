"""The kept counts of a place are read by dimension, so their index says it too: a page reads no other dimension's days."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_rollup_day_site")
    op.execute("CREATE INDEX ix_rollup_day_place ON rollup_day (site_id, dimension, day)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_rollup_day_place")
    op.execute("CREATE INDEX ix_rollup_day_site ON rollup_day (site_id, day)")
