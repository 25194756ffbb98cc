"""A deed that ends halfway leaves nothing: the n-th statement fails, for n = 1 and on until the deed is done.

What is compared before and after is every row of every business table, and every file that deeds write beside the database.
`make test` lets every third write or commit fail, `make soak` every statement.
"""

import hashlib
import io
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app.attachments.store import FILES
from app.cases.models import Case
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import TECHNICAL_TABLES
from app.people import actions as people
from app.people.queries import PersonRow
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import Company, make_company, make_person, sign_in
from tests.remedies.builders import give, publish_policy

EVERY_STATEMENT = count(2, 1) == 2
STRIDE = 1 if EVERY_STATEMENT else 3
_WRITES = re.compile(r"\s*(?:insert|update|delete|with)\b", re.IGNORECASE)


class Cut(sqlite3.OperationalError):
    """What a disk says that just stopped."""

    sqlite_errorcode = sqlite3.SQLITE_IOERR


@contextmanager
def cut_at(number: int) -> Iterator[list[str]]:
    """Let the statement of this number fail, and the commit count as one; yields the statements that were tried."""
    tried: list[str] = []

    def step(statement: str) -> None:
        if EVERY_STATEMENT or statement == "COMMIT" or _WRITES.match(statement):
            tried.append(statement)
        if len(tried) == number and tried[-1] is statement:
            raise OperationalError(statement, {}, Cut("disk I/O error"))

    def before(_c: Any, _k: Any, statement: str, _p: Any, _x: Any, _m: bool) -> None:
        step(statement)

    def commit(_c: Any) -> None:
        step("COMMIT")

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "commit", commit)
    try:
        yield tried
    finally:
        event.remove(db.engine, "before_cursor_execute", before)
        event.remove(db.engine, "commit", commit)


def state(path: Path) -> str:
    """A digest of every business row, as the file says it."""
    said = hashlib.sha256()
    with closing(sqlite3.connect(path)) as file:
        names = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for name in names:
            if name not in TECHNICAL_TABLES and not name.startswith(("sqlite_", "case_search")):
                said.update(repr((name, file.execute(f'SELECT * FROM "{name}"').fetchall())).encode())
    return said.hexdigest()


def kept_files() -> set[str]:
    return {path.name for path in FILES.folder().rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Deed:
    """An address and what is sent to it."""

    who: PersonRow
    path: str
    fields: dict[str, Any]


def deeds(company: Company, case: Case, remedy: Remedy) -> Iterator[Deed]:
    """The main deeds of the rooms; each begins from the same state."""
    ana, sam, ada, bo, hana = company.ana, company.sam, company.ada, company.bo, company.hana
    at, version = f"/cases/{case.ref}", str(case.version)
    asked = {"kind": "refund", "reason": "cold room", "nature": "goodwill"}
    story = {"summary": "Cold", "category_id": case.category_id, "severity": "3", "channel": "desk"}
    tomorrow = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    yield Deed(ana, "/cases", {**story, "customer": "Dora Vale", "attribution": "company"})
    yield Deed(ana, f"{at}/remedies", {**asked, "amount": "12.00", "intent": "a-key-of-a-form-1"})
    above = {**asked, "amount": "900.00", "part": "y", "files": (b"the bill", "bill.txt")}
    yield Deed(ana, f"{at}/remedies", {**above, "intent": "a-key-of-a-form-2"})
    yield Deed(ana, f"/remedies/{remedy.ref}/acceptance", {"amount": "0.60"})
    yield Deed(ana, f"/remedies/{remedy.ref}/release", {"reason": "not wanted"})
    yield Deed(ana, f"{at}/notes", {"text": "waits in the lobby"})
    yield Deed(ana, f"{at}/attachments", {"files": (b"what was seen", "seen.txt")})
    yield Deed(ana, f"{at}/promises", {"what": "A call back", "due_at": tomorrow, "told_to": "Cleo Marchetti"})
    yield Deed(ana, f"{at}/customer-link", {})
    yield Deed(sam, f"{at}/resolution", {"outcome": "made_good", "root_cause": "equipment", "version": version})
    yield Deed(sam, f"{at}/assignment", {"owner_id": bo.id, "team_id": bo.team_id, "version": version})
    person = {"name": "Eve Lund", "email": "eve@makegood.example", "role": "frontline", "site_id": ana.site_id}
    yield Deed(ada, "/people", person)
    asked_role = {"role": "supervisor", "reason": "Leads the desk from May.", "version": bo.version}
    yield Deed(ada, f"/people/{bo.ref}/role", asked_role)
    yield Deed(ada, "/role-changes/RO-1/confirmation", {})
    yield Deed(ada, f"/people/{ana.ref}/deactivation", {"successor_id": sam.id, "version": ana.version})
    yield Deed(hana, "/reviews", {"employee": ana.id, "since_on": "2026-05-01", "until_on": "2026-08-01"})


def propose_role_of(who: PersonRow) -> None:
    """Another administrator proposes what Ada then confirms."""
    noor = make_person("Noor Haddad", "admin", who.site_id)
    said = {"role": "manager", "reason": "Runs the house from May."}
    people.propose_role(employee_id=who.id, **said, actor=noor.actor, now=utc_now())


def send(client: FlaskClient, deed: Deed) -> TestResponse:
    fields = {
        name: (io.BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value
        for name, value in deed.fields.items()
    }
    return client.post(deed.path, data=fields)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_deed_that_ends_halfway_leaves_nothing(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")  # what fails on purpose
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    remedy = give(company.ana, case.id, 100)
    propose_role_of(company.ana)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    path = Path(str(db.engine.url.database))
    people = (company.ana, company.sam, company.ada, company.hana)
    clients = {who.id: sign_in(app.test_client(), who, is_proved=True) for who in people}
    todo = list(deeds(company, case, remedy))
    db.session.remove()
    wrong: list[Any] = []
    with closing(sqlite3.connect(":memory:")) as start:
        with closing(sqlite3.connect(path)) as file:
            file.backup(start)
        for deed in todo:
            wrong += cut_everywhere(clients[deed.who.id], deed, path, start)
            wrong += [sentence for part in invariants.parts() for sentence in invariants.violations(part)]
            db.session.remove()
            with closing(sqlite3.connect(path)) as file:
                start.backup(file)
    assert wrong == []


def cut_everywhere(client: FlaskClient, deed: Deed, path: Path, start: sqlite3.Connection) -> Iterator[str]:
    """Try a deed again and again, each time cut a little later, until it is done; yields what an end halfway left.

    Where only a read behind its commit was cut, the deed is done and its answer lost: it begins anew, to be cut later on.
    """
    before, files = state(path), kept_files()
    for number in range(1, 1_000, STRIDE):
        with cut_at(number) as tried:
            answer = send(client, deed)
        db.session.remove()
        if len(tried) < number:
            break
        is_read = tried[-1] != "COMMIT" and not _WRITES.match(tried[-1])
        if is_read and answer.status_code >= 500 and state(path) != before and "COMMIT" in tried:
            with closing(sqlite3.connect(path)) as file:
                start.backup(file)
            files = kept_files()
        elif answer.status_code < 500 or state(path) != before or kept_files() != files:
            yield f"{deed.path} {answer.status_code} at {number}: {tried[-1][:80]}"
            return
    if answer.status_code >= 400 or state(path) == before:
        yield f"{deed.path} is never done: {answer.status_code}"
