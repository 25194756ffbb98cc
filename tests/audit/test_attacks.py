"""Each attack that an owner of the database can make, with triggers off and by raw SQL: it is seen and named.

The trail of each test has ten entries; checkpoints over 4 and 8 of them are kept outside.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import func, select

from app.audit import checkpoint_jobs as witness
from app.audit import checkpoint_queries as checkpoints
from app.audit import jobs, rules, walk_queries
from app.audit.chain_rules import Problem
from app.audit.checkpoint_rules import line_of, parse_line, sign
from app.audit.merkle_rules import Tree
from app.audit.models import AuditCheckpoint, AuditEntry, AuditSeal
from app.kernel.database import db
from app.kernel.time import utc_now
from tests.audit.test_verify import attack, first_digit_changed, rechain, record


@pytest.fixture
def outside(app: Flask) -> Path:
    """A trail with ten entries and its checkpoints; returns where these are kept."""
    now = utc_now()
    for place, count in enumerate((4, 4, 2)):
        record(count)
        if place < 2:
            witness.make(now=now + timedelta(minutes=place))
            witness.hand_over(now=now)
    return Path(app.extensions["makegood_settings"].checkpoint_file)


def verify(**options: Any) -> Any:
    db.session.rollback()
    return checkpoints.verify(now=utc_now(), kept=checkpoints.outside(), **options)


def found(**options: Any) -> tuple[str, int | None, int | None] | None:
    """The first problem: its name, the first bad number and the checkpoint. A walk in several stretches finds the same."""
    report = verify(**options)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "places_to_cut", lambda _first, _total: [2, 6])
        patched.setattr(walk_queries, "_Helper", _Here)
        in_stretches = verify(**options)
    assert replace(in_stretches, seconds=0, head=report.head) == replace(report, seconds=0)
    assert in_stretches.head.chain_hash == report.head.chain_hash
    problem = report.problem
    return (problem.code, problem.number, problem.serial) if problem else None


class _Here:
    """Walks its stretch in this process, as soon as it is asked for."""

    def __init__(self, _url: Any, stretch: walk_queries.Stretch) -> None:
        self._stretch = stretch

    def result(self, _on_wait: Any) -> walk_queries.Walked:
        return walk_queries.walk(db.session.connection(), self._stretch, lambda _done: None)

    def done(self) -> int:
        return 0

    def end(self) -> None:
        pass


def test_several_processes_find_what_one_finds(app: Flask, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "places_to_cut", lambda _first, _total: [4])
    seen: list[tuple[int, int]] = []
    report = verify(on_progress=lambda done, total: seen.append((done, total)))
    assert (report.problem, report.checked, report.checkpoints_compared, seen[-1]) == (None, 10, 2, (10, 10))
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 9")
    report = verify()
    assert (report.problem, report.checked) == (Problem("columns-changed", 9, 9), 8)


def test_what_another_process_leaves_undone_is_walked_here(
    app: Flask, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "places_to_cut", lambda _first, _total: [4])
    monkeypatch.setattr(walk_queries._Helper, "result", lambda _self, _on_wait: None)
    report = verify()
    assert (report.problem, report.checked) == (None, 10)


def test_only_a_long_trail_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {0, 1, 2})
    assert walk_queries.places_to_cut(0, 399_999) == []
    assert walk_queries.places_to_cut(0, 1_000_000) == [466_666, 733_332]
    assert walk_queries.places_to_cut(990_000, 1_000_000) == []


def test_an_untouched_trail_agrees_with_its_checkpoints(app: Flask, outside: Path) -> None:
    report = verify()
    assert (report.problem, report.checked, report.checkpoints_compared) == (None, 10, 2)
    since = verify(since_checkpoint=True)
    assert (since.problem, since.checked, since.checkpoints_compared) == (None, 2, 1)
    assert since.head.chain_hash == report.head.chain_hash


AT_2020 = datetime(2020, 1, 1, tzinfo=UTC)
EDITED = "UPDATE audit_entry SET subject = 'MG-99', content = replace(content, '\"MG-3\"', '\"MG-99\"') WHERE id = 3"
TAIL = [
    f"DELETE FROM {table} WHERE {key} > 6"
    for table, key in (("audit_payload", "entry_id"), ("audit_entry", "id"), ("audit_seal", "number"))
]


def test_an_edited_entry(app: Flask, outside: Path) -> None:
    attack(EDITED)
    assert found() == ("content-changed", 3, None)


def test_a_deleted_entry(app: Flask, outside: Path) -> None:
    attack("DELETE FROM audit_payload WHERE entry_id = 3", "DELETE FROM audit_entry WHERE id = 3")
    assert found() == ("entry-missing", 3, None)
    attack("DELETE FROM audit_seal WHERE number = 3")
    assert found() == ("number-missing", 3, None)


def test_a_deleted_entry_whose_followers_moved_up_and_were_chained_again(app: Flask, outside: Path) -> None:
    attack(
        "DELETE FROM audit_payload WHERE entry_id = 3",
        "DELETE FROM audit_seal WHERE number = 3",
        "DELETE FROM audit_entry WHERE id = 3",
    )
    for number in range(4, 11):
        attack(f"UPDATE audit_seal SET number = {number - 1} WHERE number = {number}")
    rechain(3)
    assert found() == ("rewritten", 4, None)


def test_an_inserted_entry_with_the_chain_made_to_fit(app: Flask, outside: Path) -> None:
    attack(*_copied(3, 900))
    for number in range(10, 3, -1):
        attack(f"UPDATE audit_seal SET number = {number + 1} WHERE number = {number}")
    attack("INSERT INTO audit_seal (number, entry_id, content_hash, chain_hash) VALUES (4, 900, 'x', 'x')")
    rechain(4)
    assert found() == ("rewritten", 4, None)


def test_an_old_entry_put_in_behind_the_last_checkpoint_is_told(app: Flask, outside: Path) -> None:
    """The one attack that no checkpoint covers yet: what it claims about its own time gives it away."""
    content = db.session.scalar(select(AuditEntry.content).where(AuditEntry.id == 10)) or ""
    said = {**json.loads(content), "recorded_at": "2020-01-01T00:00:00Z"}
    attack(*_copied(10, 900))
    changed = "UPDATE audit_entry SET recorded_at = :at, content = :content WHERE id = 900"
    attack(
        changed,
        at=AT_2020 if db.engine.dialect.name == "postgresql" else "2020-01-01 00:00:00",
        content=rules.canonical(said).decode(),
    )
    jobs.seal_pending(everything=True)
    report = verify()
    assert (report.problem, report.early, report.first_early) == (None, 1, 11)


def _copied(entry_id: int, new: int) -> list[str]:
    kept = "type, subject, case_id, site_id, actor_id, at, recorded_at, content"
    return [
        f"INSERT INTO audit_entry (id, {kept}) SELECT {new}, {kept} FROM audit_entry WHERE id = {entry_id}",
        f"INSERT INTO audit_payload (entry_id, salt, payload) SELECT {new}, salt, payload FROM audit_payload WHERE entry_id = {entry_id}",
    ]


def test_two_reordered_entries(app: Flask, outside: Path) -> None:
    swap = [
        f"UPDATE audit_seal SET entry_id = {new} WHERE entry_id = {old}" for old, new in ((3, 900), (4, 3), (900, 4))
    ]
    attack(*swap)
    assert found() == ("content-changed", 3, None)
    rechain(3)
    assert found() == ("rewritten", 4, None)


def test_a_cut_tail(app: Flask, outside: Path) -> None:
    attack(*TAIL)
    assert found() == ("tail-cut", 7, None)
    assert found(since_checkpoint=True) == ("tail-cut", 8, None)
    attack("DELETE FROM audit_checkpoint WHERE serial > 1")
    assert found() == ("tail-cut", 7, None)


def test_a_rewritten_chain(app: Flask, outside: Path) -> None:
    attack(EDITED)
    rechain(1)
    assert found() == ("rewritten", 4, None)
    assert found(since_checkpoint=True) == ("rewritten", 8, None)


def test_a_rewritten_chain_with_checkpoints_of_another_key(app: Flask, outside: Path) -> None:
    attack(EDITED)
    rechain(1)
    own = Ed25519PrivateKey.generate()
    origin, last = parse_line(outside.read_bytes().splitlines()[0]).origin, None
    links = db.session.execute(select(AuditSeal.content_hash, AuditSeal.chain_hash).order_by(AuditSeal.number)).all()
    for serial, size in ((1, 4), (2, 8)):
        tree = Tree()
        tree.add(bytes.fromhex(link.content_hash) for link in links[:size])
        last = sign(
            own, origin, size=size, root=tree.root(), chain_hash=links[size - 1].chain_hash, at=utc_now(), after=last
        )
        peaks = " ".join(peak.hex() for peak in tree.peaks)
        attack(
            "UPDATE audit_checkpoint SET note = :note, peaks = :peaks WHERE serial = :serial",
            note=last.note,
            peaks=peaks,
            serial=serial,
        )
    assert found() == ("rewritten", 4, None)
    outside.unlink()
    assert found() == ("checkpoints-gone", None, None)
    outside.write_bytes(line_of(last) if last else b"")
    assert found() == ("checkpoint-forged", None, 2)


def _swap_lines(path: Path) -> None:
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))


def _forge_line(path: Path) -> None:
    lines = path.read_bytes().splitlines()
    said = json.loads(lines[0])
    said["size"], said["note"] = 5, said["note"].replace("\n4\n", "\n5\n")
    path.write_bytes(json.dumps(said).encode() + b"\n" + lines[1] + b"\n")


def _lose_line(path: Path) -> None:
    record(1)
    witness.make(now=utc_now() + timedelta(minutes=2))
    witness.hand_over(now=utc_now())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_swap_lines, ("checkpoints-swapped", None, 3)),
        (_forge_line, ("checkpoint-forged", None, 1)),
        (_lose_line, ("checkpoint-missing", None, 2)),
        (lambda path: path.write_text("no line of ours\n"), ("checkpoint-unreadable", None, None)),
        (lambda path: path.with_name("checkpoint-keys.json").unlink(), ("keys-missing", None, None)),
    ],
    ids=["swapped", "forged", "missing", "unreadable", "keys"],
)
def test_the_record_outside(
    app: Flask, outside: Path, spoil: Callable[[Path], None], said: tuple[str, None, int | None]
) -> None:
    spoil(outside)
    assert found() == said


def test_two_swapped_checkpoints_in_the_database(app: Flask, outside: Path) -> None:
    notes = list(db.session.scalars(select(AuditCheckpoint.note).order_by(AuditCheckpoint.serial)))
    for serial, note in ((1, notes[1]), (2, notes[0])):
        attack("UPDATE audit_checkpoint SET note = :note WHERE serial = :serial", note=note, serial=serial)
    assert found() == ("checkpoints-swapped", None, 1)


def test_a_forged_checkpoint_in_the_database(app: Flask, outside: Path) -> None:
    attack(
        "UPDATE audit_checkpoint SET note = replace(note, 'serial 2', 'serial 3'), serial = 3, size = 9 WHERE serial = 2"
    )
    assert found() == ("checkpoint-forged", None, 3)
    attack("DELETE FROM audit_checkpoint WHERE serial = 3")
    assert found() == ("checkpoint-missing", None, 2)
    assert db.session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 1


def test_changed_state_of_the_tree(app: Flask, outside: Path) -> None:
    attack(f"UPDATE audit_checkpoint SET peaks = {first_digit_changed('peaks')} WHERE serial = 2")
    assert found() == ("checkpoint-differs", None, 2)
    assert found(since_checkpoint=True) == ("checkpoint-differs", None, 2)


def test_an_edit_behind_the_checkpoint_is_named_and_one_before_it_is_left_to_the_whole_run(
    app: Flask, outside: Path
) -> None:
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 10")
    assert found(since_checkpoint=True) == ("columns-changed", 10, None)
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 2")
    assert found(since_checkpoint=True) == ("columns-changed", 10, None)
    assert found() == ("columns-changed", 2, None)


def test_the_command_says_it_all(app: Flask, outside: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["audit", *arguments])
        return result.exit_code, result.output

    copy, keys = tmp_path / "copy", tmp_path / "keys"
    copy.write_bytes(outside.read_bytes())
    keys.write_text(run("keys")[1])
    assert "agrees with 2 signed checkpoint(s)" in run("verify")[1]
    code, said = run("verify", "--since-checkpoint", "--checkpoints", str(copy), "--keys", str(keys), "--json")
    assert (code, json.loads(said)["checked"], json.loads(said)["checkpoints_compared"]) == (0, 2, 1)
    assert "\n10\n" in run("checkpoint")[1]
    assert "Nothing is new" in run("checkpoint")[1]
    attack("DELETE FROM audit_checkpoint WHERE serial = 3")
    code, said = run("verify", "--json")
    assert (code, json.loads(said)["problem"], json.loads(said)["checkpoint"]) == (1, "checkpoint-missing", 3)
    code, said = run("checkpoint")
    assert (code, "this database doesn't hold" in said) == (1, True)
    outside.write_text("")
    assert run("verify", "--since-checkpoint")[0] == 2
    assert run("verify", "--since-checkpoint", "--newer", "--head", str(copy))[0] == 2
