"""`python -m tests.bench.audit [--entries N] [--db sqlite|postgresql ...] [--seconds S] [--only-verify]`: the trail beside its floors.

append: a note in a case, which is one entry, beside the same deed without its entry and with one that is left unchained. verify: the
whole chain with its tree and checkpoints, beside a bare SHA-256 chain over entries of the same length in memory; then only what is
newer than the last checkpoint. One JSON line each, with the goal and whether it is met.
"""

import argparse
import hashlib
import os
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import text

from app import create_app
from app.audit import actions as audit
from app.audit import checkpoint_jobs as witness
from app.audit import checkpoint_keys as keys
from app.audit import checkpoint_queries as checkpoints
from app.audit import jobs, rules
from app.audit.checkpoint_rules import sign
from app.audit.merkle_rules import BLOCK, Tree
from app.audit.models import AuditBlock, AuditCheckpoint, AuditEntry, AuditPayload, AuditSeal
from app.audit.walk_queries import places_to_cut
from app.cases.actions import add_note
from app.kernel import transactions
from app.kernel.actor import Actor
from app.kernel.database import Base, db
from app.kernel.migrations import upgrade
from app.kernel.time import utc_now
from config import Settings
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
    """Write what the product would have written, by bulk SQL, and sign a checkpoint after every hundred but the last 1 %.

    Checkpoints are signed after the rows are there, over as many of them as there were then.
    """
    now, chain, tree, last = utc_now(), rules.GENESIS, Tree(), None
    template, stored = _template(now), _stored(now)
    settings: Settings = current_app.extensions["makegood_settings"]
    signer = keys.signer(settings, now)
    for start in range(1, entries + 1, PER_CHECKPOINT * 100):
        rows: dict[type[Any], list[Any]] = {model: [] for model in _FILLED}
        for number in range(start, min(start + PER_CHECKPOINT * 100, entries + 1)):
            block = number // BLOCK - 1
            digest, chain = _one(number, chain, stored, template, rows)
            roots = tree.add([bytes.fromhex(digest)])
            if number > entries * 99 // 100:
                continue
            rows[AuditBlock] += [(block, root.hex()) for root in roots]
            if number % PER_CHECKPOINT == 0:
                last = sign(
                    signer.private, signer.origin, size=number, root=tree.root(), chain_hash=chain, at=utc_now(), after=last
                )  # fmt: skip
                peaks = " ".join(peak.hex() for peak in tree.peaks)
                rows[AuditCheckpoint].append((last.serial, number, _stored(last.at), peaks, last.note))
        _write(rows)
    witness.hand_over(now=utc_now(), limit=entries)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE"))


_FILLED = (AuditEntry, AuditPayload, AuditSeal, AuditCheckpoint, AuditBlock)


def _write(rows: dict[type[Any], list[Any]]) -> None:
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    with bulk.begin() as connection:
        raw: Any = connection.connection.driver_connection
        for model, part in rows.items():
            table: Any = model.__table__
            names = ", ".join(table.c.keys())
            if connection.dialect.name == "sqlite":
                marks = ", ".join("?" * len(table.c))
                raw.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", part)
            else:
                with raw.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                    for row in part:
                        copy.write_row(row)


def _stored(at: datetime) -> Any:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") if db.engine.dialect.name == "sqlite" else at


def _template(at: datetime) -> tuple[str, str]:
    """An entry and its payload as the product writes them, with marks for the amount, the case and the commitment."""
    said = {"amount_minor": -7777777, "reason": "cold room", "_label": "EM-12", "_address": None, "_role": "frontline"}
    entry = audit.Entry(TOLD, "MG--8888888", {}, -8888888, 1)
    return (
        rules.canonical(audit.content_of(entry, ANA, at, at, "COMMITMENT")).decode(),
        rules.canonical(said).decode(),
    )


def _one(
    number: int, chain: str, at: Any, template: tuple[str, str], rows: dict[type[Any], list[Any]]
) -> tuple[str, str]:
    salt, case_id = hashlib.sha256(number.to_bytes(8)).digest(), number % 5_000 + 1
    payload = template[1].replace("-7777777", str(number))
    content = (
        template[0].replace("-8888888", str(case_id)).replace("COMMITMENT", rules.commitment(salt, payload.encode()))
    )
    digest = rules.content_hash(content.encode())
    chain = rules.chain_hash(chain, number, number, digest)
    rows[AuditEntry].append((number, TOLD.name, f"MG-{case_id}", case_id, 1, 12, at, at, content))
    rows[AuditPayload].append((number, salt.hex(), payload))
    rows[AuditSeal].append((number, number, digest, chain))
    return digest, chain


def floor(entries: int) -> None:
    """A bare SHA-256 chain over entries of 245 bytes in memory, as in the yardstick of the same name."""
    content, link = b"x" * 245, b"\0" * 32
    for _ in range(entries):
        link = hashlib.sha256(link + content).digest()


