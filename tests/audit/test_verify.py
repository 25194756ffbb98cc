"""Attacks on the trail with the triggers out of the way: each is seen, and the first bad number is named."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
import rfc8785
from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app.audit import actions as audit
from app.audit import jobs, queries, rules, walk_queries
from app.audit.chain_rules import Head
from app.audit.models import AuditEntry, AuditPayload, AuditSeal
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.time import UTC, utc_now
from app.kernel.transactions import transaction

TOLD = audit.declare("test:tell", "name", "amount_minor", "list", sentence=_l("told something"))
AT = datetime(2026, 3, 19, 15, 0, 1, 250_000, tzinfo=UTC)
CLEO = "Cleo Ångström-Ødegård"
ANA = Actor("person", "EM-12", 12, "frontline", 1, 2, request_id="r-1", address="192.0.2.77")


def record(count: int) -> None:
    for number in range(count):
        with transaction():
            audit.record(
                TOLD,
                subject=f"MG-{number + 1}",
                actor=ANA,
                at=AT + timedelta(minutes=number),
                case_id=number + 1,
                site_id=1,
                name=CLEO,
                amount_minor=number,
                list=[{"clause": "4.2", "over_minor": number}],
            )
    jobs.seal_pending(everything=True)


def first_digit_changed(column: str) -> str:
    """Give SQL for another digest: a digest holds a chosen digit only most of the time, but it has a first one."""
    return f"CASE substr({column}, 1, 1) WHEN '0' THEN '1' ELSE '0' END || substr({column}, 2)"


def attack(*statements: str, **values: Any) -> None:
    """Run SQL as someone who owns the file or the database: triggers dropped, no application in between."""
    db.session.rollback()
    with db.engine.connect().execution_options(makegood_migration=True) as connection:
        _drop_triggers(connection)
        for statement in statements:
            connection.execute(text(statement), values)
        connection.commit()


def _drop_triggers(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        for table in (
            "audit_entry",
            "audit_payload",
            "audit_seal",
            "audit_checkpoint",
            "audit_block",
            "checkpoint_receipt",
        ):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))


def rechain(start: int) -> None:
    """Forge every seal from `start` on so that the chain inside the database agrees with itself again."""
    seals = db.session.query(AuditSeal).order_by(AuditSeal.number).all()
    contents = dict(db.session.query(AuditEntry.id, AuditEntry.content).all())
    chain = seals[start - 2].chain_hash if start > 1 else rules.GENESIS
    forged = []
    for number, seal in enumerate(seals[start - 1 :], start):
        content = rules.content_hash(contents[seal.entry_id].encode())
        chain = rules.chain_hash(chain, number, seal.entry_id, content)
        forged.append((number, content, chain))
    for number, content, chain in forged:
        attack(f"UPDATE audit_seal SET content_hash = '{content}', chain_hash = '{chain}' WHERE number = {number}")


def verify(**options: Any) -> Any:
    db.session.rollback()
    return queries.verify(now=options.pop("now", utc_now()), **options)


def problem(**options: Any) -> tuple[str, int | None] | None:
    found = verify(**options).problem
    return (found.code, found.number) if found else None


def test_an_untouched_trail_is_whole(app: Flask) -> None:
    record(12)
    report = verify(heads=[queries.head(AT)])
    assert report.is_whole
    assert (report.checked, report.unsealed, report.head.number, report.heads_compared) == (12, 0, 12, 1)


def test_an_empty_trail_is_whole(app: Flask) -> None:
    assert verify().is_whole
    assert queries.head(AT) == Head(0, rules.GENESIS, "2026-03-19T15:00:01.250000Z")


EDITS = [
    ("UPDATE audit_entry SET content = replace(content, 'EM-12', 'EM-13') WHERE id = 5", "content-changed"),
    ("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET type = 'test:try' WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET case_id = 99 WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET site_id = NULL WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET actor_id = 13 WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET at = '2026-03-19 15:04:01.250001+00:00' WHERE id = 5", "columns-changed"),
    ("UPDATE audit_entry SET recorded_at = at WHERE id = 5", "columns-changed"),
    ("UPDATE audit_payload SET payload = replace(payload, 'Cleo', 'Carl') WHERE entry_id = 5", "payload-changed"),
    ("UPDATE audit_payload SET salt = '00' WHERE entry_id = 5", "payload-changed"),
    ("UPDATE audit_payload SET salt = 'zz' WHERE entry_id = 5", "payload-changed"),
    ("UPDATE audit_payload SET salt = NULL WHERE entry_id = 5", "payload-changed"),
    ("DELETE FROM audit_payload WHERE entry_id = 5", "payload-missing"),
    ("DELETE FROM audit_seal WHERE number = 5", "number-missing"),
    ("UPDATE audit_seal SET chain_hash = content_hash WHERE number = 5", "chain-broken"),
    ("UPDATE audit_seal SET content_hash = chain_hash WHERE number = 5", "content-changed"),
]


@pytest.mark.parametrize(("statement", "code"), EDITS)
def test_an_edit_is_seen_at_its_number(app: Flask, statement: str, code: str) -> None:
    record(8)
    attack(statement)
    assert problem() == (code, 5)


def test_a_deleted_entry_is_seen(app: Flask) -> None:
    record(8)
    attack("DELETE FROM audit_payload WHERE entry_id = 5", "DELETE FROM audit_entry WHERE id = 5")
    assert problem() == ("entry-missing", 5)


def test_two_swapped_entries_are_seen(app: Flask) -> None:
    record(8)
    attack(
        "UPDATE audit_seal SET entry_id = 900 WHERE number = 4",
        "UPDATE audit_seal SET entry_id = 4 WHERE number = 5",
        "UPDATE audit_seal SET entry_id = 5 WHERE number = 4",
    )
    assert problem() == ("content-changed", 4)


def test_bytes_that_are_no_entry_are_seen_even_when_chained_again(app: Flask) -> None:
    record(6)
    attack("UPDATE audit_entry SET content = '[1]' WHERE id = 4")
    rechain(4)
    assert problem() == ("columns-changed", 4)


def test_a_cut_tail_is_seen_only_with_the_head_kept_outside(app: Flask) -> None:
    record(8)
    kept = queries.head(AT)
    attack(
        "DELETE FROM audit_seal WHERE number > 6",
        "DELETE FROM audit_payload WHERE entry_id > 6",
        "DELETE FROM audit_entry WHERE id > 6",
    )
    assert problem() is None
    assert problem(heads=[kept]) == ("tail-cut", 7)


def test_a_rewritten_chain_is_seen_only_with_the_head_kept_outside(app: Flask) -> None:
    record(8)
    kept = queries.head(AT)
    attack(
        "UPDATE audit_entry SET subject = 'MG-99', content = replace(content, '\"MG-5\"', '\"MG-99\"') WHERE id = 5",
    )
    assert problem() == ("content-changed", 5)
    rechain(5)
    assert problem() is None
    assert problem(heads=[kept]) == ("rewritten", 8)


def test_of_several_heads_the_first_that_differs_is_named(app: Flask) -> None:
    record(3)
    early = queries.head(AT)
    record(5)
    late = queries.head(AT)
    attack("UPDATE audit_entry SET subject = 'MG-9', content = replace(content, '\"MG-2\"', '\"MG-9\"') WHERE id = 2")
    rechain(2)
    assert problem(heads=[early, late]) == ("rewritten", 3)


def test_only_what_is_newer_than_a_head_can_be_checked(app: Flask) -> None:
    record(6)
    kept = queries.head(AT)
    record(3)
    assert verify(after=kept).checked == 3
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 8")
    assert problem(after=kept) == ("columns-changed", 8)
    assert problem(after=Head(6, "f" * 64)) == ("rewritten", 6)
    assert problem(after=Head(60, "f" * 64)) == ("tail-cut", 60)


def test_an_entry_without_a_seal_is_counted_and_after_a_minute_a_failure(app: Flask) -> None:
    record(4)
    attack("DELETE FROM audit_seal WHERE number = 4")
    report = verify()
    assert report.is_whole
    assert report.unsealed == 1
    later = utc_now() + timedelta(seconds=61)
    assert problem(now=later) == ("unsealed-too-long", None)
    assert problem(now=utc_now() - timedelta(hours=1)) == ("unsealed-too-long", None)
    assert jobs.seal_pending(everything=True) == 1
    assert verify(now=later).is_whole


def test_an_erased_payload_leaves_the_trail_whole(app: Flask) -> None:
    record(4)
    attack("UPDATE audit_payload SET salt = NULL, payload = NULL WHERE entry_id = 2")
    report = verify()
    assert report.is_whole
    assert report.erased == 1


def test_nothing_personal_is_inside_a_hashed_entry(app: Flask) -> None:
    record(2)
    contents = " ".join(db.session.scalars(db.select(AuditEntry.content)))
    seals = " ".join(f"{seal.content_hash}{seal.chain_hash}" for seal in db.session.query(AuditSeal))
    for personal in ("Cleo", "ngstr", "192.0.2.77", "frontline"):
        assert personal not in contents + seals
    assert CLEO in " ".join(db.session.scalars(db.select(AuditPayload.payload)))


def test_the_canonical_form_is_that_of_rfc_8785(app: Flask) -> None:
    record(3)
    stored = list(db.session.scalars(db.select(AuditEntry.content)))
    stored += list(db.session.scalars(db.select(AuditPayload.payload)))
    for content in stored:
        assert rfc8785.dumps(orjson.loads(content)) == content.encode()


def test_progress_ends_at_the_whole_chain(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_queries, "BATCH", 3)
    record(8)
    seen: list[tuple[int, int]] = []
    verify(on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 8), (6, 8), (8, 8)]


def test_the_newest_links_are_enough_for_a_page(app: Flask) -> None:
    record(60)
    db.session.rollback()
    state = queries.seal_state()
    assert (state.is_whole, state.number, state.looked_at, state.unsealed) == (True, 60, 50, 0)
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 58")
    assert not queries.seal_state().is_whole
