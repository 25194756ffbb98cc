"""`python -m tests.bench.clocks [--clocks N ...] [--cases N] [--db sqlite|postgresql]`: the sweep beside the raw index, and a re-run.

Goals: finding 500 due clocks <= 3x the raw partial-index query, at 1 M open clocks <= 1.3x at 100,000; nothing due <= 2 ms;
claiming 500 <= 2x raw; 1,000 breaches with all notices < 5 s; a re-run of 100,000 cases < 60 s.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, text, update

from app import create_app
from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.kernel.database import db
from app.kernel.migrations import upgrade
from app.sla import jobs, notice_actions, queries, rerun_actions
from app.sla.models import Clock
from tests import postgres
from tests.bench.load import emit
from tests.conftest import settings_for
from tests.sla.builders import HOUR, MONDAY, TEST, Desk, open_desk

BATCH = 20_000
FAR = MONDAY + timedelta(days=900)
NOW = MONDAY + timedelta(days=30)


def fill(desk: Desk, clocks: int, due: int) -> None:
    """Open clocks that are not due for long, and `due` of them past their deadline, spread among the others."""
    version = queries.newest_versions(desk.site_id)[1]
    every = max(clocks // max(due, 1), 1)
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    for start in range(1, clocks + 1, BATCH):
        rows = [
            _row(desk, n, version, is_due=n % every == 0 and n // every <= due)
            for n in range(start, min(start + BATCH, clocks + 1))
        ]
        with bulk.begin() as connection:
            connection.execute(insert(Clock), rows)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE clock"))


def _row(desk: Desk, number: int, version: int | None, *, is_due: bool) -> dict[str, Any]:
    due_at = NOW - timedelta(seconds=number % 3_000 + 1) if is_due else FAR + timedelta(seconds=number)
    return {
        "case_id": number, "case_ref": f"MG-{number}", "milestone": "resolve", "severity": 2, "site_id": desk.site_id,
        "team_id": desk.team_id, "owner_id": desk.ana, "calendar_version_id": version, "target_seconds": 8 * 3_600,
        "started_at": MONDAY, "soon_at": due_at, "due_at": due_at, "next_notice_at": due_at, "historic": False,
        "version": 1, "told": 3,
    }  # fmt: skip


def timed(work: Callable[[], Any], times: int = 15) -> float:
    """Milliseconds, the median."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
        db.session.rollback()
    return round(statistics.median(took), 3)


def sweep(app: Flask, database: str, clocks: int) -> None:
    desk = open_desk()
    began = time.perf_counter()
    fill(desk, clocks, 1_000)
    emit("5 fill", database=database, clocks=clocks, seconds=round(time.perf_counter() - began, 1))
    raw = "SELECT id FROM clock WHERE next_notice_at < :now ORDER BY next_notice_at, id LIMIT 500"
    now = NOW if database == "postgresql" else NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
    ours = (
        select(*notice_actions._COLUMNS)
        .where(Clock.next_notice_at < NOW)
        .order_by(Clock.next_notice_at, Clock.id)
        .limit(500)
    )
    ids = select(Clock.id).where(Clock.next_notice_at < NOW).order_by(Clock.next_notice_at, Clock.id).limit(500)
    figures = {
        "find_ms": timed(lambda: db.session.execute(ids).all()),
        "find_with_all_columns_ms": timed(lambda: db.session.execute(ours).all()),
        "raw_find_ms": timed(lambda: db.session.execute(text(raw), {"now": now}).all()),
        "nothing_due_ms": timed(lambda: jobs.sweep(now=MONDAY)),
    }
    emit(
        "5 find 500",
        database=database,
        clocks=clocks,
        ratio_to_raw=round(figures["find_ms"] / figures["raw_find_ms"], 2),
        **figures,
    )
    began = time.perf_counter()
    told = sum(jobs.sweep(now=NOW) for _ in range(3))
    emit(
        "5 tell of 1,000 breaches",
        database=database,
        clocks=clocks,
        told=told,
        seconds=round(time.perf_counter() - began, 2),
    )


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
    rerun_actions.ask(kind="hours", reason="The storm", actor=TEST, now=MONDAY)
    while jobs.run_reruns(now=MONDAY, limit=rerun_actions.BATCH):
        pass
    done = queries.rerun(1)
    emit(
        "re-run after a holiday",
        database=database,
        cases=cases,
        moved=done.moved_count,
        seconds=round(time.perf_counter() - began, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), action="append")
    given = parser.parse_args()
    for database in given.db or ("sqlite", "postgresql"):
        for work, size in [*((sweep, count) for count in given.clocks), (rerun, given.cases)]:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                folder.chmod(0o755)
                url = (
                    f"sqlite:///{folder / 'bench.db'}"
                    if database == "sqlite"
                    else stack.enter_context(postgres.server())
                )
                app = create_app(settings_for(url, folder), TESTING=True)
                with app.app_context():
                    upgrade(db.engine)
                    sweep(app, database, size) if work is sweep else rerun(database, size)
                    db.session.remove()
                    db.engine.dispose()


if __name__ == "__main__":
    main()
