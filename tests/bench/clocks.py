"""`python -m tests.bench.clocks [--clocks N ...] [--cases N] [--db sqlite|postgresql]`: the sweep beside the driver, and a re-run.

Goals: finding 500 due clocks <= 3x the raw partial-index query, at 1 M open clocks <= 1.3x at 100,000; nothing due <= 2 ms;
claiming 500 <= 2x raw; 1,000 breaches with all notices < 5 s; a re-run of 100,000 cases < 60 s. "Raw" is the same rows and
columns read or written by the database's driver on the same connection, without SQLAlchemy. One JSON line each.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, text, update

from app import create_app
from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.kernel.database import db
from app.kernel.migrations import upgrade
from app.notifications.models import Notification
from app.notifications.outbox_models import OutboxMessage
from app.sla import jobs, notice_actions, queries, rerun_actions, sweep_queries
from app.sla.models import Clock
from tests import postgres
from tests.bench.load import emit
from tests.conftest import settings_for
from tests.sla.builders import HOUR, MONDAY, TEST, Desk, open_desk

BASE = 20_000  # rows written one by one; the others are copies of them, made by the database
DUE = 1_000
FOUND = 500
FAR = MONDAY + timedelta(days=900)
NOW = MONDAY + timedelta(days=30, hours=2)  # a Wednesday at 11; what is due then began on Tuesday, 8 open hours before
# The goals of this operation: ratios to raw statements of the same run, and what one sweep and one re-run may take.
RATIO_GOALS = {"find 500": 3.0, "claim 500": 2.0}
NOTHING_DUE_MS, BREACHES_SECONDS, RERUN_SECONDS, GROWTH_RATIO = 2.0, 5.0, 60.0, 1.3
STORED = ("told", "warned_at", "breached_at", "next_notice_at")


def judged(figure: float, goal: float | None) -> dict[str, Any]:
    """A figure's goal and whether it is met, for the line that says it."""
    return {} if goal is None else {"goal": goal, "is_met": figure <= goal}


def fill(desk: Desk, clocks: int, due: int) -> None:
    """Open clocks that are not due for long, and `due` of them past their deadline, spread among the others."""
    version, base = queries.newest_versions(desk.site_id)[1], min(BASE, clocks)
    copies = -(-clocks // base)
    every = base // max(due // copies, 1)
    db.session.rollback()  # PostgreSQL ends a session that rests in a transaction while the tables are filled
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    rows = [_row(desk, n, version, is_due=due > 0 and n % every == 0) for n in range(1, base + 1)]
    columns = [name for name in rows[0] if name not in ("case_id", "case_ref")]
    copy = text(
        f"INSERT INTO clock (case_id, case_ref, {', '.join(columns)}) "
        f"SELECT case_id + :shift, 'MG-' || (case_id + :shift), {', '.join(columns)} FROM clock WHERE case_id <= :base"
    )
    with bulk.begin() as connection:
        connection.execute(insert(Clock), rows)
    for number in range(1, copies):
        with bulk.begin() as connection:
            connection.execute(copy, {"shift": number * base, "base": base})
    # What the database does by itself some minutes after so many rows came in; without it each row found is looked up in the heap.
    tidy = "VACUUM (ANALYZE) clock" if db.engine.dialect.name == "postgresql" else "ANALYZE clock"
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(tidy))


def _row(desk: Desk, number: int, version: int | None, *, is_due: bool) -> dict[str, Any]:
    due_at = NOW - timedelta(seconds=number % 3_000 + 1) if is_due else FAR + timedelta(seconds=number)
    return {
        "case_id": number, "case_ref": f"MG-{number}", "milestone": "resolve", "severity": 2, "site_id": desk.site_id,
        "team_id": desk.team_id, "owner_id": desk.ana, "calendar_version_id": version, "target_seconds": 8 * 3_600,
        "started_at": due_at - timedelta(days=1) if is_due else MONDAY, "soon_at": due_at, "due_at": due_at, "next_notice_at": due_at, "historic": False,
        "version": 1, "told": 3,
    }  # fmt: skip


