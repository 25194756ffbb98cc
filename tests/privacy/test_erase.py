"""Erase Cleo: the word that only she brought is found nowhere any more; money, trail and every invariant stay as they were."""

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit import checkpoint_jobs
from app.audit.jobs import seal_pending
from app.customers.check_back_actions import DUE_NOTICE
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.logs import OURS, JsonLines
from app.kernel.time import utc_now
from app.kernel.triggers import ERASED
from app.notifications import outbox_jobs
from app.notifications.models import Notification
from app.ops import backup
from app.ops.restore import restore
from app.ops.store_postgresql import program
from app.privacy import erased_list
from app.privacy import erasure_actions as erasures
from app.privacy.models import Erasure
from app.privacy.subject_queries import subject_of
from app.reviews import recognition_queries
from tests.audit.test_evidence import check, unpack
from tests.conftest import _forget_the_last_request
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in
from tests.privacy.cleo import EMAIL, NAME, PHONE, TOKEN, seed
from tests.remedies.builders import publish_policy

WORDS = tuple(one.lower().encode() for one in (TOKEN, EMAIL, PHONE, NAME))


class Heard(logging.Handler):
    """Every line as production logs it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def hearing() -> Iterator[Heard]:
    heard, root, ours = Heard(), logging.getLogger(), [logging.getLogger(name) for name in OURS]
    root.addHandler(heard)
    levels = [one.level for one in ours]
    for one in ours:
        one.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.removeHandler(heard)
        for one, level in zip(ours, levels, strict=True):
            one.setLevel(level)


def hits(folder: Path) -> list[str]:
    """Everything in which one of the words stands: a dump of the database, its own files, and every file beside it."""
    found = []
    if db.engine.dialect.name == "postgresql":
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        dump = subprocess.run([program("pg_dump"), url], capture_output=True, check=True).stdout.lower()
        found += [f"dump: {line[:200]!r}" for line in dump.splitlines() if any(word in line for word in WORDS)]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and any(word in path.read_bytes().lower() for word in WORDS):
            found.append(str(path.relative_to(folder)))
    if found and db.engine.dialect.name == "sqlite":
        found += rows()
    return found


def rows() -> list[str]:
    """Name the columns of a SQLite file in which a word stands, to say more than that one does."""
    named = []
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)).mappings():
            named += [f"{table.name}.{key}" for key, value in row.items() if TOKEN in str(value).lower()]
    return sorted(set(named))


def totals() -> dict[str, object]:
    tables = db.metadata.tables
    sums = {
        "purse": func.sum(tables["purse"].c.settled_minor + tables["purse"].c.reserved_minor),
        "ledger_entry": func.sum(func.abs(tables["ledger_entry"].c.amount_minor)),
        "remedy": func.sum(tables["remedy"].c.amount_minor),
        "audit_entry": func.count(tables["audit_entry"].c.id),
    }
    return {name: db.session.scalar(select(what)) for name, what in sums.items() if name != "audit_entry"}


def violations() -> dict[str, list[str]]:
    return {part: found for part in invariants.parts() if (found := invariants.violations(part))}


@pytest.fixture
def company(posting: tuple[Flask, Box]) -> Company:
    posting[0].before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    found = make_company()
    publish_policy()
    return found


def test_erasing_cleo_leaves_her_word_nowhere_and_every_total_and_proof_as_it_was(
    posting: tuple[Flask, Box], company: Company, tmp_path: Path
) -> None:
    app, box = posting
    with hearing() as heard:
        seeded = seed(app, company)
        assert NAME in str(reminded()[0].params), "the owner was told who is to be asked again"
        assert TOKEN in recognition_queries.notes_of(company.ana.id)[0].saw.lower(), "sealed, and read by the two"
        before, broken = totals(), violations()
        subject = subject_of(f"CU-{seeded.customer_id}")
        assert subject is not None
        backup.make(app, tmp_path / "older.backup", now=utc_now(), say=quiet)
        proposed = erasures.propose(subject=subject, actor=company.max.actor, now=utc_now())
        with pytest.raises(erasures.NotTheSame):
            erasures.confirm(erasure_id=proposed.id, actor=company.max.actor, now=utc_now())
        assert hits(tmp_path), "the word was there before"
        erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=utc_now())
        assert erasures.clean_due(now=utc_now()) == 1
        assert erasures.clean_due(now=utc_now()) == 0
    assert hits(tmp_path) == []
    assert recognition_queries.notes_of(company.ana.id)[0].saw == ERASED
    box.mails.clear()
    outbox_jobs.deliver_due(now=utc_now() + timedelta(days=4))
    assert reminded() == [] and not [mail for mail in box.mails if TOKEN in mail.get_content().lower()], "owed before"
    assert [line for line in heard.lines if TOKEN in line.lower() or PHONE in line] == []
    assert (totals(), violations(), broken) == (before, {}, {})
    done = db.session.scalars(select(Erasure)).one()
    assert done.cleaned_at is not None and done.counts["case_file"] >= 1
    assert erased_list.numbers(erased_list.place(app.extensions["makegood_settings"])) == [subject.ref]
    verified(app, company, seeded.case.ref, tmp_path)
    db.session.remove()
    restore(
        app, tmp_path / "older.backup", now=utc_now(), say=quiet, over=True, rehearse=False, accept_violations=False
    )
    for aside in tmp_path.glob("*.before-*"):
        aside.unlink()  # what was there before the restore; it held nothing of her either
    assert hits(tmp_path) == []
    # Of the day between, the older backup knows nothing: the checkpoints outside say so. All else holds.
    left = violations()
    assert (totals(), set(left)) == (before, {"trail"}) and "tail-cut" in left["trail"][0]


def reminded() -> list[Notification]:
    """The lines of inboxes that name who is to be asked again."""
    found = db.session.scalars(select(Notification).execution_options(populate_existing=True))
    return [one for one in found if one.text_key == DUE_NOTICE]


def quiet(_line: str) -> None:
    return


def verified(app: Flask, company: Company, case: str, folder: Path) -> None:
    """The trail verifies from its first entry on, and the case's evidence by the program that comes with it."""
    while db.engine.dialect.name == "postgresql" and seal_pending(everything=True):
        pass
    checkpoint_jobs.make_due(now=utc_now())
    said = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert said.exit_code == 0, said.output
    answer = sign_in(app.test_client(), company.audra).post("/audit/evidence", data={"case": case})
    assert answer.status_code == 200, answer.text
    code, told = check(unpack(answer.data, folder / "pack"), str(folder / "pack"))
    assert code == 0 and "come without their readable part, erased" in told, told
