"""Run Alembic from code: the same steps for `flask db upgrade`, the tests and `make run`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    command.upgrade(alembic_config(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    command.downgrade(alembic_config(engine), revision)


def code_head() -> str | None:
    """Return the revision that this code expects."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def database_head(engine: Engine) -> str | None:
    """Return the revision that the database is at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Tell whether this code can bring a database of that revision up to date."""
    try:
        return ScriptDirectory.from_config(alembic_config()).get_revision(revision) is not None
    except CommandError:
        return False
