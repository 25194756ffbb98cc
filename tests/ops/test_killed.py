"""kill -9 of web server, scheduler and database amid mixed work: afterwards nothing acknowledged is lost or done twice.

SQLite has no process of its own: whoever writes is the database, so killing the web server amid a commit kills it too.
PostgreSQL's postmaster and all of its processes are killed twice a round: once under a web server that lives on, once with everything else.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import create_app
from app.api import idempotency
from app.api.models import IdempotencyAnswer
from app.audit.jobs import seal_pending
from app.cases.models import Case
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.references import parse_ref
from app.remedies.models import Remedy
from tests import postgres
from tests.api.client import Api, a_company
from tests.conftest import DATABASES, build_schema, settings_for
from tests.counts import count
from tests.ops.mixed_work import Deed, Desk, kill, replay, started, status_of
from tests.ops.test_serve import wait_until
from tests.remedies.builders import publish_policy

ROUNDS = count(20, 1)
DEEDS = count(500, 40)  # the kill comes after a random share of them
WRITERS = 4
ASKED_AGAIN = 40  # of what was acknowledged, over HTTP; the stored answers of all are compared
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class Machine:
    """The application on a database that can be killed; `cluster` is None where the database is the process that uses it."""

    def __init__(self, app: Flask, cluster: postgres.Cluster | None) -> None:
        self.app, self.cluster = app, cluster
        self.running: list[int] = []
        self.port = 0

    def start(self) -> None:
        self.port, self.running = started(self.app)

    def kill_everything(self) -> None:
        if self.cluster:
            self.cluster.kill()
        kill(self.running)
        self.running = []
        if self.cluster:
            self.cluster.start()
        wait_until(_alone, "somebody is still connected")


@pytest.fixture(params=DATABASES)
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("MAKEGOOD_INSTANCE", str(tmp_path))
    monkeypatch.setattr(idempotency, "STALE_SECONDS", 1)  # who held a key is known to be dead here
    with ExitStack() as stack:
        cluster = stack.enter_context(postgres.cluster(**DURABLE)) if request.param == "postgresql" else None
        url = cluster.url if cluster else f"sqlite:///{tmp_path}/killed.db"
        build_schema(url, tmp_path)
        app = create_app(
            settings_for(url, tmp_path), TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=False,
            API_PER_MINUTE=1_000_000, API_BURST=1_000_000,  # which outlive a killed server, being shared
        )  # fmt: skip
        stack.enter_context(app.app_context())
        made = Machine(app, cluster)
        try:
            yield made
        finally:
            kill(made.running)
            db.session.remove()
            db.engine.dispose()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(machine: Machine) -> None:
    company = a_company(machine.app)
    publish_policy()
    ana, sam = (Api(machine.app, person).token for person in (company.ana, company.sam))
    draw = random.Random(20_261_122)
    done: list[Deed] = []
    for number in range(ROUNDS):
        machine.start()
        replay(machine.port, worth_asking(done[-DEEDS:]))
        shares = [draw.randrange(DEEDS // 2, DEEDS)]
        if machine.cluster:
            shares = [shares[0] // 2, shares[0] // 2]
            done += under_a_lost_database(machine, Desk(machine.port, ana, sam, draw), shares.pop())
        desk = Desk(machine.port, ana, sam, draw)
        work_until(desk, shares.pop(), machine.kill_everything)
        done += desk.deeds
        assert broken() == [], number
        assert lost(done[-DEEDS:]) == [], number
    machine.start()
    replay(machine.port, worth_asking(done[-DEEDS:]))
    machine.kill_everything()
    assert broken() == []
    assert lost(done) == []
    asked = [deed for deed in done if deed.path.endswith(("/remedies", "/exceptions")) and deed.status in (200, 201)]
    remedies = db.session.scalar(select(func.count()).select_from(Remedy))
    assert remedies == len({deed.answer.get("remedy") or deed.answer["ref"] for deed in asked}) == len(asked)


def under_a_lost_database(machine: Machine, desk: Desk, until: int) -> list[Deed]:
    """Kill the database alone: the web server lives on, says so, and works again by itself once the database is back."""
    assert machine.cluster
    work_until(desk, until, machine.cluster.kill)
    assert (status_of(machine.port, "/livez"), status_of(machine.port, "/readyz")) == (200, 503)
    machine.cluster.start()
    wait_until(lambda: status_of(machine.port, "/readyz") == 200, "the web server did not find its database again")
    replay(machine.port, worth_asking(desk.deeds))
    return desk.deeds


def work_until(desk: Desk, until: int, end: Callable[[], None]) -> None:
    threads = desk.start(WRITERS)
    while (known := desk.known) < until:
        wait_until(lambda: desk.known > known, "the writers stood still")
    end()
    for thread in threads:
        thread.join()
    assert desk.unexpected == []


def worth_asking(deeds: list[Deed]) -> list[Deed]:
    """What nobody knows about, and the last of what was acknowledged, in the order in which it was sent."""
    known = [deed for deed in deeds if deed.status is not None][-ASKED_AGAIN:]
    return [deed for deed in deeds if deed.status is None or deed in known]


def lost(deeds: list[Deed]) -> list[str]:
    """Paths of what was acknowledged and is not there: its stored answer, and the case or remedy that it names."""
    told = {deed.key: deed for deed in deeds if deed.status is not None}
    rows = db.session.execute(
        select(IdempotencyAnswer.key, IdempotencyAnswer.status, IdempotencyAnswer.body).where(
            IdempotencyAnswer.key.in_(told)
        )
    )
    kept = {key: (status, json.loads(body)) for key, status, body in rows if status is not None}
    there = {"case": set(db.session.scalars(select(Case.id))), "remedy": set(db.session.scalars(select(Remedy.id)))}
    db.session.remove()
    missing = [one.path for key, one in told.items() if kept.get(key) != (one.status, one.answer)]
    for noun, ending in (("case", "/cases"), ("remedy", "/remedies")):
        made = [one for one in told.values() if one.path.endswith(ending) and one.status == 201]
        missing += [one.path for one in made if parse_ref(noun, one.answer["ref"]) not in there[noun]]
    return missing


def broken() -> list[str]:
    db.session.remove()
    while seal_pending(everything=True):
        pass
    found = [sentence for part in invariants.parts() for sentence in invariants.violations(part)]
    db.session.remove()
    return found


def _alone() -> bool:
    """PostgreSQL notices only after a while that nobody listens to a statement any more."""
    if db.engine.dialect.name == "sqlite":
        return True
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    found = db.session.scalar(others)
    db.session.rollback()
    return found == 0
