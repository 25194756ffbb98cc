"""kill -9 of the web server and the scheduler amid mixed work: after a restart nothing acknowledged is lost or done twice."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.api import idempotency
from app.audit.jobs import seal_pending
from app.kernel import invariants
from app.kernel.database import db
from app.ops.jobs import all_jobs
from app.ops.processes import fork_web
from app.ops.scheduler import Runner
from app.remedies.models import Remedy
from tests.api.client import NOISE, Api, a_company
from tests.counts import count
from tests.ops.test_serve import free_port, wait_until
from tests.remedies.builders import publish_policy

ROUNDS = count(20, 1)
DEEDS = count(500, 40)  # a round's kill comes after a random share of them
WRITERS = 4
GIVEN = {"kind": "refund", "reason": "Two hours without a room."}


@dataclass
class Deed:
    """One request with its key; status None while nobody knows whether it was done."""

    path: str
    body: dict[str, Any]
    token: str
    key: str
    status: int | None = None
    answer: dict[str, Any] = field(default_factory=dict)


class Desk:
    """Writers who log, give, settle, release, note, ask and decide over HTTP until the server is gone."""

    def __init__(self, port: int, ana: str, sam: str, draw: random.Random) -> None:
        self.port, self.ana, self.sam, self.draw = port, ana, sam, draw
        self.deeds: list[Deed] = []
        self.known = 0
        self._guard = threading.Lock()

    def work(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            while True:
                case = self._do(connection, "/cases", NOISE)["ref"]
                self._do(connection, f"/cases/{case}/notes", {"text": "She waits in the lobby."})
                given = self._do(connection, f"/cases/{case}/remedies", {**GIVEN, "amount": money("2.00")})
                if "ref" in given:
                    end = "settlement" if self.draw.random() < 0.7 else "release"
                    body = {} if end == "settlement" else {"outcome": "declined"}
                    self._do(connection, f"/remedies/{given['ref']}/{end}", body)
                asked = self._do(connection, f"/cases/{case}/exceptions", {**GIVEN, "amount": money("500.00")})
                if "ref" in asked:
                    decision = {"outcome": "approved", "reason": "She is right."}
                    self._do(connection, f"/exceptions/{asked['ref']}/decisions", decision, self.sam)
        except (OSError, http.client.HTTPException, ValueError):
            return  # the server is gone; what was under way stays unknown

    def _do(
        self, connection: http.client.HTTPConnection, path: str, body: dict[str, Any], token: str = ""
    ) -> dict[str, Any]:
        with self._guard:
            deed = Deed(path, body, token or self.ana, f"deed-{self.port}-{len(self.deeds)}")
            self.deeds.append(deed)
        ask(connection, deed)
        with self._guard:
            self.known += 1
        return deed.answer


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "GBP"}


def ask(connection: http.client.HTTPConnection, deed: Deed) -> None:
    headers = {
        "Authorization": f"Bearer {deed.token}", "Idempotency-Key": deed.key, "Content-Type": "application/json",
        "Host": "localhost",
    }  # fmt: skip
    connection.request("POST", f"/api/v1{deed.path}", json.dumps(deed.body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    deed.status, deed.answer = answer.status, said


def fork_scheduler(app: Flask) -> int:
    """All jobs, in a process of their own; the lease is short, so that the next one need not wait."""
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        Runner(app, all_jobs(db.engine.dialect.name), lease_seconds=2).start()
        while True:
            time.sleep(60)
    finally:
        os._exit(1)


def is_listening(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def started(app: Flask) -> tuple[int, list[int]]:
    """Fork a web server and a scheduler of the application that is loaded already; returns the port and both."""
    db.session.remove()
    db.engine.dispose()
    port = free_port()
    workers = 1 if db.engine.dialect.name == "sqlite" else 2
    both = [fork_web(app, "127.0.0.1", port, workers), fork_scheduler(app)]
    wait_until(lambda: is_listening(port), "no page was answered")
    return port, both


def kill(groups: list[int]) -> None:
    for group in groups:
        os.killpg(group, signal.SIGKILL)
    for group in groups:
        os.waitpid(group, 0)


def alone() -> bool:
    """PostgreSQL notices only after a while that nobody listens to a statement any more."""
    if db.engine.dialect.name == "sqlite":
        return True
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    found = db.session.scalar(others)
    db.session.rollback()
    return found == 0


def broken() -> list[str]:
    db.session.remove()
    while seal_pending(everything=True):
        pass
    found = [sentence for part in invariants.parts() for sentence in invariants.violations(part)]
    db.session.remove()
    return found


def replay(port: int, deeds: list[Deed]) -> None:
    """Send everything again under its key: what was acknowledged is answered as before, what was unknown is known now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for deed in deeds:
        before = (deed.status, deed.answer)
        for _try in range(40):
            ask(connection, deed)
            if deed.status != 409 or not str(deed.answer.get("type", "")).endswith("in-flight"):
                break
            time.sleep(0.2)  # what died holding the key is taken over when it is stale
        if before[0] is not None:
            assert (deed.status, deed.answer) == before, deed.path
    connection.close()


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEGOOD_INSTANCE", str(tmp_path))
    monkeypatch.setattr(idempotency, "STALE_SECONDS", 1)  # who held a key is known to be dead here
    company = a_company(app)
    publish_policy()
    ana, sam = (Api(app, person).token for person in (company.ana, company.sam))
    draw = random.Random(20_261_122)
    done: list[Deed] = []
    running: list[int] = []
    try:
        for number in range(ROUNDS):
            port, running = started(app)
            replay(port, done[-DEEDS:])
            desk = Desk(port, ana, sam, draw)
            until = draw.randrange(DEEDS // 2, DEEDS)
            writers = [threading.Thread(target=desk.work, args=(one,)) for one in range(WRITERS)]
            for writer in writers:
                writer.start()
            wait_until(lambda: desk.known >= until, "the writers stood still")  # noqa: B023  waited for here
            kill(running)
            running = []
            for writer in writers:
                writer.join()
            wait_until(alone, "somebody is still connected")
            assert broken() == [], number
            done += desk.deeds
            assert {deed.status for deed in desk.deeds} <= {None, 200, 201, 409, 422}
        port, running = started(app)
        replay(port, done[-DEEDS:])
    finally:
        kill(running)
    wait_until(alone, "somebody is still connected")
    assert broken() == []
    asked = [deed for deed in done if deed.path.endswith(("/remedies", "/exceptions")) and deed.status in (200, 201)]
    assert count_of(Remedy) == len({deed.answer.get("remedy") or deed.answer["ref"] for deed in asked}) == len(asked)


def count_of(model: type) -> int:
    found: Callable[..., Any] = db.session.scalar
    return int(found(select(func.count()).select_from(model)))