def timed(work: Callable[[], Any], times: int = 25) -> float:
    """Milliseconds, the median; each time on a connection fresh from the pool, and undone afterwards."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
        db.session.rollback()
    return round(statistics.median(took), 3)


class Driver:
    """The same reads and writes by the driver alone, in its own words."""

    def __init__(self, database: str) -> None:
        self.mark = "?" if database == "sqlite" else "%s"
        self.lock = "" if database == "sqlite" else " FOR UPDATE SKIP LOCKED"
        self.is_text = database == "sqlite"
        names = list(sweep_queries.Due.__dataclass_fields__)
        due = f"FROM clock WHERE next_notice_at < {self.mark} ORDER BY next_notice_at, id LIMIT {FOUND}"
        self.find_ids, self.claim_ids = f"SELECT id {due}", f"SELECT id {due}{self.lock}"
        self.find_all = f"SELECT {', '.join(names)} {due}"
        self.columns = ", ".join(names)
        self.store = f"UPDATE clock SET {', '.join(f'{name} = {self.mark}' for name in STORED)} WHERE id = {self.mark}"

    def cursor(self) -> Any:
        return db.session.connection().connection.cursor()

    def said(self, value: Any) -> Any:
        return value.strftime("%Y-%m-%d %H:%M:%S.%f") if self.is_text and isinstance(value, datetime) else value

    def read(self, statement: str) -> list[Any]:
        cursor = self.cursor()
        cursor.execute(statement, (self.said(NOW),))
        return cursor.fetchall()  # type: ignore[no-any-return]

    def claim(self, changes: list[dict[str, Any]]) -> None:
        begin()
        ids = [row[0] for row in self.read(self.claim_ids)]
        cursor = self.cursor()
        marks = ", ".join([self.mark] * len(ids))
        cursor.execute(f"SELECT {self.columns} FROM clock WHERE id IN ({marks})", ids)
        cursor.fetchall()
        cursor.executemany(
            self.store, [tuple(self.said(one[name]) for name in (*STORED, "clock_id")) for one in changes]
        )


def begin() -> None:
    """Begin as an action does: with the write lock where there is only one."""
    db.session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})


def claim(changes: list[dict[str, Any]]) -> None:
    """Take 500, read them, and store how far they have climbed; without working it out."""
    begin()
    sweep_queries.due_clocks(sweep_queries.due_ids(NOW, FOUND, lock=True))
    notice_actions.store(changes)


def sweep(database: str, clocks: int) -> dict[str, float]:
    desk = open_desk()
    began = time.perf_counter()
    fill(desk, clocks, DUE)
    emit("5 fill", database=database, clocks=clocks, seconds=round(time.perf_counter() - began, 1))
    driver = Driver(database)
    changes = [
        {"clock_id": one, "told": 4, "warned_at": NOW, "breached_at": NOW, "next_notice_at": NOW + HOUR}
        for one in sweep_queries.due_ids(NOW, FOUND)
    ]
    db.session.rollback()
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "find 500": (lambda: sweep_queries.due_ids(NOW, FOUND), lambda: driver.read(driver.find_ids)),
        "find and read 500": (
            lambda: sweep_queries.due_clocks(sweep_queries.due_ids(NOW, FOUND)),
            lambda: driver.read(driver.find_all),
        ),
        "claim 500": (lambda: claim(changes), lambda: driver.claim(changes)),
    }
    found = {}
    for name, (ours, raw) in pairs.items():
        timed(ours, 3)
        timed(raw, 3)
        ms, raw_ms = timed(ours), timed(raw)
        found[name] = ms
        figures = {"ms": ms, "raw_ms": raw_ms, "ratio_to_raw": round(ms / raw_ms, 2)}
        emit(
            f"5 {name}",
            database=database,
            clocks=clocks,
            **figures,
            **judged(figures["ratio_to_raw"], RATIO_GOALS.get(name)),
        )
    nothing = timed(lambda: jobs.sweep(now=MONDAY))
    emit("5 nothing due", database=database, clocks=clocks, ms=nothing, **judged(nothing, NOTHING_DUE_MS))
    began = time.perf_counter()
    told = sum(jobs.sweep(now=NOW) for _ in range(DUE // FOUND))
    seconds = round(time.perf_counter() - began, 2)
    lines, mails = db.session.query(Notification).count(), db.session.query(OutboxMessage).count()
    emit(
        "5 tell of 1,000 breaches", database=database, clocks=clocks, told=told, inbox_lines=lines, mails=mails, seconds=seconds,
        **judged(seconds, BREACHES_SECONDS),
    )  # fmt: skip
    return found


def rerun(database: str, cases: int) -> None:
    desk = open_desk()
    fill(desk, cases, 0)
    hours: dict[str, Any] = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
    calendars.change_hours(
        calendar_id=desk.calendar_id, number=1, zone="Europe/London", windows=hours, own_holidays={"2026-02-02": "Storm"},
        actor=TEST, now=MONDAY,
    )  # fmt: skip
    with db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE").begin() as connection:
        connection.execute(update(Clock).values(due_at=MONDAY + 8 * HOUR))
    began = time.perf_counter()
    rerun_id = rerun_actions.ask(kind="hours", reason="The storm", actor=TEST, now=MONDAY)
    while (done := queries.rerun(rerun_id)).state == "waiting":
        print(f"\r{done.looked_count:,} of {done.case_count:,} cases", end="", file=sys.stderr, flush=True)
        jobs.run_reruns(now=MONDAY, limit=rerun_actions.BATCH)
    print("", file=sys.stderr)
    seconds = round(time.perf_counter() - began, 1)
    emit(
        "re-run after a holiday",
        database=database,
        cases=cases,
        moved=done.moved_count,
        seconds=seconds,
        **judged(seconds, RERUN_SECONDS),
    )


def on_a_fresh(database: str, work: Callable[[str, int], Any], size: int) -> Any:
    """Run `work` of a size on a new database in an application that owes mails."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        url = f"sqlite:///{folder / 'bench.db'}" if database == "sqlite" else stack.enter_context(postgres.server())
        app: Flask = create_app(settings_for(url, folder, MAKEGOOD_SMTP_HOST="127.0.0.1"), TESTING=True)
        with app.app_context():
            upgrade(db.engine)
            answer = work(database, size)
            db.session.remove()
            db.engine.dispose()
            return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), action="append")
    given = parser.parse_args()
    began = time.perf_counter()
    for database in given.db or ("sqlite", "postgresql"):
        found = [on_a_fresh(database, sweep, size) for size in sorted(given.clocks)]
        if len(found) > 1:
            ratios = {name: round(found[-1][name] / found[0][name], 2) for name in found[0]}
            growth = judged(ratios["find 500"], GROWTH_RATIO)
            emit("5 most beside fewest clocks", database=database, clocks=sorted(given.clocks), ratios=ratios, **growth)
        if given.cases:
            on_a_fresh(database, rerun, given.cases)
    emit("5 all of it", seconds=round(time.perf_counter() - began, 1))


if __name__ == "__main__":
    main()
