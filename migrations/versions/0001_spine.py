"""The spine: every table of the first storeys, with the triggers that keep the append-only ones."""

from pathlib import Path

from alembic import op
from sqlalchemy import inspect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    script = Path(__file__).with_name(f"0001_spine.{connection.dialect.name}.sql")
    for statement in script.read_text(encoding="utf-8").split("\n-- next\n"):
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for name in inspect(connection).get_table_names():
            if name != "alembic_version":
                connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
        for name in connection.exec_driver_sql(
            "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' "
            "WHERE n.nspname = current_schema() AND d.objid IS NULL"
        ).scalars():
            connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")
        return
    rows = connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'alembic_version' "
        "AND (type = 'trigger' OR type = 'view' OR type = 'table' AND name NOT LIKE '%\\_search\\_%' ESCAPE '\\') "
        "ORDER BY type = 'trigger' DESC, type = 'view' DESC"
    ).all()
    for kind, name in rows:
        connection.exec_driver_sql(f'DROP {kind} IF EXISTS "{name}"')
