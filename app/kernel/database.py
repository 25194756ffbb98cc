"""The database: metadata, column types, and what each engine needs to be trusted with money."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Text,
    event,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from app.kernel.time import UTC

BUSY_SECONDS = 10  # how long a writer waits for SQLite's only place
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table; on SQLite all of them are STRICT, or a column would take any text as a number."""

    metadata = MetaData(naming_convention=NAMING)

    def __init_subclass__(cls, **kw: Any) -> None:
        super().__init_subclass__(**kw)
        cls.__table__.dialect_options["sqlite"]["strict"] = True  # type: ignore[attr-defined]


db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={"expire_on_commit": False, "autoflush": True},
    disable_autonaming=True,
)

# SQLite: STRICT tables know only INTEGER, REAL, TEXT, BLOB and ANY.
for _type in (String, Text, JSON, DateTime, Date):
    compiles(_type, "sqlite")(lambda _element, _compiler, **_kw: "TEXT")
compiles(Boolean, "sqlite")(lambda _element, _compiler, **_kw: "INTEGER")

BigId = BigInteger().with_variant(Integer, "sqlite")
intpk = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
"""A primary key that is never given twice."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, kept as UTC on every database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JSONText(TypeDecorator[Any]):
    """A JSON value kept as canonical text (sorted keys), the same on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


def prepare_engine(engine: Engine) -> None:
    """Give an engine what its database needs: WAL, full sync, foreign keys and explicit BEGIN on SQLite."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _pragmas(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # the driver no longer begins by itself
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "secure_delete=ON",
            "recursive_triggers=ON",  # REPLACE fires the delete triggers of append-only tables
        ):
            dbapi.execute("PRAGMA " + pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql("BEGIN " + mode)
