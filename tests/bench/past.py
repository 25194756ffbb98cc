"""A long past by set-based SQL, and "Can I?" beside a short and a long one, asked in turns so that noise falls on both.

`python -m tests.bench.authority --past` measures 10,000 and 1,000,000 past remedies on both databases in one run; `--remedies`
names other sizes, `--times` how often each is asked. The last line of each database says whether the ratio holds.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import queries
from tests import postgres
from tests.bench.load import emit, percentile

SIZES, RATIO_MAX, ROUND = (10_000, 1_000_000), 1.3, 10
MINUTES = 500_000  # the past reaches back about a year
OWN = 1_000  # of so many remedies one is this customer's
# How an instant some minutes before :now is written.
THEN = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', :now, '-' || (i % {minutes}) || ' minutes') || '.000000'",
    "postgresql": "cast(:now AS timestamptz) - make_interval(mins => cast(i % {minutes} AS integer))",
}
LATER = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', created_at, '+14 days') || '.000000'",
    "postgresql": "created_at + interval '14 days'",
}
REMEDIES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
INSERT INTO remedy (case_id, customer_id, employee_id, site_id, kind, nature, amount_minor, currency, state, reason,
  created_at, ended_at, historic, version)
SELECT :case_id, CASE WHEN i % {own} = 0 THEN :customer_id END, :employee_id, :site_id, 'refund', 'goodwill', 100, 'GBP',
  'settled', '', {then}, {then}, :yes, 1 FROM n
"""
HOLDS = """
INSERT INTO hold (remedy_id, customer_id, currency, amount_minor, counted_minor, state, held_at, expires_at)
SELECT id, customer_id, 'GBP', 100, 100, 'settled', created_at, {later} FROM remedy WHERE id > :base
"""
SHARES = """
INSERT INTO hold_share (hold_id, purse_id, held_at, reserved_minor, settled_minor, granted)
SELECT h.id, p.id, h.held_at, 0, 100, :no FROM hold h CROSS JOIN purse p
WHERE h.remedy_id > :base AND h.customer_id IS NOT NULL AND p.unit IN ('customer_cause', 'customer_days')
"""


def fill(at: Any, count: int) -> float:
    """Add `count` past remedies with their holds, and this customer's shares; returns the seconds it took."""
    dialect, began = db.engine.dialect.name, time.monotonic()
    words = {"own": OWN, "then": THEN[dialect].format(minutes=MINUTES), "later": LATER[dialect]}
    bulk = db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE")
    with bulk.begin() as connection:
        base = connection.execute(text("SELECT coalesce(max(id), 0) FROM remedy")).scalar_one()
        values = {
            "count": count, "case_id": at.case_id, "customer_id": at.customer_id, "employee_id": at.ana.id,
            "site_id": at.ana.site_id, "yes": True, "now": _said(utc_now(), dialect),
        }  # fmt: skip
        connection.execute(text(REMEDIES.format(**words)), values)
        connection.execute(text(HOLDS.format(**words)), {"base": base})
        connection.execute(text(SHARES), {"base": base, "no": False})
    _look_over(bulk.connect)
    return time.monotonic() - began


def _said(at: datetime, dialect: str) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if dialect == "sqlite" else at.isoformat()


def _look_over(connect: Callable[[], Connection]) -> None:
    """Let the database count what it holds, as it does by itself after a while."""
    with connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def ask(at: Any) -> float:
    """Ask once; returns milliseconds."""
    began = time.perf_counter()
    queries.can_i(case_id=at.case_id, kind="refund", amount=Money(100, "GBP"), actor=at.ana.actor, now=utc_now())
    took = (time.perf_counter() - began) * 1_000
    db.session.rollback()
    return took


def beside(stages: Sequence[tuple[int, Any]], database: str, times: int) -> bool:
    """Ask beside each past in turns of ROUND; says the figures and whether the longest is at most RATIO_MAX times the first."""
    took: dict[int, list[float]] = {size: [] for size, _at in stages}
    for turn in range(1 + -(-times // ROUND)):
        for size, at in stages:
            with at.app.app_context():
                found = [ask(at) for _ in range(ROUND)]
                db.session.remove()
            took[size] += found if turn else []  # the first turn warms up
    middles = {size: percentile(found, 0.5) for size, found in took.items()}
    first = middles[stages[0][0]]
    for size, middle in middles.items():
        figures = {"p50_ms": middle, "p95_ms": percentile(took[size], 0.95), "ratio_to_first": middle / first}
        emit('"Can I?" beside past remedies', database=database, remedies=size, times=len(took[size]), **figures)
    ratio = middles[stages[-1][0]] / first
    emit('"Can I?" at its longest past', database=database, ratio=ratio, at_most=RATIO_MAX, holds=ratio <= RATIO_MAX)
    return ratio <= RATIO_MAX


def measure(stage: Callable[[str, Path], Any], sizes: Sequence[int], times: int) -> bool:
    """Make one database for each size and engine, fill it, and compare; True when both engines hold the ratio."""
    answers = []
    for database in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            stages = []
            for size in sizes:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                folder.chmod(0o755)
                url = f"sqlite:///{folder / 'bench.db'}"
                if database == "postgresql":
                    url = stack.enter_context(postgres.server())
                at = stage(url, folder)
                with at.app.app_context():
                    emit("filled", database=database, remedies=size, seconds=fill(at, size))
                    db.session.remove()
                stages.append((size, at))
            answers.append(beside(stages, database, times))
            for _size, at in stages:
                with at.app.app_context():
                    db.engine.dispose()
    return all(answers)
