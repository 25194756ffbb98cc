"""`python -m tests.bench.authority`: "Can I?" beside a long past, and authorising on a hot purse beside a bare script.

The bare script writes the very same rows as one authorisation of the product, in the same order, in SQLAlchemy Core, in the
same transaction guard and trail; nothing is judged. That the rows are the same is counted, table by table, in every run.
"""

import argparse
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select, update

from app import create_app
from app.audit import actions as audit
from app.budgets.actions import RESERVED
from app.budgets.models import Hold, HoldShare, Intent, LedgerEntry, LedgerTransfer, Purse
from app.cases.models import CaseEvent
from app.kernel.actor import command
from app.kernel.database import Base, db
from app.kernel.migrations import upgrade
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people.queries import PersonRow
from app.remedies import queries
from app.remedies.actions import OFFERED
from app.remedies.history import IMPORTED
from app.remedies.models import Remedy
from app.remedies.receipt_models import DecisionReceipt
from tests import postgres
from tests.bench import past
from tests.bench.load import emit, percentile
from tests.cases.builders import make_case
from tests.conftest import settings_for
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy

LIMITS = (
    {"unit": "incident", "limit_minor": 10**11, "currency": "GBP", "clause": "4.2"},
    {"unit": "customer_days", "days": 30, "limit_minor": 10**11, "currency": "GBP", "clause": "4.3"},
    {"unit": "employee_month", "limit_minor": 10**11, "currency": "GBP", "clause": "5.1"},
)
ROLLING = ("customer_cause", "customer_days")
BATCH = 5_000


@dataclass
class Stage:
    """One database with a company, a policy and a case whose purses exist."""

    app: Flask
    ana: PersonRow
    case_id: int
    customer_id: int
    purses: list[tuple[int, str]]
    receipt: dict[str, Any]
    decision: dict[str, Any]


def stage(url: str, folder: Path) -> Stage:
    app = create_app(settings_for(url, folder), TESTING=True)
    with app.app_context():
        upgrade(db.engine)
        company = make_company()
        publish_policy([dict(limit) for limit in LIMITS])
        case = make_case(company.ana)
        case_id, customer_id = case.id, case.customer_id or 0
        give(company.ana, case_id, 100)
        purses = [(row.id, row.unit) for row in db.session.query(Purse).order_by(Purse.id)]
        kept = db.session.query(DecisionReceipt).first()
        assert kept is not None
        receipt = {
            column.name: getattr(kept, column.name)
            for column in DecisionReceipt.__table__.columns
            if column.name != "id"
        }
        decision = db.session.query(Remedy.decision).limit(1).scalar()  # names clauses, which are rows too
        assert isinstance(decision, dict)
        db.session.remove()
    return Stage(app, company.ana, case_id, customer_id, purses, receipt, decision)


