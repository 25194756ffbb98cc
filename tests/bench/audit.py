"""`python -m tests.bench.audit [--entries N] [--db sqlite|postgresql ...] [--seconds S]`: the trail beside its floors, in one run.

append: a note in a case, which is one entry, beside the same deed without its entry and with one that is left unchained. verify: the whole chain with its tree and checkpoints,
beside a bare SHA-256 chain over entries of the same length in memory; then only what is newer than the last checkpoint.
One JSON line each, with the goal and whether it is met.
"""

import argparse
import hashlib
import statistics
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, text

from app import create_app
from app.audit import actions as audit
from app.audit import checkpoint_jobs as witness
from app.audit import checkpoint_queries as checkpoints
from app.audit import jobs, rules
from app.audit.models import AuditEntry, AuditPayload, AuditSeal
from app.cases.actions import add_note
from app.kernel import transactions
from app.kernel.actor import Actor
from app.kernel.database import Base, db
from app.kernel.migrations import upgrade
from app.kernel.time import utc_now
from tests import postgres
from tests.bench.load import emit
from tests.cases.builders import make_case
from tests.conftest import _admin, _database, settings_for
from tests.people.builders import make_company

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB"}
TOLD = audit.declare("bench:tell", "amount_minor", "reason", sentence=_l("told something"))
ANA = Actor("person", "EM-12", 12, "frontline", 1, 2, request_id="r-1", address="192.0.2.77")
PER_CHECKPOINT = 100  # as the product signs when much happens
VERIFY_GOALS = {"sqlite": 3.0, "postgresql": 4.0}
APPEND_GOALS = {"sqlite": 0.9, "postgresql": 0.8}
SINCE_GOAL = 1 / 20


def fill(entries: int) -> None:
    """Write what the product would have written, by bulk SQL, and sign a checkpoint after every hundred but the last 1 %."""
    now, chain = utc_now(), rules.GENESIS
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    for start in range(1, entries + 1, PER_CHECKPOINT):
        rows: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for number in range(start, min(start + PER_CHECKPOINT, entries + 1)):
            chain = _one(number, chain, now, rows)
        with bulk.begin() as connection:
            for model, part in zip((AuditEntry, AuditPayload, AuditSeal), rows, strict=True):
                connection.execute(insert(model.__table__), part)  # type: ignore[arg-type]
        if start + PER_CHECKPOINT - 1 <= entries * 99 // 100:
            witness.make(now=utc_now())
            db.session.rollback()
    witness.hand_over(now=utc_now(), limit=entries)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _one(number: int, chain: str, at: datetime, rows: tuple[list[Any], list[Any], list[Any]]) -> str:
    salt = hashlib.sha256(number.to_bytes(8)).digest()
    said = {"amount_minor": number, "reason": "cold room", "_label": "EM-12", "_address": None, "_role": "frontline"}
    payload, case_id = rules.canonical(said), number % 5_000 + 1
    entry = audit.Entry(TOLD, f"MG-{case_id}", {}, case_id, 1)
    content = rules.canonical(audit.content_of(entry, ANA, at, at, rules.commitment(salt, payload))).decode()
    digest = rules.content_hash(content.encode())
    chain = rules.chain_hash(chain, number, number, digest)
    rows[0].append(
        {
            "id": number,
            "type": TOLD.name,
            "subject": entry.subject,
            "case_id": case_id,
            "site_id": 1,
            "actor_id": 12,
            "at": at,
            "recorded_at": at,
            "content": content,
        }
    )
    rows[1].append({"entry_id": number, "salt": salt.hex(), "payload": payload.decode()})
    rows[2].append({"number": number, "entry_id": number, "content_hash": digest, "chain_hash": chain})
    return chain


def floor(entries: int) -> float:
    """Seconds for a bare SHA-256 chain over entries of 245 bytes in memory, as in the yardstick of the same name."""
    content = b"x" * 245
    began, link = time.perf_counter(), b"\0" * 32
    for _ in range(entries):
        link = hashlib.sha256(link + content).digest()
    return time.perf_counter() - began


