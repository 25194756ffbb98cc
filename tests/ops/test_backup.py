"""A backup restores to what was there, also when it was taken while people worked; a half restore never exists."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.pool import NullPool

from app import create_app
from app.attachments import actions as attachments
from app.audit import checkpoint_jobs
from app.audit.jobs import seal_pending
from app.audit.models import AuditEntry
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.ops import backup as making
from app.ops.models import Heartbeat
from app.people.models import SignInSession
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.conftest import settings_for
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

WRITERS = 2


@pytest.fixture
def company(app: Flask) -> Company:
    found = make_company(second_site=False)
    publish_policy()
    return found


@pytest.fixture
def elsewhere(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """Another instance with the same secret, whose database doesn't exist yet."""
    url, folder = str(app.config["SQLALCHEMY_DATABASE_URI"]), tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    name = url.partition("?")[0].rsplit("/", 1)[1]
    moved = f"sqlite:///{folder}/moved.db" if url.startswith("sqlite") else url.replace(f"/{name}", f"/{name}_moved", 1)
    other = create_app(settings_for(moved, folder, SECRET_KEY=app.config["SECRET_KEY"]), TESTING=True)
    yield other
    with other.app_context():
        db.session.remove()
        db.engine.dispose()
    if not url.startswith("sqlite"):
        engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            like = text("SELECT datname FROM pg_database WHERE datname LIKE :like")
            for (left,) in connection.execute(like, {"like": f"{name}\\_%"}).all():
                connection.execute(text(f'DROP DATABASE "{left}" WITH (FORCE)'))
        engine.dispose()


@contextmanager
def at_work(app: Flask, company: Company, case_id: int) -> Iterator[list[int]]:
    """Several threads give remedies until the block ends; the list holds what was acknowledged."""
    over, done, failed = threading.Event(), list[int](), list[Exception]()

    def work() -> None:
        while not over.is_set():
            with app.app_context():
                try:
                    with suppress(Refusal):
                        done.append(give(company.ana, case_id, 100).id)
                except Exception as failure:
                    failed.append(failure)
                    return

    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failed == []


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    with app.app_context():
        done = app.test_cli_runner().invoke(args=list(arguments))
        db.session.remove()
        db.engine.dispose()
    return done.exit_code, done.output


def count_in(app: Flask, model: type) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count()).select_from(model)) or 0
        db.session.remove()
        db.engine.dispose()
    return found