def bare(at: Stage) -> None:
    """The rows of one authorisation, and nothing else."""
    now, actor, amount = utc_now(), at.ana.actor, Money(100, "GBP").json()
    run = db.session.execute
    with transaction():
        remedy_id = run(insert(Remedy).values(
            case_id=at.case_id, customer_id=at.customer_id, employee_id=at.ana.id, site_id=at.ana.site_id,
            team_id=at.ana.team_id, kind="refund", nature="goodwill", amount_minor=100, currency="GBP", state="reserved",
            reason="cold room", decision=at.decision, created_at=now, expires_at=now + timedelta(days=14), historic=False, version=1,
        )).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
        run(
            insert(DecisionReceipt).values(
                {**at.receipt, "remedy_id": remedy_id, "content_hash": secrets.token_hex(32)}
            )
        )
        audit.record(
            OFFERED, subject=f"RM-{remedy_id}", actor=actor, at=now, case_id=at.case_id, kind="refund", nature="goodwill",
            amount=amount, reason="cold room", decision=at.decision, policy_version=1, receipt="", )  # fmt: skip
        run(insert(CaseEvent).values(case_id=at.case_id, at=now, kind="remedy", actor_id=at.ana.id, text="", data={}))
        hold_id = run(insert(Hold).values(
            remedy_id=remedy_id, customer_id=at.customer_id, currency="GBP", amount_minor=100, counted_minor=100,
            state="reserved", held_at=now, expires_at=now + timedelta(days=14),
        )).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
        transfer_id = run(insert(LedgerTransfer).values(
            kind="reserve", hold_id=hold_id, amount_minor=100, currency="GBP", at=now, actor_id=at.ana.id,
        )).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
        run(insert(LedgerEntry), [
            {"transfer_id": transfer_id, "purse_id": purse_id, "bucket": bucket, "amount_minor": minor}
            for purse_id, _unit in at.purses for bucket, minor in (("available", -100), ("reserved", 100))
        ])  # fmt: skip
        run(insert(HoldShare), [
            {"hold_id": hold_id, "purse_id": purse_id, "held_at": now, "reserved_minor": 100, "settled_minor": 0, "granted": False}
            for purse_id, unit in at.purses if unit in ROLLING
        ])  # fmt: skip
        audit.record(
            RESERVED,
            subject=f"RM-{remedy_id}",
            actor=actor,
            at=now,
            case_id=at.case_id,
            amount=amount,
            purses=[],
            granted=[],
        )
        for purse_id, _unit in at.purses:
            run(
                update(Purse)
                .where(Purse.id == purse_id, Purse.reserved_minor + Purse.settled_minor + 100 <= 10**11)
                .values(reserved_minor=Purse.reserved_minor + 100)
                .execution_options(synchronize_session=False)
            )
        run(insert(Intent).values(actor=actor.label, key=secrets.token_urlsafe(12), fingerprint="0", answer={}, at=now))