def verify(entries: int, database: str) -> None:
    """The whole trail against all of its checkpoints, the last hundredth alone, and the memory that it takes."""
    kept = checkpoints.outside()
    report = checkpoints.verify(now=utc_now(), kept=kept)  # warm
    assert report.is_whole, report.problem
    ours, bare = [], []
    for _ in range(3):
        bare.append(floor(entries))
        ours.append(_timed(lambda: checkpoints.verify(now=utc_now(), kept=kept)))
    newer = checkpoints.verify(now=utc_now(), kept=kept, since_checkpoint=True)
    assert newer.is_whole, newer.problem
    since = _timed(lambda: checkpoints.verify(now=utc_now(), kept=kept, since_checkpoint=True))
    tracemalloc.start()
    checkpoints.verify(now=utc_now(), kept=kept)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    whole, least = statistics.median(ours), statistics.median(bare)
    emit(
        "6 verify", database=database, entries=report.checked, checkpoints=report.checkpoints_compared, seconds=whole,
        floor_seconds=least, ratio_to_floor=whole / least, goal=VERIFY_GOALS[database],
        is_met=whole / least <= VERIFY_GOALS[database], peak_mebibytes=peak / 2**20,
    )  # fmt: skip
    emit(
        "6 verify since the checkpoint", database=database, entries=newer.checked, seconds=since, share_of_whole=since / whole,
        goal=SINCE_GOAL, is_met=since / whole <= SINCE_GOAL,
    )  # fmt: skip


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rate(app: Flask, deed: Callable[[], None], clients: int, seconds: float) -> float:
    """Transactions a second of so many threads."""
    done = [0] * clients
    end = time.monotonic() + seconds

    def run(place: int) -> None:
        with app.app_context():
            while time.monotonic() < end:
                deed()
                done[place] += 1
            db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds


def _silent(*_type: Any, **_said: Any) -> int:
    return 0


def _unchained(*entry_type: Any, **said: Any) -> int:
    """Record, but link nothing to the entry before (SQLite links inside the transaction)."""
    recorded = _RECORD(*entry_type, **said)
    db.session().info.pop("makegood_unsealed", None)
    return recorded


_RECORD = audit.record


def append(app: Flask, database: str, seconds: float, rounds: int) -> None:
    """The product's own deed, a note in a case, in turns without its entry, with an unchained one, and as it is.

    On PostgreSQL the sealer works beside them.
    """
    ana = make_company().ana
    case_id = make_case(ana).id
    transactions.TECHNICAL_TABLES = transactions.TECHNICAL_TABLES | set(
        Base.metadata.tables
    )  # or the first kind would be refused
    stop = threading.Event()
    sealer = threading.Thread(target=_seal, args=(app, stop))
    if database == "postgresql":
        sealer.start()
    clients = 1 if database == "sqlite" else 8
    kinds = {"no entry": _silent, "unchained": _unchained, "audited": _RECORD}
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, record in kinds.items():
            audit.record = record
            found[name].append(
                rate(
                    app,
                    lambda: add_note(case_id=case_id, text="Rang her.", actor=ana.actor, now=utc_now()),
                    clients,
                    seconds,
                )
            )
    stop.set()
    if sealer.ident:
        sealer.join()
    middle = {name: statistics.median(figures) for name, figures in found.items()}
    beside = "unchained" if database == "sqlite" else "no entry"
    ratio = middle["audited"] / middle[beside]
    emit(
        "6 append", database=database, clients=clients, notes_a_second=middle, beside=beside, ratio=ratio,
        goal=APPEND_GOALS[database], is_met=ratio >= APPEND_GOALS[database],
    )  # fmt: skip


def _seal(app: Flask, stop: threading.Event) -> None:
    with app.app_context():
        while not stop.is_set():
            jobs.seal_pending()
            time.sleep(0.1)


def one(database: str, folder: Path, url: str, entries: int, seconds: float, rounds: int) -> None:
    app = create_app(settings_for(url, folder), TESTING=True)
    with app.app_context():
        upgrade(db.engine)
        fill(entries)
        verify(entries, database)
        if database == "postgresql":
            last = text("SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), (SELECT max(id) FROM audit_entry))")
            with db.engine.connect().execution_options(makegood_migration=True) as connection:
                connection.execute(last)
                connection.commit()
        db.session.rollback()
        append(app, database, seconds, rounds)
        db.session.remove()
        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for database in options.db:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'trail.db'}"
            if database == "postgresql":
                server = stack.enter_context(postgres.server(**DURABLE))
                _admin(server, 'CREATE DATABASE "trail"')
                url = _database(server, "trail")
            one(database, folder, url, options.entries, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
