"""Models and migrations describe the same database, also its triggers, and migrations go up and down on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from app import create_app
from app.kernel.database import Base, db, prepare_engine
from app.kernel.migrations import SCRIPTS, alembic_config, code_head, database_head, downgrade, upgrade
from tests.conftest import settings_for

VERSIONS = SCRIPTS / "versions"


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """A database of its own with nothing in it, on the engine of this test."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'empty.db'}"
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return database_url


@pytest.fixture
def empty(empty_url: str, tmp_path: Path) -> Iterator[Flask]:
    instance = create_app(settings_for(empty_url, tmp_path), TESTING=True)
    with instance.app_context():
        yield instance
        db.session.remove()
        db.engine.dispose()


def has_migrations() -> None:
    assert list(VERSIONS.glob("*.py")), "migrations/versions is empty: the schema has no way to be made by an operator"


def triggers(connection: Connection) -> dict[str, str]:
    """Every trigger with its definition, in one spelling."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        statement = (
            "SELECT c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
        )
    return {name: " ".join(sql.split()) for name, sql in connection.execute(text(statement))}


def checks(engine: Engine) -> dict[str, list[str]]:
    """Names of the CHECK constraints of every table; autogenerate doesn't see them."""
    inspector = inspect(engine)
    return {
        table: sorted(str(row["name"]) for row in inspector.get_check_constraints(table))
        for table in Base.metadata.tables
        if inspector.has_table(table)
    }


def schema_of(engine: Engine) -> tuple[dict[str, str], dict[str, list[str]]]:
    with engine.connect() as connection:
        return triggers(connection), checks(engine)


def test_there_is_one_head_and_every_migration_goes_both_ways() -> None:
    has_migrations()
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        source = Path(script.path).read_text(encoding="utf-8")
        assert "def downgrade" in source, script.path
        assert "from app" not in source, f"{script.path} imports the application, which will change under it"
        assert "import app" not in source, script.path


def test_migrations_make_exactly_what_the_models_say(empty: Flask) -> None:
    has_migrations()
    upgrade(db.engine)
    assert database_head(db.engine) == code_head()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "include_object": _is_ours}
        )
        differences = compare_metadata(context, Base.metadata)
    assert differences == []


def test_migrations_make_the_same_triggers_and_checks_as_the_models(
    empty: Flask, database_url: str, tmp_path: Path
) -> None:
    """Batch mode drops triggers without a word; this is where it is heard."""
    has_migrations()
    upgrade(db.engine)
    migrated = schema_of(db.engine)
    if db.engine.dialect.name == "sqlite":
        other = create_engine(f"sqlite:///{tmp_path / 'models.db'}", poolclass=NullPool)
        prepare_engine(other)
    else:
        downgrade(db.engine, "base")
        other = db.engine
    Base.metadata.create_all(other)
    modelled = schema_of(other)
    other.dispose()
    assert migrated[0] == modelled[0]
    assert migrated[1] == modelled[1]


def test_migrations_go_down_to_nothing_and_up_again(empty: Flask) -> None:
    has_migrations()
    upgrade(db.engine)
    first = schema_of(db.engine)
    downgrade(db.engine, "base")
    left = set(inspect(db.engine).get_table_names()) - {"alembic_version", "sqlite_sequence"}
    assert left == set()
    upgrade(db.engine)
    assert schema_of(db.engine) == first


def test_every_table_is_strict_on_sqlite(empty: Flask) -> None:
    has_migrations()
    if db.engine.dialect.name != "sqlite":
        return
    upgrade(db.engine)
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")).all()
    loose = [name for name, strict in rows if not strict and name in Base.metadata.tables]
    assert loose == []


def test_every_constraint_and_index_has_a_name() -> None:
    nameless = [
        f"{table.name}: {constraint}"
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert nameless == []


def _is_ours(_object: object, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:
    """Leave out the shadow tables and the expression indexes of the search, which no model describes."""
    return not (
        reflected and kind == "table" and name is not None and name not in Base.metadata.tables and "search" in name
    )