def test_a_backup_taken_under_load_restores_to_a_consistent_state(
    app: Flask, elsewhere: Flask, company: Company, tmp_path: Path
) -> None:
    case_id = make_case(company.ana).id
    picture = attachments.prepare(io.BytesIO(b"She paid twice."), "receipt.txt")
    attachments.add(subject_kind="case", subject_id=case_id, files=[picture], actor=company.ana.actor, now=utc_now())
    sign_in(app.test_client(), company.sam)
    while seal_pending(everything=True):
        pass
    assert checkpoint_jobs.make_due(now=utc_now()) == 1
    db.session.remove()
    path = tmp_path / "under-load.backup"
    with at_work(app, company, case_id) as done:
        while len(done) < 2 * WRITERS:
            pass
        known = len(done)
        made = making.make(app, path, now=utc_now(), say=lambda _said: None)
    assert (made.file_count, made.row_count > 100) == (3, True)
    code, said = run(elsewhere, "restore", str(path), "--json")
    assert code == 0, said
    told = json.loads(said)
    assert (told["sound"], told["rows"], told["kept_at"]) == (True, made.row_count, "")
    assert known <= count_in(elsewhere, Remedy) <= len(done), "nothing that was acknowledged before is missing"
    assert (Path(elsewhere.extensions["makegood_settings"].files_folder)).is_dir()
    settings = elsewhere.extensions["makegood_settings"]
    assert Path(settings.checkpoint_file).read_bytes() == (tmp_path / "checkpoints.jsonl").read_bytes()
    assert not (Path(settings.instance_path) / "checkpoint.pem").exists(), "a private key is in no backup"
    with elsewhere.app_context():
        assert [sentence for part in invariants.parts() for sentence in invariants.violations(part)] == []
        assert {one.ended_at is not None for one in db.session.scalars(select(SignInSession))} == {True}
        last = db.session.scalars(select(AuditEntry.type).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert last == "backup:restore"
        db.session.remove()
    assert not [one for one in Path(elsewhere.instance_path).iterdir() if "restor" in one.name]


def test_a_database_that_holds_something_is_kept_aside_and_only_on_demand(
    app: Flask, elsewhere: Flask, company: Company, tmp_path: Path
) -> None:
    path = tmp_path / "first.backup"
    db.session.remove()
    assert run(app, "backup", str(path))[0] == 0
    assert run(elsewhere, "restore", str(path))[0] == 0
    with elsewhere.app_context():
        make_case(company.ana)
        newer = db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0
        db.session.remove()
        db.engine.dispose()
    code, said = run(elsewhere, "restore", str(path))
    assert (code, "--replace" in said) == (1, True)
    assert count_in(elsewhere, AuditEntry) == newer
    holder = create_engine(elsewhere.config["SQLALCHEMY_DATABASE_URI"], poolclass=NullPool)
    with holder.connect() as connection:
        connection.execute(text("SELECT 1 FROM employee"))
        code, said = run(elsewhere, "restore", str(path), "--replace")
        assert (code, "in use" in said) == (1, True), said
    assert count_in(elsewhere, AuditEntry) == newer
    code, said = run(elsewhere, "restore", str(path), "--replace", "--json")
    assert code == 0, said
    assert json.loads(said)["kept_at"]
    assert count_in(elsewhere, AuditEntry) < newer


def test_a_restore_says_when_the_trail_outside_goes_further_than_the_backup(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    def checkpoint() -> None:
        while seal_pending(everything=True):
            pass
        assert checkpoint_jobs.make(now=utc_now()) is not None
        assert checkpoint_jobs.hand_over(now=utc_now()) > 0
        db.session.remove()

    make_case(company.ana)
    checkpoint()
    path = tmp_path / "older.backup"
    assert run(app, "backup", str(path))[0] == 0
    code, said = run(app, "restore", str(path), "--rehearse")
    assert (code, "goes further" in said) == (0, False), said
    make_case(company.ana)
    checkpoint()
    code, said = run(app, "restore", str(path), "--rehearse")
    assert code == 0, said
    assert "The trail outside goes further" in said and "are not in it" in said and "docs/operations.md" in said
    assert "Every check holds." not in said
    lost = json.loads(run(app, "restore", str(path), "--rehearse", "--json")[1])["entries_lost"]
    assert lost > 0


def test_what_is_bent_is_refused_and_nothing_changes(
    app: Flask, elsewhere: Flask, company: Company, tmp_path: Path
) -> None:
    give(company.ana, make_case(company.ana).id, 100)
    while seal_pending(everything=True):
        pass
    db.session.remove()
    good, bent = tmp_path / "good.backup", tmp_path / "bent.backup"
    assert run(app, "backup", str(good))[0] == 0
    assert run(app, "backup", str(good)) == (
        1,
        f"Error: {good} is there already; a backup never writes over another: give a new name\n",
    )
    data = bytearray(good.read_bytes())
    data[len(data) // 2] ^= 1
    bent.write_bytes(data)
    code, said = run(elsewhere, "restore", str(bent))
    assert (code, "changed, cut or damaged" in said) == (1, True)
    with db.engine.connect().execution_options(makegood_migration=True) as owner:
        owner.execute(text("UPDATE purse SET settled_minor = settled_minor + 1"))
        owner.commit()
    broken = tmp_path / "broken.backup"
    assert run(app, "backup", str(broken))[0] == 0
    code, said = run(elsewhere, "restore", str(broken))
    assert (code, "a purse equals its entries" in said) == (1, True), said
    assert not list(Path(elsewhere.instance_path).glob("moved.db*"))
    code, said = run(elsewhere, "restore", str(broken), "--accept-violations")
    assert (code, "check --all" in said) == (0, True), said


def test_a_rehearsal_changes_nothing_but_that_it_is_known(app: Flask, company: Company, tmp_path: Path) -> None:
    path = tmp_path / "rehearsed.backup"
    db.session.remove()
    assert run(app, "backup", str(path))[0] == 0
    before = count_in(app, AuditEntry)
    code, said = run(app, "restore", str(path), "--rehearse")
    assert (code, "could be restored" in said) == (0, True), said
    assert count_in(app, AuditEntry) == before
    assert {row.name for row in db.session.scalars(select(Heartbeat))} == {"backup", "restore-drill"}
