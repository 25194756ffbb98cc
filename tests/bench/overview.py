"""`python -m tests.bench.overview [--cases N ...] [--db sqlite|postgresql]`: the company overview beside its floors, in one run.

Every case is resolved, spread over a year. Goals (performance, row 7): page p50 at most twice the bare list's, SQL at most
three times two narrow reads by the bare driver, kept counts equal to a recount (asserted).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from app import create_app
from app.insights import rollup_actions, rollup_queries
from app.kernel.database import db
from app.kernel.time import utc_now
from tests import postgres
from tests.bench import fill, floor
from tests.bench.__main__ import DURABLE, signed_in
from tests.bench.load import emit, load, served
from tests.conftest import _admin, _database, settings_for

STAGES = ("booking", "arrival", "stay", "departure", "after", "other")
CAUSES = ("process", "equipment", "staffing", "training", "supplier", "information", "weather", "guest", "unknown")
TIMES = 30
_NARROW = (
    "SELECT day, sum(resolved), sum(severe), sum(given_minor) FROM rollup_day WHERE dimension = 'all' GROUP BY day",
    "SELECT value, sum(resolved), sum(severe), sum(given_minor) FROM rollup_day WHERE dimension = 'cause' GROUP BY value",
)


def resolve_all() -> None:
    """Resolve every case by bulk SQL, with stages and causes in turn."""
    stage = "CASE id % 6 " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(STAGES)) + " END"
    cause = "CASE id % 9 " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(CAUSES)) + " END"
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    with bulk.begin() as connection:
        connection.execute(
            text(
                "UPDATE case_file SET state = 'resolved', outcome = 'made_good', resolved_at = logged_at,"
                f" journey_stage = {stage}, root_cause = {cause}"
            )
        )


def middle(deed: Callable[[], Any]) -> float:
    """Median of TIMES runs, in milliseconds."""
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        deed()
        took.append((time.perf_counter() - start) * 1_000)
    return median(took)


def narrow() -> None:
    raw = db.engine.raw_connection()
    try:
        cursor = raw.cursor()
        for statement in _NARROW:
            cursor.execute(statement)
            cursor.fetchall()
    finally:
        raw.close()


def one_size(database: str, cases: int, seconds: float, url_of: Any) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        product_url, floor_url = url_of(folder, "product"), url_of(folder, "floor")
        known = fill.fill(product_url, folder, cases)
        floor.fill(floor_url, cases)
        app = create_app(settings_for(product_url, folder), TESTING=True)
        with app.app_context():
            resolve_all()
            start = time.perf_counter()
            rows = rollup_actions.rebuild(now=utc_now())
            rebuilt = time.perf_counter() - start
            assert rollup_actions.is_whole(), "kept counts equal a recount"
            last = utc_now().date()
            sql = middle(lambda: rollup_queries.overview((1,), last - timedelta(days=364), last, ["cause"]))
            bare = middle(narrow)
            db.session.remove()
            db.engine.dispose()
        emit(
            "7 overview, SQL", database=database, cases=cases, rows=rows, rebuild_seconds=rebuilt, overview_ms=sql,
            two_narrow_reads_ms=bare, ratio=sql / bare,
        )  # fmt: skip
        env = {
            "DATABASE_URL": product_url, "MAKEGOOD_ENV": "test", "MAKEGOOD_INSTANCE": str(folder), "SECRET_KEY": "b" * 40
        }  # fmt: skip
        workers = 1 if database == "sqlite" else 2
        product = stack.enter_context(served("wsgi:app", env, workers))
        raw = stack.enter_context(served("tests.bench.floor:app", {"FLOOR_URL": floor_url}, workers))
        headers, _csrf = signed_in(product, known["email"].replace("ana", "sam"), known["pass_phrase"])
        found = {}
        for who, port, path, sent in (
            ("product", product, "/insights/company?period=365d", headers),
            ("floor", raw, "/cases", {}),
        ):
            load(port, "GET", path, clients=1, seconds=0.5, headers=sent)
            found[who] = load(port, "GET", path, clients=1, seconds=seconds, headers=sent)
        emit("7 overview, page", database=database, cases=cases, clients=1, **found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--db", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    for database in options.db:
        for cases in options.cases:
            if database == "sqlite":
                one_size(database, cases, options.seconds, lambda folder, name: f"sqlite:///{folder}/{name}.db")
                continue
            with postgres.server(**DURABLE) as server:

                def url_of(_folder: Path, name: str, server: str = server) -> str:
                    _admin(server, f'CREATE DATABASE "{name}"')
                    return _database(server, name)

                one_size(database, cases, options.seconds, url_of)


if __name__ == "__main__":
    main()