def verify(entries: int, database: str, rounds: int) -> None:
    """The whole trail against all of its checkpoints, the last hundredth alone, and the memory that it takes."""
    kept = checkpoints.outside()
    checkpoints.verify(now=utc_now(), kept=kept, since_checkpoint=True)  # warm
    before = _peak(reset=True)
    ours, bare, reports = [], [], []
    for _ in range(rounds):
        bare.append(_timed(lambda: floor(entries)))
        ours.append(_timed(lambda: reports.append(checkpoints.verify(now=utc_now(), kept=kept))))
    report = reports[-1]
    assert report.is_whole, report.problem
    grown, helper = _peak() - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    newer = checkpoints.verify(now=utc_now(), kept=kept, since_checkpoint=True)
    assert newer.is_whole, newer.problem
    since = [_timed(lambda: checkpoints.verify(now=utc_now(), kept=kept, since_checkpoint=True)) for _ in range(3)]
    (whole, cpu), (least, least_cpu), (last, last_cpu) = map(_middle, (ours, bare, since))
    processes = len(places_to_cut(0, report.checked)) + 1
    load = os.getloadavg()[0]
    emit(
        "6 verify", database=database, entries=report.checked, checkpoints=report.checkpoints_compared, processes=processes,
        seconds=whole, cpu_seconds=cpu, floor_seconds=least, floor_cpu_seconds=least_cpu, ratio_to_floor=whole / least,
        cpu_ratio=cpu / least_cpu, goal=VERIFY_GOALS[database], is_met=whole / least <= VERIFY_GOALS[database],
        grown_mebibytes=grown, largest_helper_mebibytes=helper, load=load,
    )  # fmt: skip
    emit(
        "6 verify since the checkpoint", database=database, entries=newer.checked, seconds=last, cpu_seconds=last_cpu,
        share_of_whole=last / whole, cpu_share=last_cpu / cpu, goal=SINCE_GOAL, is_met=last / whole <= SINCE_GOAL,
    )  # fmt: skip


def _peak(*, reset: bool = False) -> float:
    """The most memory that this process held since the last reset, MiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time of this process and of those that it waited for (not the database server's)."""
    began, used = time.perf_counter(), _used()
    work()
    return time.perf_counter() - began, _used() - used


def _used() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _middle(found: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(one[0] for one in found), statistics.median(one[1] for one in found)


def rate(app: Flask, deed: Callable[[int], None], clients: int, seconds: float) -> float:
    """Transactions a second of so many threads."""
    done = [0] * clients
    end = time.monotonic() + seconds

    def run(place: int) -> None:
        with app.app_context():
            while time.monotonic() < end:
                deed(place)
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

    On PostgreSQL the sealer works beside them, and the clients write to a case each, or all to one.
    """
    ana = make_company().ana
    clients = 1 if database == "sqlite" else 8
    case_ids = [make_case(ana).id for _ in range(clients)]
    transactions.TECHNICAL_TABLES = transactions.TECHNICAL_TABLES | set(
        Base.metadata.tables
    )  # or the first kind would be refused
    stop = threading.Event()
    sealer = threading.Thread(target=_seal, args=(app, stop))
    if database == "postgresql":
        sealer.start()
    try:
        for cases in sorted({clients, 1}, reverse=True):

            def note(client: int, among: int = cases) -> None:
                add_note(case_id=case_ids[client % among], text="Rang her.", actor=ana.actor, now=utc_now())

            _append(app, database, note, clients=clients, cases=cases, seconds=seconds, rounds=rounds)
    finally:
        stop.set()
        if sealer.ident:
            sealer.join()


def _append(
    app: Flask, database: str, note: Callable[[int], None], *, clients: int, cases: int, seconds: float, rounds: int
) -> None:
    kinds = {"no entry": _silent, "unchained": _unchained, "audited": _RECORD}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, record in kinds.items():
            audit.record = record
            used = time.process_time()
            speed = rate(app, note, clients, seconds)
            found[name].append((speed, (time.process_time() - used) / (speed * seconds)))
    audit.record = _RECORD
    middle = {name: _middle(figures) for name, figures in found.items()}
    beside = "unchained" if database == "sqlite" else "no entry"
    ratio = middle["audited"][0] / middle[beside][0]
    emit(
        "6 append", database=database, clients=clients, cases=cases, notes_a_second={k: v[0] for k, v in middle.items()},
        cpu_ms_a_note={k: v[1] * 1000 for k, v in middle.items()}, beside=beside, ratio=ratio,
        cpu_ratio=middle[beside][1] / middle["audited"][1], goal=APPEND_GOALS[database],
        is_met=ratio >= APPEND_GOALS[database], load=os.getloadavg()[0],
    )  # fmt: skip


def _seal(app: Flask, stop: threading.Event) -> None:
    with app.app_context():
        while not stop.is_set():
            jobs.seal_pending()
            time.sleep(0.1)


def one(database: str, folder: Path, url: str, entries: int, seconds: float, rounds: int, *, only_verify: bool) -> None:
    app = create_app(settings_for(url, folder), TESTING=True)
    with app.app_context():
        upgrade(db.engine)
        fill(entries)
        verify(entries, database, rounds)
        if database == "postgresql" and not only_verify:
            last = text("SELECT setval(pg_get_serial_sequence('audit_entry', 'id'), (SELECT max(id) FROM audit_entry))")
            with db.engine.connect().execution_options(makegood_migration=True) as connection:
                connection.execute(last)
                connection.commit()
        db.session.rollback()
        if not only_verify:
            append(app, database, seconds, rounds)
        db.session.remove()
        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only-verify", action="store_true")
    options = parser.parse_args()
    for database in options.db:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'trail.db'}"
            if database == "postgresql":
                server = stack.enter_context(postgres.server(**DURABLE))
                _admin(server, 'CREATE DATABASE "trail"')
                url = _database(server, "trail")
            one(
                database, folder, url, options.entries, options.seconds, options.rounds, only_verify=options.only_verify
            )


if __name__ == "__main__":
    main()
