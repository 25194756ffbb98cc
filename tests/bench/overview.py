"""`python -m tests.bench.overview [--cases N ...] [--db sqlite|postgresql]`: the company overview beside its floors, in one run.

Every case is resolved, spread over a year. Goals (performance, row 7): page p50 at most twice the bare list's, SQL at most
three times two narrow reads by the bare driver, counting again at most twice one bare count, kept counts equal to a recount
(asserted), and an unchanged page answered within a third of its time. Times of processors are of one process that asks
without a network, so that other work on the machine counts little.
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

from flask import Flask
from sqlalchemy import text
from werkzeug.test import EnvironBuilder

from app import create_app
from app.insights import rollup_actions, rollup_queries
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.models import Employee
from tests import postgres
from tests.bench import fill, floor
from tests.bench.__main__ import DURABLE, signed_in
from tests.bench.load import emit, load, served
from tests.bench.past import MINUTES, THEN, _said
from tests.conftest import _admin, _database, settings_for
from tests.people.builders import sign_in

STAGES = ("booking", "arrival", "stay", "departure", "after", "other")
CAUSES = ("process", "equipment", "staffing", "training", "supplier", "information", "weather", "guest", "unknown")
TIMES, ROUNDS = 50, 5
FLOOR_CASES_MAX = 100_000  # the bare list reads 50 rows by its index, whatever lies behind them
PAGE = "/insights/company?period=365d"
_NARROW = (
    "SELECT day, sum(resolved), sum(severe), sum(given_minor) FROM rollup_day WHERE dimension = 'all' GROUP BY day",
    "SELECT value, sum(resolved), sum(severe), sum(given_minor) FROM rollup_day WHERE dimension = 'cause' GROUP BY value",
)
# One bare count of a day's cases by four of their values, as the yardstick fills its rollup.
_BARE_FILL = """CREATE TEMPORARY TABLE bare_rollup AS SELECT {day} AS day, team_id, category_id, state, root_cause, count(*) AS n,
  sum(CASE WHEN severity >= 3 THEN 1 ELSE 0 END) AS severe, sum(given_minor) AS given FROM case_file GROUP BY 1, 2, 3, 4, 5"""
_DAY = {"sqlite": "date(resolved_at)", "postgresql": "CAST(resolved_at AT TIME ZONE 'UTC' AS date)"}
_RESOLVE = """UPDATE case_file SET state = 'resolved', outcome = 'made_good', resolved_at = logged_at,
  journey_stage = {stage}, root_cause = {cause}"""
_MORE = """
WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < :count),
one AS (SELECT * FROM case_file ORDER BY id LIMIT 1), made AS (SELECT i, {then} AS at FROM n)
INSERT INTO case_file (id, customer_id, site_id, team_id, category_id, severity, channel, journey_stage, attribution, summary,
  description, occurred_at, received_at, logged_at, state, outcome, root_cause, resolved_at, reopened_count, next_due_at,
  given_minor, historic, version, updated_at)
SELECT i, 1 + i % {customers}, one.site_id, one.team_id, one.category_id, i % 5, one.channel, {stage}, one.attribution, one.summary,
  one.description, at, at, at, 'resolved', 'made_good', {cause}, at, 0, one.next_due_at, i % 5000, one.historic, 1, at
FROM made CROSS JOIN one"""
FEW = 1_000  # cases that are filled one by one


def resolve_all(cases: int) -> None:
    """Resolve the few cases that are there and add resolved ones up to `cases`, in sets, with stages and causes in turn."""
    dialect, now = db.engine.dialect.name, utc_now()

    def words(number: str) -> dict[str, Any]:
        return {
            "stage": f"CASE {number} % 6 " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(STAGES)) + " END",
            "cause": f"CASE {number} % 9 " + " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(CAUSES)) + " END",
        }  # fmt: skip

    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    with bulk.begin() as connection:
        connection.execute(text(_RESOLVE.format(**words("id"))))
        if cases > FEW:
            then = THEN[dialect].format(minutes=MINUTES).replace("i %", "i * 1999 %")  # a year, however few
            more = _MORE.format(first=FEW + 1, then=then, customers=fill.CUSTOMERS, **words("i"))
            connection.execute(text(more), {"count": cases, "now": _said(now, dialect)})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if dialect == "sqlite" else "VACUUM ANALYZE"))  # as it does by itself


def middle(deed: Callable[[], Any], times: int = TIMES) -> float:
    """Median of some runs, in milliseconds."""
    took = []
    for _ in range(times):
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


def bare_fill() -> float:
    """Seconds of one bare count by the driver."""
    raw = db.engine.raw_connection()
    try:
        start = time.perf_counter()
        raw.cursor().execute(_BARE_FILL.format(day=_DAY[db.engine.dialect.name]))
        took = time.perf_counter() - start
        raw.cursor().execute("DROP TABLE bare_rollup")
        raw.commit()
        return took
    finally:
        raw.close()


def processor(app: Flask, path: str, headers: dict[str, str], status: int, times: int = TIMES) -> float:
    """Milliseconds of this process's processor for one answer, without network and server."""
    environ = EnvironBuilder(path=path, headers=list(headers.items())).get_environ()
    seen: list[str] = []

    def answer() -> None:
        body = app.wsgi_app(dict(environ), lambda said, _headers, _failure=None: seen.append(said))  # type: ignore[arg-type]
        b"".join(body)
        body.close()  # type: ignore[attr-defined]

    answer()
    start = time.process_time()
    for _ in range(times):
        answer()
    took = (time.process_time() - start) * 1_000 / times
    assert all(said.startswith(str(status)) for said in seen), set(seen)
    return took


