"""Checkpoints: what is signed, by whom, where it is kept, and what is refused instead of signed."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from app.audit import checkpoint_jobs as witness
from app.audit import checkpoint_keys as keys
from app.audit.checkpoint_places import NotKept, places
from app.audit.checkpoint_rules import (
    BadCheckpoint,
    Checkpoint,
    KeyRing,
    PublicKey,
    fault_in,
    key_id,
    line_of,
    parse,
    parse_line,
    sign,
)
from app.audit.merkle_rules import root_of
from app.audit.models import AuditBlock, AuditCheckpoint, AuditSeal, CheckpointReceipt
from app.kernel.database import db
from tests.audit.test_verify import attack, record
from tests.conftest import settings_for

AT = datetime(2026, 3, 19, 15, tzinfo=UTC)
ORIGIN = "makegood/example.org"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def public(key: Ed25519PrivateKey, since: datetime = AT, until: datetime | None = None) -> PublicKey:
    raw = key.public_key().public_bytes_raw()
    return PublicKey(key_id(ORIGIN, raw), raw, since, until)


RING = KeyRing(ORIGIN, (public(KEY),))


def signed(count: int, key: Ed25519PrivateKey = KEY, after: Checkpoint | None = None) -> list[Checkpoint]:
    """Some checkpoints, ten entries and a minute apart."""
    made: list[Checkpoint] = []
    for _ in range(count):
        size, at = (after.size + 10, after.at + timedelta(minutes=1)) if after else (10, AT)
        root = bytes([size % 256]) * 32
        after = sign(key, ORIGIN, size=size, root=root, chain_hash=f"{size:064x}", at=at, after=after)
        made.append(after)
    return made


def test_a_note_is_read_as_it_was_signed_and_by_the_form_that_others_read() -> None:
    first, second = signed(2)
    assert parse(second.note) == second
    assert parse_line(line_of(second)) == second
    assert (second.serial, second.previous) == (2, first.digest)
    body, line = second.note.split("\n\n")
    assert body.splitlines()[:2] == [ORIGIN, "20"]
    assert line.startswith(f"\u2014 {ORIGIN} ")
    assert RING.accepts(first)
    assert RING.accepts(second)


@pytest.mark.parametrize(
    ("old", "new"), [("\n20\n", "\n21\n"), ("serial 2", "serial 3"), ("chain 0", "chain 1"), ("15:01:00", "15:01:01")]
)
def test_a_note_that_says_something_else_is_not_accepted(old: str, new: str) -> None:
    second = signed(2)[1]
    assert not RING.accepts(parse(second.note.replace(old, new, 1)))


def test_only_the_trails_own_key_of_that_time_counts() -> None:
    one = signed(1)[0]
    assert not RING.accepts(signed(1, OTHER)[0])
    assert not KeyRing("makegood/elsewhere", RING.keys).accepts(one)
    assert not KeyRing(ORIGIN, (public(KEY, AT + timedelta(seconds=1)),)).accepts(one)
    assert not KeyRing(ORIGIN, (public(KEY, AT - timedelta(days=1), AT),)).accepts(one)
    both = KeyRing(ORIGIN, (public(KEY, AT, AT + timedelta(minutes=1)), public(OTHER, AT + timedelta(minutes=1))))
    record_of_two = [one, *signed(1, OTHER, one)]
    assert fault_in(record_of_two, both) is None
    assert keys.parse_ring(keys.ring_json(both)) == both


@pytest.mark.parametrize(
    "note", ["", "hello", signed(1)[0].note[:-1], signed(1)[0].note.replace("serial 1", "serial 01")]
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadCheckpoint):
        parse(note)
    with pytest.raises(BadCheckpoint):
        parse_line(json.dumps({"note": note}))


def test_what_is_there_to_be_read_must_say_what_was_signed() -> None:
    said = json.loads(line_of(signed(1)[0]))
    with pytest.raises(BadCheckpoint):
        parse_line(json.dumps({**said, "size": 11}))


def test_faults_of_a_record_are_named() -> None:
    one, two, three, four = signed(4)
    forged = sign(OTHER, ORIGIN, size=30, root=three.root, chain_hash=three.chain_hash, at=three.at, after=two)
    other = sign(KEY, ORIGIN, size=31, root=three.root, chain_hash=three.chain_hash, at=three.at, after=two)
    found = {
        name: fault_in(record, RING)
        for name, record in {
            "whole": [one, two, three, four],
            "from the middle": [two, three, four],
            "swapped": [one, three, two, four],
            "missing": [one, two, four],
            "forged": [one, two, forged, four],
            "forged at the end": [one, two, forged],
            "another version": [one, two, other, four],
        }.items()
    }
    assert {name: fault and (fault.code, fault.serial) for name, fault in found.items()} == {
        "whole": None,
        "from the middle": None,
        "swapped": ("checkpoints-swapped", 2),
        "missing": ("checkpoint-missing", 3),
        "forged": ("checkpoint-forged", 3),
        "forged at the end": ("checkpoint-forged", 3),
        "another version": ("checkpoint-forged", 4),
    }


def kept(app: Flask) -> list[Checkpoint]:
    path = Path(app.extensions["makegood_settings"].checkpoint_file)
    return [parse_line(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def change(app: Flask, **changes: Any) -> None:
    app.extensions["makegood_settings"] = replace(app.extensions["makegood_settings"], **changes)


def leaves() -> list[bytes]:
    return [
        bytes.fromhex(text) for text in db.session.scalars(select(AuditSeal.content_hash).order_by(AuditSeal.number))
    ]


def test_a_checkpoint_is_made_when_enough_is_new_or_enough_time_went_by(app: Flask, tmp_path: Path) -> None:
    change(app, checkpoint_entries=4, checkpoint_minutes=5)
    assert witness.make_due(now=AT) == 0
    record(3)
    assert witness.make_due(now=AT) == 1  # the first one waits for nothing
    record(3)
    assert witness.make_due(now=AT + timedelta(seconds=299)) == 0
    assert witness.make_due(now=AT + timedelta(seconds=300)) == 1
    assert witness.make_due(now=AT + timedelta(hours=1)) == 0  # nothing new
    record(4)
    assert witness.make_due(now=AT + timedelta(seconds=301)) == 1
    assert [one.size for one in kept(app)] == [3, 6, 10]
    assert fault_in(kept(app), keys.read_ring(tmp_path / keys.PUBLIC)) is None
    assert kept(app)[-1].root == root_of(leaves())
    assert kept(app)[-1].chain_hash == db.session.scalar(select(AuditSeal.chain_hash).where(AuditSeal.number == 10))
    assert (tmp_path / keys.PRIVATE).stat().st_mode & 0o777 == 0o600
    secret = (tmp_path / keys.PRIVATE).read_text().splitlines()[1]
    assert secret not in " ".join(db.session.scalars(select(AuditCheckpoint.note)))


def test_the_next_checkpoint_reads_only_what_is_new_and_keeps_whole_blocks(app: Flask) -> None:
    record(300)
    assert witness.make(now=AT)
    record(5)
    read: list[Any] = []

    def note(_c: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "content_hash" in statement:
            read.append(parameters)

    event.listen(db.engine, "before_cursor_execute", note)
    made = witness.make(now=AT + timedelta(minutes=5))
    event.remove(db.engine, "before_cursor_execute", note)
    assert made
    assert made.root == root_of(leaves())
    assert [300 in (list(said.values()) if isinstance(said, dict) else said) for said in read] == [True]
    blocks = db.session.execute(select(AuditBlock.number, AuditBlock.hash)).all()
    assert [tuple(row) for row in blocks] == [(0, root_of(leaves()[:256]).hex())]


def test_keys_change_and_older_checkpoints_still_verify(app: Flask, tmp_path: Path) -> None:
    record(2)
    witness.make(now=AT)
    before = (tmp_path / keys.PRIVATE).read_bytes()
    settings = app.extensions["makegood_settings"]
    assert len(keys.rotate(settings, AT + timedelta(minutes=1)).keys) == 2
    assert (tmp_path / keys.PRIVATE).read_bytes() != before
    record(1)
    witness.make(now=AT + timedelta(minutes=2))
    change(app, checkpoint_key="QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    record(1)
    witness.make(now=AT + timedelta(minutes=3))
    with pytest.raises(keys.BadKeys):
        keys.rotate(app.extensions["makegood_settings"], AT)
    witness.hand_over(now=AT)
    ring = keys.read_ring(tmp_path / keys.PUBLIC)
    assert [key.until is None for key in ring.keys] == [False, False, True]
    assert all(ring.accepts(one) for one in kept(app))
    assert fault_in(kept(app), KeyRing(ring.origin, ring.keys[:2])) is not None


def test_the_database_refuses_to_change_or_drop_a_checkpoint(app: Flask) -> None:
    record(2)
    witness.make_due(now=AT)
    for table in ("audit_checkpoint", "audit_block", "checkpoint_receipt"):
        if table == "audit_block":
            continue  # empty below 256 entries; the schema test compares its triggers
        for statement in (f"UPDATE {table} SET serial = serial", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="append-only"):
                db.session.execute(text(statement))
            db.session.rollback()


def test_a_place_that_was_cut_or_taken_away_is_told_and_given_again_only_on_demand(app: Flask) -> None:
    record(2)
    witness.make_due(now=AT)
    record(2)
    witness.make_due(now=AT + timedelta(minutes=5))
    path = Path(app.extensions["makegood_settings"].checkpoint_file)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    record(2)
    witness.make(now=AT + timedelta(minutes=10))
    with pytest.raises(NotKept, match="ends with checkpoint 1 and was given 2"):
        witness.hand_over(now=AT)
    path.unlink()
    with pytest.raises(NotKept, match="holds nothing and was given 2"):
        witness.hand_over(now=AT)
    assert witness.give_again() == 3
    assert [one.serial for one in kept(app)] == [1, 2, 3]
    assert witness.hand_over(now=AT) == 1
    assert len(kept(app)) == 3


def test_a_database_that_was_put_back_signs_no_second_history(app: Flask) -> None:
    record(2)
    witness.make_due(now=AT)
    record(2)
    witness.make_due(now=AT + timedelta(minutes=5))
    attack("DELETE FROM audit_checkpoint WHERE serial = 2")
    with pytest.raises(witness.CheckpointsDiverge, match="ends with checkpoint 2 over 4 entries"):
        witness.make(now=AT + timedelta(minutes=10))
    assert db.session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 1


@contextmanager
def somebody_else(answers: list[int]) -> Iterator[tuple[str, list[Any]]]:
    """A server on this machine that keeps what it is posted."""
    got: list[Any] = []

    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def test_a_second_place_gets_each_checkpoint_and_one_that_failed_again(app: Flask) -> None:
    with somebody_else([503]) as (host, got):
        change(app, checkpoint_second_place=f"http://{host}/keep", outgoing_private_hosts=(host,))
        record(2)
        with pytest.raises(NotKept, match="answered 503"):
            witness.make_due(now=AT)
        assert len(kept(app)) == 1  # the trouble of one place is not the other's
        assert witness.hand_over(now=AT) == 1
        assert witness.hand_over(now=AT) == 0
    assert [parse(one["note"]) for one in got] == [kept(app)[0]] * 2
    assert set(db.session.scalars(select(CheckpointReceipt.place))) == {
        place.name for place in places(app.extensions["makegood_settings"])
    }


def test_settings_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    wrong = {
        "MAKEGOOD_CHECKPOINT_KEY": "c2hvcnQ=",
        "MAKEGOOD_CHECKPOINT_SECOND_PLACE": "ftp://example.org/",
        "MAKEGOOD_CHECKPOINT_ENTRIES": "0",
    }
    for name, value in wrong.items():
        with pytest.raises(SystemExit, match=name):
            settings_for("sqlite:///x.db", tmp_path, **{name: value})
    assert settings_for("sqlite:///x.db", tmp_path, MAKEGOOD_CHECKPOINT_SECOND_PLACE="/mnt/elsewhere/c.jsonl")
