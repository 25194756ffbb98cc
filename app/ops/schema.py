"""What state the database is in, asked without changing it."""

from sqlalchemy import inspect, select

from app.kernel import migrations
from app.kernel.database import db
from app.people.models import Employee


def is_at_head() -> bool:
    """Tell whether the database has the schema that this code expects."""
    return migrations.database_head(db.engine) == migrations.code_head()


def is_empty() -> bool:
    """Tell whether nobody has been added yet. Needs a migrated database."""
    if not inspect(db.engine).has_table(Employee.__tablename__):
        return True
    with db.engine.connect() as connection:
        return connection.execute(select(Employee.id).limit(1)).first() is None
