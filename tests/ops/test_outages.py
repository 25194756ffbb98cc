"""A database that is gone, full or locked: 503 and when to try again, on pages and in the API; a mistake of ours stays a 500."""

import sqlite3

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.test import TestResponse

from app.kernel.database import db
from app.ops.outages import is_outage
from app.people import refusal_wiring
from app.ui import shell
from tests.people.builders import make_company, sign_in


def of_sqlite(code: int) -> OperationalError:
    failure = sqlite3.OperationalError("database is locked")
    failure.sqlite_errorcode = code
    return OperationalError("UPDATE purse", None, failure)


def of_postgres(kind: type[psycopg.Error]) -> OperationalError:
    return OperationalError("UPDATE purse", None, kind("a secret detail"))


@pytest.mark.parametrize(
    ("failure", "is_one"),
    [
        (of_sqlite(sqlite3.SQLITE_BUSY), True),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), True),
        (of_sqlite(sqlite3.SQLITE_FULL), True),
        (of_sqlite(sqlite3.SQLITE_ERROR), False),
        (of_postgres(psycopg.errors.AdminShutdown), True),
        (of_postgres(psycopg.errors.DeadlockDetected), True),
        (of_postgres(psycopg.errors.DiskFull), True),
        (of_postgres(psycopg.OperationalError), True),
        (InterfaceError("SELECT 1", None, psycopg.InterfaceError("gone"), connection_invalidated=True), True),
        (ProgrammingError("SELEC 1", None, psycopg.errors.SyntaxError("no")), False),
        (PoolTimeout(), True),
    ],
)
def test_an_outage_is_told_from_a_mistake(failure: OperationalError, is_one: bool) -> None:
    assert is_outage(failure) is is_one


def test_without_a_database_pages_and_the_api_say_when_to_try_again_and_ask_it_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    ada = sign_in(app.test_client(), make_company().ada)

    def gone(*_given: object, **_more: object) -> None:
        raise of_postgres(psycopg.OperationalError)

    with monkeypatch.context() as patch:
        patch.setattr(db.session, "execute", gone)
        page = ada.get("/people")
        answer = app.test_client().get("/api/v1/cases", headers={"Authorization": "Bearer mg_anything"})
    for said in (page, answer):
        assert (said.status_code, said.headers["Retry-After"]) == (503, "2"), said.text
        assert "secret detail" not in said.text
        assert "default-src 'none'" in said.headers["Content-Security-Policy"]
    assert answer.get_json()["type"].endswith("service-unavailable")
    assert ada.get("/people").status_code == 200


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/nothing-here", None, 404),
        ("/settings", None, 403),
        ("/cases/MG-1/notes", None, 405),
        ("/cases", {"summary": "x" * 20_000_000}, 413),
    ],
)
def test_a_refusal_whose_page_cannot_be_made_without_the_database_is_an_outage_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch, path: str, sent: dict[str, str] | None, status: int
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    ana = sign_in(app.test_client(), make_company().ana)
    real = refusal_wiring.render_template

    def ask() -> TestResponse:
        return ana.post(path, data=sent) if sent else ana.get(path)

    assert ask().status_code == status

    def went(*given: object, **more: object) -> str:
        if more.get("status") == status:
            raise of_postgres(psycopg.OperationalError)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(refusal_wiring, "render_template", went)
    said = ask()
    assert (said.status_code, said.headers["Retry-After"]) == (503, "2"), said.text
    assert "secret detail" not in said.text


def test_a_database_that_goes_when_who_reads_is_known_already_is_told_the_same(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    sam = sign_in(app.test_client(), make_company().sam)

    def gone() -> str:
        assert shell.reader() is not None
        raise of_postgres(psycopg.OperationalError)

    gone.needs = "exceptions.read"  # type: ignore[attr-defined]
    app.view_functions["approvals.inbox"] = gone
    assert sam.get("/exceptions").status_code == 503


def test_what_is_asked_of_a_lost_connection_is_an_outage_too() -> None:
    asked = PendingRollbackError("rolled back")
    asked.__context__ = of_postgres(psycopg.errors.AdminShutdown)
    assert is_outage(asked) and not is_outage(PendingRollbackError("of our own"))


def test_a_wrong_statement_is_our_mistake_and_no_outage(app: Flask) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    ada = sign_in(app.test_client(), make_company().ada)
    wrong = lambda: str(db.session.execute(text("SELECT * FROM nothing_here")))  # noqa: E731
    wrong.needs = "people.read"  # type: ignore[attr-defined]
    app.view_functions["people.teams"] = wrong
    assert ada.get("/teams").status_code == 500
