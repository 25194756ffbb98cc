"""`flask serve`: the pages and the scheduler beside them, and one Ctrl-C for both."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from app.ops.processes import is_free

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, database: Path) -> dict[str, str]:
    own = {"MAKEGOOD_ENV": "development", "MAKEGOOD_INSTANCE": str(folder), "DATABASE_URL": f"sqlite:///{database}"}
    return {**os.environ, **own}


def start(folder: Path, database: Path, port: int, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port), *more],
        cwd=ROOT,
        env=environment(folder, database),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def readiness(port: int) -> tuple[int, list[str]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status, json.load(answer)["failed"]
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)["failed"]


def wait_until(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not done():
        assert time.monotonic() < until, what
        time.sleep(0.2)


def children_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_one_signal_drains_and_stops_the_server_and_the_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "served.db"
    upgraded = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
        cwd=ROOT, env=environment(tmp_path, database), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert upgraded.returncode == 0, upgraded.stderr
    port = free_port()
    monkeypatch.setenv("MAKEGOOD_DRAIN_SECONDS", "3")
    server = start(tmp_path, database, port)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/livez"), "no page was answered")
        beside = children_of(server.pid)
        assert len(beside) == 2
        assert not is_free("127.0.0.1", port)
        assert readiness(port) == (200, [])
    finally:
        server.send_signal(signal.SIGINT)
        # Whoever balances is told first; until then requests are still answered.
        wait_until(lambda: readiness(port) == (503, ["draining"]), "readiness stayed")
        said, _ = server.communicate(timeout=SECONDS_MAX)
    assert server.returncode == 0, said
    assert f"http://127.0.0.1:{port}" in said
    assert is_free("127.0.0.1", port)
    assert not any(Path(f"/proc/{pid}").exists() for pid in beside)


@pytest.mark.slow
def test_a_taken_port_and_an_old_schema_are_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        said, _ = start(tmp_path, tmp_path / "empty.db", port).communicate(timeout=SECONDS_MAX)
        assert f"port {port} on 127.0.0.1 is taken" in said
    server = start(tmp_path, tmp_path / "empty.db", free_port())
    said, _ = server.communicate(timeout=SECONDS_MAX)
    assert (server.returncode, "db upgrade" in said) == (1, True), said