def processors(product: Flask, path: str) -> dict[str, float]:
    """The page, the page unchanged, and the bare list, in turns; medians of the rounds."""
    with product.app_context():
        sam = people.person(db.session.query(Employee.id).filter_by(email="sam@makegood.example").scalar())
        assert sam is not None
        client = sign_in(product.test_client(), sam)
        db.session.remove()
    etag = client.get(path).headers["ETag"]
    cookie = client.get_cookie("makegood")
    assert cookie is not None
    sent = {"Cookie": f"makegood={cookie.value}"}
    found: dict[str, list[float]] = {"page": [], "unchanged": [], "bare_list": []}
    for _ in range(ROUNDS):
        found["page"].append(processor(product, path, sent, 200))
        found["unchanged"].append(processor(product, path, {**sent, "If-None-Match": etag}, 304))
        found["bare_list"].append(processor(floor.app, "/cases", {}, 200))
    return {name: median(values) for name, values in found.items()}


def walls(ports: dict[str, int], headers: dict[str, str], etag: str, seconds: float) -> dict[str, float]:
    """p50 over HTTP with one client, in turns; medians of the rounds."""
    asked = {
        "page": (ports["product"], PAGE, headers, 200),
        "unchanged": (ports["product"], PAGE, {**headers, "If-None-Match": etag}, 304),
        "bare_list": (ports["floor"], "/cases", {}, 200),
    }
    found: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(ROUNDS + 1):
        for name, (port, path, sent, ok) in asked.items():
            took = load(port, "GET", path, clients=1, seconds=seconds / ROUNDS, headers=sent, ok=ok)
            found[name] += [took["p50_ms"]] if turn else []  # the first turn warms up
    return {name: median(values) for name, values in found.items()}


def shares(found: dict[str, float]) -> dict[str, float]:
    return {"page_to_list": found["page"] / found["bare_list"], "unchanged_to_page": found["unchanged"] / found["page"]}


def count_again(app: Flask, cases: int, database: str) -> None:
    """Fill, count, assert that what is kept is right, and compare the read with two narrow ones."""
    with app.app_context():
        start = time.perf_counter()
        resolve_all(cases)
        filled = time.perf_counter() - start
        bare, rebuilt = [], []
        for _ in range(2):
            bare.append(bare_fill())
            start, cpu = time.perf_counter(), time.process_time()
            rows = rollup_actions.rebuild(now=utc_now())
            rebuilt.append((time.perf_counter() - start, time.process_time() - cpu))
        assert rollup_actions.is_whole(), "kept counts equal a recount"
        last = utc_now().date()
        since = last - timedelta(days=364)
        site_ids = (db.session.scalar(text("SELECT site_id FROM case_file LIMIT 1")),)
        sql = middle(lambda: rollup_queries.overview(site_ids, since, last, ["cause"]))
        read = middle(narrow)
        db.session.remove()
        db.engine.dispose()
    emit(
        "7 overview, SQL", database=database, cases=cases, fill_seconds=filled, rows=rows, bare_fill_seconds=min(bare),
        rebuild_seconds=min(rebuilt)[0], rebuild_processor_seconds=min(rebuilt)[1], ratio_to_bare_fill=min(rebuilt)[0] / min(bare),
        overview_ms=sql, two_narrow_reads_ms=read, ratio=sql / read,
    )  # fmt: skip


def one_size(database: str, cases: int, seconds: float, url_of: Any) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        product_url, floor_url = url_of(folder, "product"), url_of(folder, "floor")
        known = fill.fill(product_url, folder, min(cases, FEW))
        floor.fill(floor_url, min(cases, FLOOR_CASES_MAX))
        floor.engine = floor.make_engine(floor_url)
        app = create_app(settings_for(product_url, folder), TESTING=True)
        count_again(app, cases, database)
        cpu = processors(app, PAGE)
        emit("7 overview, processor ms", database=database, cases=cases, **cpu, **shares(cpu))
        with app.app_context():
            db.engine.dispose()
        env = {
            "DATABASE_URL": product_url, "MAKEGOOD_ENV": "test", "MAKEGOOD_INSTANCE": str(folder)
        }  # fmt: skip
        workers = 1 if database == "sqlite" else 2
        ports = {
            "product": stack.enter_context(served("wsgi:app", env, workers)),
            "floor": stack.enter_context(served("tests.bench.floor:app", {"FLOOR_URL": floor_url}, workers)),
        }
        headers, _csrf = signed_in(ports["product"], known["email"].replace("ana", "sam"), known["pass_phrase"])
        wall = walls(ports, headers, etag_of(ports["product"], headers), seconds)
        emit("7 overview, p50 ms", database=database, cases=cases, clients=1, **wall, **shares(wall))
        floor.engine.dispose()


def etag_of(port: int, headers: dict[str, str]) -> str:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", PAGE, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["ETag"]


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
