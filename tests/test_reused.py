"""A database of PostgreSQL that a test leaves behind is as new for the next one, or gone."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.reused import Stock


def rows(address: str) -> list[tuple[object, ...]]:
    with psycopg.connect(address) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM site), (SELECT count(*) FROM alembic_version),"
            " (SELECT coalesce(last_value, 0) FROM pg_sequences WHERE sequencename = 'site_id_seq')"
        ).fetchall()


def used(stock: Stock, statement: str) -> str:
    with stock.lent() as name, psycopg.connect(stock.address(name)) as connection:
        connection.execute("SELECT 1")
        connection.commit()
        connection.execute(statement)
        connection.commit()
    return name


@pytest.fixture
def stock(postgres_stock: Stock) -> Iterator[Stock]:
    """With databases of its own."""
    own = Stock(postgres_stock.template, postgres_stock.address, postgres_stock.admin)
    yield own
    own.close()


def test_rows_and_counters_are_gone_and_what_the_migrations_wrote_is_back(stock: Stock) -> None:
    with stock.lent() as name:
        new = rows(stock.address(name))
    again = used(
        stock,
        "SET session_replication_role = replica; SELECT nextval('site_id_seq'); DELETE FROM alembic_version;"
        " INSERT INTO alembic_version VALUES ('0'), ('1')",
    )
    with stock.lent() as third:
        assert (again, third) == (name, name) and rows(stock.address(third)) == new


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE site DISABLE TRIGGER ALL",
        "ALTER TABLE site ADD COLUMN more text",
        "CREATE TABLE more (id int)",
        "REVOKE ALL ON site FROM PUBLIC; GRANT SELECT ON site TO PUBLIC",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_another_schema_is_never_lent_again(stock: Stock, change: str) -> None:
    name = used(stock, change)
    with stock.lent() as other:
        assert other != name


def test_who_is_still_connected_is_sent_away(stock: Stock) -> None:
    with stock.lent() as name:
        left = psycopg.connect(stock.address(name))
        left.execute("LOCK TABLE site")
    with stock.lent() as again, pytest.raises(psycopg.OperationalError):
        assert again == name
        left.execute("SELECT 1")
