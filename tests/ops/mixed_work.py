"""Writers who log, note, give, settle, release, ask and decide over HTTP, and what they were told; for tests that kill what serves them."""

import http.client
import json
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from flask import Flask

from app.kernel.database import db
from app.ops.jobs import all_jobs
from app.ops.processes import fork_web
from app.ops.scheduler import Runner
from tests.api.client import NOISE
from tests.ops.test_serve import free_port, wait_until

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
    """Several people at work until the server is gone, or says that its database is."""

    def __init__(self, port: int, ana: str, sam: str, draw: random.Random) -> None:
        self.port, self.ana, self.sam, self.draw = port, ana, sam, draw
        self.deeds: list[Deed] = []
        self.known = 0
        self.unexpected: list[Deed] = []
        self._guard = threading.Lock()

    def start(self, writers: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._work) for _ in range(writers)]
        for thread in threads:
            thread.start()
        return threads

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            while True:
                self._one_case(connection)
        except (OSError, http.client.HTTPException, ValueError):
            return  # the server is gone; what was under way stays unknown
        finally:
            connection.close()

    def _one_case(self, connection: http.client.HTTPConnection) -> None:
        case = self._do(connection, "/cases", NOISE)["ref"]
        self._do(connection, f"/cases/{case}/notes", {"text": "They wait in the lobby."})
        given = self._do(connection, f"/cases/{case}/remedies", {**GIVEN, "amount": money("2.00")})
        if "ref" in given:
            end = "settlement" if self.draw.random() < 0.7 else "release"
            body = {} if end == "settlement" else {"outcome": "declined"}
            self._do(connection, f"/remedies/{given['ref']}/{end}", body)
        asked = self._do(connection, f"/cases/{case}/exceptions", {**GIVEN, "amount": money("500.00")})
        if "ref" in asked:
            decision = {"outcome": "approved", "reason": "They are right."}
            self._do(connection, f"/exceptions/{asked['ref']}/decisions", decision, self.sam)

    def _do(
        self, connection: http.client.HTTPConnection, path: str, body: dict[str, Any], token: str = ""
    ) -> dict[str, Any]:
        with self._guard:
            deed = Deed(path, body, token or self.ana, f"deed-{uuid4()}")
            self.deeds.append(deed)
        ask(connection, deed)
        if deed.status == 503:  # without a database nothing is acknowledged: unknown until it is asked again
            deed.status = None
            raise ConnectionError
        with self._guard:
            self.known += 1
            if deed.status not in (200, 201, 409, 422):
                self.unexpected.append(deed)
                raise ConnectionError(f"{path} was answered {deed.status}")
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


def replay(port: int, deeds: list[Deed]) -> None:
    """Send everything again under its key: what was acknowledged is answered as before, what was unknown is known now."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for deed in deeds:
        before = (deed.status, deed.answer)
        for _try in range(40):
            ask(connection, deed)
            if deed.status not in (409, 503) or "in-flight" not in str(deed.answer.get("type", "in-flight")):
                break
            time.sleep(0.2)  # what died holding the key is taken over when it is stale
        if before[0] is not None:
            assert (deed.status, deed.answer) == before, deed.path
    connection.close()


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


def status_of(port: int, path: str) -> int:
    """Return the status, or 0 while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def started(app: Flask) -> tuple[int, list[int]]:
    """Fork a web server and a scheduler of the application that is loaded already; returns the port and both."""
    db.session.remove()
    db.engine.dispose()
    port = free_port()
    workers = 1 if db.engine.dialect.name == "sqlite" else 2
    both = [fork_web(app, "127.0.0.1", port, workers), fork_scheduler(app)]
    wait_until(lambda: status_of(port, "/livez") == 200, "no page was answered")
    return port, both


def kill(groups: list[int]) -> None:
    for group in groups:
        os.killpg(group, signal.SIGKILL)
    for group in groups:
        os.waitpid(group, 0)
