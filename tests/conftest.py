"""Two databases, one set of tests: every test that takes `app` runs on SQLite and on PostgreSQL."""

import gc
import os
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from flask import Flask, g
from flask_sqlalchemy import SQLAlchemy
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

os.environ.setdefault("MAKEGOOD_ENV", "test")

from app import create_app
from app.kernel.database import db
from app.kernel.migrations import upgrade
from config import Settings, read_settings
from tests import postgres
from tests.counts import examples
from tests.reused import Stock

# How many: tests/counts.py. No deadline: the machine may be busy.
hypothesis_settings.register_profile(
    "makegood",
    max_examples=examples(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("makegood")


def _compile_each_address_once() -> None:
    """Every test makes an application, and nine tenths of that is Werkzeug compiling the same addresses again."""
    compiled: dict[tuple[Any, ...], Rule] = {}
    compile_rule = Rule.compile

    def remembered(rule: Rule) -> None:
        key = (rule.rule, rule.host, rule.subdomain, rule.merge_slashes, repr(rule.defaults))
        same = compiled.get(key)
        if same is None:
            compile_rule(rule)
            compiled[key] = rule
            return
        rule._parts, rule._trace, rule._converters = same._parts, same._trace, same._converters
        rule.arguments = same.arguments
        rule._build = same._build.__func__.__get__(rule, None)  # type: ignore[attr-defined]
        rule._build_unknown = same._build_unknown.__func__.__get__(rule, None)  # type: ignore[attr-defined]

    Rule.compile = remembered  # type: ignore[method-assign]


_compile_each_address_once()


def _compile_each_statement_once() -> None:
    """Every test has an engine of its own on one of the same two databases, and would compile the same statements again.

    A compiled statement is remembered by its engine and under its dialect: dialects of one kind count as one here.
    """
    compiled: dict[str, LRUCache[Any, Any]] = {}
    make_engine = SQLAlchemy._make_engine

    def remembering(self: SQLAlchemy, *given: Any) -> Engine:
        engine = make_engine(self, *given)
        kind: Any = type(engine.dialect)
        kind.__hash__ = lambda self: hash(type(self))
        kind.__eq__ = lambda self, other: type(self) is type(other)
        engine._compiled_cache = compiled.setdefault(engine.dialect.name, LRUCache(20_000))
        return engine

    SQLAlchemy._make_engine = remembering  # type: ignore[method-assign, assignment]


_compile_each_statement_once()


class _Templates(BytecodeCache):
    """Templates compiled in this run: most tests make an application of their own, and all show the same frame."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.known.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self.known[bucket.key, bucket.checksum] = bucket.code


_TEMPLATES = _Templates()

pytest_plugins = ["tests.browser", "tests.costs"]
# Both, unless one alone is named: `make quick` leaves PostgreSQL out.
DATABASES = tuple(os.environ.get("MAKEGOOD_TEST_DATABASES", "sqlite postgresql").split())


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: to look through it for rubbish again and again was a sixth of a page test's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def settings_for(url: str, instance: Path, **changes: str) -> Settings:
    """Settings of a test instance, read the same way as in production."""
    return read_settings(
        {
            "MAKEGOOD_ENV": "test",
            "DATABASE_URL": url,
            "MAKEGOOD_INSTANCE": str(instance),
            "MAKEGOOD_BASE_URL": "http://localhost",
            **changes,
        }
    )


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throwaway server of this run, or the one that MAKEGOOD_TEST_POSTGRES names."""
    given = os.environ.get("MAKEGOOD_TEST_POSTGRES")
    if given:
        yield given
        return
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database that tests copy."""
    name = f"template_{secrets.token_hex(4)}"
    _admin(postgres_url, f'CREATE DATABASE "{name}"')
    build_schema(_database(postgres_url, name), tmp_path_factory.mktemp("pg-template"))
    return name


@pytest.fixture(scope="session")
def postgres_stock(postgres_url: str, postgres_template: str) -> Iterator[Stock]:
    stock = Stock(
        postgres_template,
        lambda name: _database(postgres_url, name).replace("+psycopg", "", 1),
        lambda statement: _admin(postgres_url, statement),
    )
    yield stock
    stock.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sqlite-template")
    path = folder / "template.db"
    build_schema(f"sqlite:///{path}", folder)
    return path


def build_schema(url: str, folder: Path) -> None:
    """Make the schema the way an operator does: by the migrations."""
    app = create_app(settings_for(url, folder), TESTING=True)
    with app.app_context():
        upgrade(db.engine)
        db.session.remove()
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("BEGIN")
        db.engine.dispose()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        source = request.getfixturevalue("sqlite_template")
        path = tmp_path / "test.db"
        path.write_bytes(source.read_bytes())
        yield f"sqlite:///{path}"
        return
    stock: Stock = request.getfixturevalue("postgres_stock")
    with stock.lent() as name:
        yield _database(request.getfixturevalue("postgres_url"), name)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application with an empty, migrated database, inside its context."""
    instance = create_app(settings_for(database_url, tmp_path), TESTING=True, WTF_CSRF_ENABLED=False)
    instance.jinja_env.bytecode_cache = _TEMPLATES
    instance.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    with instance.app_context():
        yield instance
        db.session.remove()
        db.engine.dispose()


def _forget_the_last_request() -> None:
    """All requests of a test share the fixture's context, so what one left in `g` (who asks, above all) must not reach the next."""
    for name in list(g):
        g.pop(name)


def _database(url: str, name: str) -> str:
    head, _, tail = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{tail}" if tail else "")


def _admin(url: str, statement: str) -> None:
    with _keeper(url).connect() as connection:
        connection.execute(text(statement))


@cache
def _keeper(url: str) -> Engine:
    """The engine that makes and drops the databases of a run: it keeps its one connection."""
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1)


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database while a test runs, without the beginnings of transactions; clear it before what counts."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
