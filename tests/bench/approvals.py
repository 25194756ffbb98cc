"""`python -m tests.bench.approvals [--requests N] [--db sqlite|postgresql]`: the inbox of exceptions beside the queue page.

Goal: with 500 open requests in one inbox its first page takes at most 1.5x the queue's first page in the same run. Both are
asked in turn by the same signed-in supervisor, in this process, so that neither meets another machine. One JSON line.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from flask.testing import FlaskClient

from app import create_app
from app.approvals.models import ExceptionRequest
from app.kernel.database import db
from app.kernel.migrations import upgrade
from tests import postgres
from tests.approvals.builders import make_request
from tests.bench.load import emit
from tests.conftest import _admin, _database, settings_for
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import publish_policy

RATIO_MAX = 1.5
WARM, ROUNDS = 5, 60


def measure(url: str, folder: Path, requests: int, database: str) -> bool:
    """Fill one inbox, ask both pages in turn, and tell whether the goal was met."""
    app = create_app(settings_for(url, folder), TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        upgrade(db.engine)
        company = make_company()
        publish_policy()
        for _number in range(requests):
            make_request(company.ana)
        assert db.session.query(ExceptionRequest).filter_by(state="waiting").count() == requests
        db.session.remove()
    client = app.test_client()
    with app.app_context():
        sign_in(client, company.sam)
    pages: dict[str, Callable[[], float]] = {
        "queue": lambda: _seconds(client, "/cases"),
        "inbox": lambda: _seconds(client, "/exceptions"),
    }
    took: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(WARM + ROUNDS):
        for name, ask in pages.items():
            seconds = ask()
            if number >= WARM:
                took[name].append(seconds * 1_000)
    middle = {name: statistics.median(values) for name, values in took.items()}
    ratio = middle["inbox"] / middle["queue"]
    emit(
        "11 inbox of exceptions", database=database, requests=requests, rounds=ROUNDS, queue_ms=round(middle["queue"], 2),
        inbox_ms=round(middle["inbox"], 2), ratio_to_queue=round(ratio, 3), goal=RATIO_MAX, is_met=ratio <= RATIO_MAX,
    )  # fmt: skip
    with app.app_context():
        db.engine.dispose()
    return ratio <= RATIO_MAX


def _seconds(client: FlaskClient, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - began
    assert answer.status_code == 200, (path, answer.status_code)
    return took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--db", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    is_met = True
    for database in options.db:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if database == "sqlite":
                url = f"sqlite:///{folder}/inbox.db"
            else:
                server = stack.enter_context(postgres.server())
                _admin(server, 'CREATE DATABASE "inbox"')
                url = _database(server, "inbox")
            is_met = measure(url, folder, options.requests, database) and is_met
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
