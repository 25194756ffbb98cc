"""Closed-loop load on this machine: threads without think time, every loop bounded, loopback only."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def emit(bench: str, **figures: Any) -> None:
    """Print one benchmark's line; every figure is a measured one."""
    print(
        json.dumps({"bench": bench, "cores": os.cpu_count(), **{k: _short(v) for k, v in figures.items()}}), flush=True
    )


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    return value


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(target: str, env: dict[str, str], workers: int = 2) -> Iterator[int]:
    """Serve a WSGI target by gunicorn gthread with 4 threads a worker; yields the port."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", target, "-b", f"127.0.0.1:{port}", "-k", "gthread", "-w", str(workers), "--threads", "4",
        "--log-level", "error", "--chdir", str(ROOT), "-c", "python:tests.bench.load",
    ]  # fmt: skip
    child = subprocess.Popen(command, env={**os.environ, **env}, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(15)


def load(
    port: int,
    method: str,
    path: str,
    *,
    clients: int,
    seconds: float,
    headers: dict[str, str] | None = None,
    body: Any = None,
    ok: int = 200,
) -> dict[str, float]:
    """Send requests for `seconds` from `clients` threads; body may be a callable giving a fresh one each time."""
    waits: list[float] = []
    bad: list[int] = []
    end = time.monotonic() + seconds

    def run() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < end:
            started = time.perf_counter()
            connection.request(method, path, body=body() if callable(body) else body, headers=headers or {})
            answer = connection.getresponse()
            answer.read()
            waits.append((time.perf_counter() - started) * 1000)
            if answer.status != ok:
                bad.append(answer.status)
        connection.close()

    started = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not bad, f"{method} {path}: unexpected answers {sorted(set(bad))}"
    return {
        "rps": len(waits) / (time.monotonic() - started),
        "p50_ms": median(waits),
        "p99_ms": percentile(waits, 0.99),
        "requests": float(len(waits)),
    }