def rows_of(deed: Callable[[], Any]) -> dict[str, int]:
    """How many rows a deed adds, by table."""

    def counts() -> dict[str, int]:
        tables = Base.metadata.sorted_tables
        found = {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
        db.session.rollback()
        return found

    before = counts()
    deed()
    return {name: number - before[name] for name, number in counts().items() if number != before[name]}


def compare_rows(at: Stage) -> None:
    """Raise where the bare script and the product no longer write equally many rows into the same tables."""
    with at.app.app_context():
        ours, bares = rows_of(lambda: give(at.ana, at.case_id, 100)), rows_of(lambda: bare(at))
        db.session.remove()
    assert ours == bares, f"the product writes {ours}, the bare script {bares}"


def authorise(at: Stage, database: str, seconds: float) -> None:
    def ours() -> None:
        give(at.ana, at.case_id, 100)

    def theirs() -> None:
        bare(at)

    compare_rows(at)
    for clients in (1, 8, 32):
        figures = {name: paced(at.app, deed, clients, seconds) for name, deed in (("floor", theirs), ("product", ours))}
        ratio = figures["product"]["per_second"] / figures["floor"]["per_second"]
        emit("4 authorise on a hot purse", database=database, clients=clients, ratio_to_floor=ratio, **figures)


def paced(app: Flask, deed: Callable[[], None], clients: int, seconds: float) -> dict[str, float]:
    """Run a deed by `clients` threads for some seconds; per second, p99 and the longest in milliseconds."""
    until, took, lock = time.monotonic() + seconds, [0.0], threading.Lock()

    def work(_number: int) -> None:
        mine = []
        while time.monotonic() < until:
            began = time.perf_counter()
            with app.app_context():
                deed()
                db.session.remove()
            mine.append((time.perf_counter() - began) * 1_000)
        with lock:
            took.extend(mine)

    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    done = len(took) - 1
    return {"per_second": done / (time.monotonic() - began), "p99_ms": percentile(took, 0.99), "longest_ms": max(took)}


def grow(at: Stage, wanted: int) -> None:
    """Add past remedies with holds, and shares of this customer's windows for one in a thousand, until there are `wanted`."""
    rolling = [purse_id for purse_id, unit in at.purses if unit in ROLLING]
    now = utc_now()
    while (done := db.session.scalar(select(func.count()).select_from(Remedy)) or 0) < wanted:
        instants = [now - timedelta(minutes=number % 500_000) for number in range(done, min(done + BATCH, wanted))]
        with transaction():
            _add(at, instants, rolling)
            said = {
                "kind": "refund",
                "nature": "goodwill",
                "amount_minor": 100,
                "currency": "GBP",
                "at": now.isoformat(),
            }
            audit.record_many([audit.Entry(IMPORTED, "bench", said)], actor=command("bench"), at=now)
        db.session.remove()


def _add(at: Stage, instants: list[datetime], rolling: list[int]) -> None:
    remedies = [
        {"case_id": at.case_id, "customer_id": None if number % 1_000 else at.customer_id, "employee_id": at.ana.id,
         "site_id": at.ana.site_id, "kind": "refund", "nature": "goodwill", "amount_minor": 100, "currency": "GBP",
         "state": "settled", "reason": "", "created_at": then, "ended_at": then, "historic": True, "version": 1}
        for number, then in enumerate(instants)
    ]  # fmt: skip
    ids = (
        db.session.execute(insert(Remedy).returning(Remedy.id, sort_by_parameter_order=True), remedies).scalars().all()
    )
    holds = [
        {"remedy_id": remedy_id, "customer_id": row["customer_id"], "currency": "GBP", "amount_minor": 100,
         "counted_minor": 100, "state": "settled", "held_at": row["created_at"],
         "expires_at": row["created_at"] + timedelta(days=14)}
        for remedy_id, row in zip(ids, remedies, strict=True)
    ]  # fmt: skip
    held = db.session.execute(insert(Hold).returning(Hold.id, sort_by_parameter_order=True), holds).scalars().all()
    db.session.execute(insert(HoldShare), [
        {"hold_id": hold_id, "purse_id": purse_id, "held_at": row["held_at"], "reserved_minor": 0, "settled_minor": 100,
         "granted": False}
        for hold_id, row in zip(held, holds, strict=True) if row["customer_id"] for purse_id in rolling
    ])  # fmt: skip


def can_i(at: Stage, database: str, sizes: list[int], times: int) -> None:
    """Ask beside ever longer pasts; the ratio is to the shortest."""
    first = None
    with at.app.app_context():
        for size in sizes:
            grow(at, size)
            took = []
            for _ in range(times):
                began = time.perf_counter()
                queries.can_i(
                    case_id=at.case_id, kind="refund", amount=Money(100, "GBP"), actor=at.ana.actor, now=utc_now()
                )
                took.append((time.perf_counter() - began) * 1_000)
                db.session.rollback()
            middle = percentile(took, 0.5)
            first = first or middle
            emit(
                '"Can I?" beside past remedies',
                database=database,
                remedies=size,
                p50_ms=middle,
                ratio_to_first=middle / first,
            )
        db.session.remove()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    asked.add_argument("--seconds", type=float, default=2.0)
    asked.add_argument(
        "--remedies", type=int, nargs="*", default=[10_000], help="sizes of the past, e.g. 10000 1000000"
    )
    asked.add_argument("--times", type=int, default=200)
    asked.add_argument(
        "--past", action="store_true", help='only "Can I?" beside 10,000 and 1,000,000 remedies, on both databases'
    )
    given = asked.parse_args()
    if given.past:
        sizes = given.remedies if len(given.remedies) > 1 else past.SIZES
        raise SystemExit(0 if past.measure(stage, sizes, given.times) else 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        url = f"sqlite:///{folder / 'bench.db'}" if given.db == "sqlite" else stack.enter_context(postgres.server())
        at = stage(url, folder)
        authorise(at, given.db, given.seconds)
        can_i(at, given.db, given.remedies, given.times)
        with at.app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
