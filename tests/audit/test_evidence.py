"""Evidence packs: what stands in them, who gets what, and a verifier that needs nothing of ours."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit import actions as audit
from app.audit import checkpoint_jobs as witness
from app.audit import jobs, queries
from app.audit.checkpoint_keys import PUBLIC
from app.audit.evidence import VERIFIER
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from tests.audit.test_pages import give
from tests.audit.test_verify import ANA, AT, TOLD, attack, first_digit_changed
from tests.people.builders import Company, make_company, sign_in

FILES = {"README.txt", "trail.pdf", "entries.jsonl", "checkpoints.jsonl", "consistency.jsonl", "keys.json", "verify.py"}


@pytest.fixture
def company(app: Flask) -> Company:
    """Case 1 has entries under three checkpoints, with others between them."""
    made = make_company()
    now = utc_now()
    for place in range(3):
        give(made, 1, place)
        fill(3 if place else 260)
        jobs.seal_pending(everything=True)
        witness.make(now=now + timedelta(minutes=place))
    witness.hand_over(now=now)
    return made


def fill(count: int) -> None:
    """Entries of other cases, in one transaction."""
    said = {"name": "Cleo", "amount_minor": 1, "list": []}
    with transaction():
        audit.record_many([audit.Entry(TOLD, f"MG-{n}", said, n, 1) for n in range(2, count + 2)], actor=ANA, at=AT)


def ask(app: Flask, person: Any, case: str = "MG-1") -> Any:
    return sign_in(app.test_client(), person).post("/audit/evidence", data={"case": case})


def unpack(content: bytes, folder: Path) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the verifier that came with the pack, alone: no path of ours, no environment, an empty folder."""
    alone = folder.parent / "alone"
    alone.mkdir(exist_ok=True)
    script = folder / "verify.py" if (folder / "verify.py").exists() else VERIFIER
    run = subprocess.run(
        [sys.executable, "-I", str(script), *arguments],
        cwd=alone,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not run.stderr, run.stderr
    return run.returncode, run.stdout


def test_an_auditor_carries_the_proven_trail_away_and_anyone_can_check_it(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    answer = ask(app, company.audra)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    folder = unpack(answer.data, tmp_path / "pack")
    assert {path.name for path in folder.iterdir()} == FILES
    printed = (folder / "trail.pdf").read_bytes()
    assert printed.startswith(b"%PDF-1.7")
    rows = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    assert [json.loads(row["payload"])["amount_minor"] for row in rows if row["content"].find("test:give") > 0] == [
        12_001
    ] * 3
    code, said = check(folder, str(folder), "--keys", str(tmp_path / PUBLIC), "--list")
    assert code == 0, said
    assert "Everything holds, by the keys that you gave" in said
    assert "3 checkpoints hold" in said
    (tmp_path / "pack.zip").write_bytes(answer.data)
    assert check(folder, str(tmp_path / "pack.zip"))[0] == 0
    told = db.session.scalars(select(AuditEntry.subject).where(AuditEntry.type == "audit:pack"))
    assert list(told) == ["MG-1"]


def _edit(name: str, change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        rows = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        change(rows)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    return spoil


def _first(**values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[0].update(values)


def _replaced(key: str, old: str, new: str) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[0].update({key: rows[0][key].replace(old, new)})


SPOILT = {
    "content": (_edit("entries.jsonl", _replaced("content", "RM-1", "RM-2")), "is not in the trail"),
    "payload": (_edit("entries.jsonl", _replaced("payload", "1", "2")), "not the one that was committed to"),
    "salt": (_edit("entries.jsonl", _first(salt="00" * 32)), "not the one that was committed to"),
    "number": (_edit("entries.jsonl", _first(number=2)), "is not in the trail"),
    "order": (_edit("entries.jsonl", lambda rows: rows.reverse()), "stands after"),
    "no proof": (_edit("entries.jsonl", _first(path=None)), "without its proof"),
    "path": (_edit("entries.jsonl", lambda rows: rows[0]["path"].pop()), "is not in the trail"),
    "root": (_edit("checkpoints.jsonl", _replaced("note", "serial 1", "serial 4")), "was not signed"),
    "swapped": (_edit("checkpoints.jsonl", lambda rows: rows.reverse()), "nothing shows"),
    "growth": (_edit("consistency.jsonl", lambda rows: rows[0]["path"].pop()), "does not go on"),
    "keys": (
        lambda folder: (folder / "keys.json").write_text('{"origin": "makegood/localhost", "keys": []}'),
        "was not signed",
    ),
    "broken": (lambda folder: (folder / "entries.jsonl").write_text("{}\n"), "can't be read"),
    "gone": (lambda folder: (folder / "keys.json").unlink(), "can't be read"),
}


def test_whatever_is_changed_in_a_pack_is_named(app: Flask, company: Company, tmp_path: Path) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the pack is the same on both; one run of the program each is enough")
    whole = ask(app, company.audra).data
    for name, (spoil, said) in SPOILT.items():
        folder = unpack(whole, tmp_path / name.replace(" ", "-"))
        spoil(folder)
        code, told = check(folder, str(folder))
        assert (code, said in told) == (1, True), f"{name}: {told}"


def test_whoever_may_not_see_addresses_gets_what_entries_say_beside_the_proof(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    folder = unpack(ask(app, company.sam).data, tmp_path / "pack")
    everything = b"".join(path.read_bytes() for path in folder.iterdir() if path.suffix != ".pdf")
    assert b"192.0.2.77" not in everything
    assert b"cold soup" in everything
    code, said = check(folder, str(folder))
    assert (code, "erased or withheld" in said) == (0, True)


def test_who_may_not_read_the_trail_gets_no_pack_and_a_strangers_case_is_like_none(
    app: Flask, company: Company
) -> None:
    assert ask(app, company.ana).status_code == 403
    for case in ("MG-1", "MG-9999", "nonsense"):
        assert ask(app, company.tom, case).status_code == 404


def test_without_a_checkpoint_or_with_a_broken_tree_there_is_no_pack(app: Flask, company: Company) -> None:
    give(company, 999)
    jobs.seal_pending(everything=True)
    assert ask(app, company.audra, "MG-999").status_code == 409
    attack(f"UPDATE audit_block SET hash = {first_digit_changed('hash')}")
    assert ask(app, company.audra).status_code == 409


def test_the_command_writes_a_pack_and_the_whole_export_is_checked_alone(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    def run(*arguments: str) -> Any:
        return app.test_cli_runner().invoke(args=["audit", *arguments])

    target = tmp_path / "evidence.zip"
    assert run("pack", "MG-1", "--to", str(target)).exit_code == 0
    assert check(tmp_path, str(target))[0] == 0
    assert run("pack", "MG-9999").exit_code == 1
    assert run("verifier").output == VERIFIER.read_text()
    jobs.seal_pending(everything=True)
    trail, record_of = tmp_path / "trail.jsonl", app.extensions["makegood_settings"].checkpoint_file
    trail.write_bytes(b"".join(line + b"\n" for line in queries.export_lines()))
    whole = ("--trail", str(trail), "--checkpoints", record_of, "--keys", str(tmp_path / PUBLIC))
    code, said = check(tmp_path, *whole)
    assert (code, "3 checkpoints of makegood/localhost agree" in said) == (0, True)
    kept = trail.read_text().splitlines(keepends=True)
    trail.write_text("".join(kept[:260]))
    assert "signs more" in check(tmp_path, *whole)[1]
    trail.write_text("".join([*kept[:5], *kept[6:]]))
    assert "entry 6 is missing" in check(tmp_path, *whole)[1]
