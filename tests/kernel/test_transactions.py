"""The structural guard: no commit without an audit entry, on any path."""

from datetime import datetime

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.audit import actions as audit
from app.audit.jobs import seal_pending
from app.audit.models import AuditEntry, AuditPayload, AuditSeal
from app.audit.queries import verify
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import UTC, utc_now
from app.kernel.transactions import UnauditedWrite, transaction

TRIED = audit.declare("test:try", "step", sentence=_l("tried something"))
AT = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)


def test_a_transaction_with_an_entry_commits_and_is_sealed_on_sqlite(app: Flask) -> None:
    with transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
    assert db.session.query(AuditEntry).count() == 1
    assert db.session.query(AuditPayload).count() == 1
    assert db.session.query(AuditSeal).count() == (1 if db.engine.dialect.name == "sqlite" else 0)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_payload (entry_id, salt, payload) VALUES (1, 'a', 'b')",
        "UPDATE audit_payload SET salt = NULL, payload = NULL",
        "WITH x AS (SELECT 1 AS n) UPDATE audit_payload SET salt = NULL, payload = NULL",
    ],
)
def test_a_commit_that_wrote_without_an_entry_is_refused(app: Flask, statement: str) -> None:
    with transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
        db.session.execute(text("DELETE FROM audit_seal WHERE 1 = 0"))
    statement = statement.replace("VALUES (1,", "SELECT id + 7, 'a', 'b' FROM audit_entry --")
    with pytest.raises((UnauditedWrite, DatabaseError)), transaction():
        db.session.execute(text(statement))
    assert db.session.query(AuditPayload).filter(AuditPayload.payload.is_(None)).count() == 0


def test_the_guard_also_holds_for_a_bare_connection(app: Flask) -> None:
    with transaction():
        first = audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
    with pytest.raises(UnauditedWrite), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE audit_payload SET salt = NULL, payload = NULL WHERE entry_id = :i"), {"i": first}
        )
    assert db.session.query(AuditPayload).one().payload is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET type = 'x'",
        "DELETE FROM audit_entry",
        "UPDATE audit_payload SET payload = 'x'",
        "DELETE FROM audit_payload",
    ],
)
def test_the_database_refuses_to_change_or_delete_an_entry(app: Flask, statement: str) -> None:
    with transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=2)
        db.session.execute(text(statement))
    assert db.session.query(AuditEntry).count() == 1


def test_replace_and_truncate_are_refused(app: Flask) -> None:
    with transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
    statement = (
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry"
        if db.engine.dialect.name == "sqlite"
        else "TRUNCATE audit_entry CASCADE"
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(text(statement))


def test_an_inner_transaction_joins_the_outer_one(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        with transaction():
            audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
        raise RuntimeError
    assert db.session.query(AuditEntry).count() == 0


def test_an_entry_takes_exactly_the_keys_that_its_type_declares(app: Flask) -> None:
    with pytest.raises(AssertionError, match="takes exactly"), transaction():
        audit.record(TRIED, subject="MG-1", actor=command("test"), at=utc_now(), stap=1)


def test_an_entry_that_a_savepoint_took_back_is_neither_sealed_nor_in_the_way_of_the_next(app: Flask) -> None:
    """SQLite gives the number of a row that was rolled back to the next one."""
    with transaction():
        with pytest.raises(RuntimeError), db.session.begin_nested():
            audit.record(TRIED, subject="MG-1", actor=command("test"), at=AT, step=1)
            raise RuntimeError
        audit.record(TRIED, subject="MG-2", actor=command("test"), at=AT, step=2)
    if db.engine.dialect.name == "postgresql":
        seal_pending(everything=True)
    kept = db.session.query(AuditEntry).one()
    assert kept.subject == "MG-2"
    assert [seal.entry_id for seal in db.session.query(AuditSeal)] == [kept.id]
    assert verify(now=utc_now()).is_whole
