"""What this process has answered: counts and durations for Prometheus, kept in memory."""

import os
import threading
import time
from collections import Counter

from flask import Flask, Response, g, request

BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.3, 0.8, 2.0, 5.0)
_KEY = "makegood_counters"


class Counters:
    """Requests by status class, and how long they took; endpoints aren't labels, so that series stay few."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.buckets: Counter[float] = Counter()
        self.seconds = 0.0
        self.count = 0

    def add(self, status: int, seconds: float) -> None:
        with self._guard:
            self.requests[f"{status // 100}xx"] += 1
            self.seconds += seconds
            self.count += 1
            for bound in BUCKETS_SECONDS:
                if seconds <= bound:
                    self.buckets[bound] += 1


def of(app: Flask) -> Counters:
    counters: Counters = app.extensions.setdefault(_KEY, Counters())
    return counters


def register(app: Flask) -> None:
    """Count every answer of this application."""
    counters = of(app)

    def start() -> None:
        g.ops_started = time.perf_counter()

    def count(answer: Response) -> Response:
        if request.endpoint not in ("ops.livez", "ops.readyz", "ops.prometheus"):
            counters.add(answer.status_code, time.perf_counter() - g.get("ops_started", time.perf_counter()))
        return answer

    app.before_request(start)
    app.after_request(count)


def labels() -> dict[str, str]:
    return {"process": str(os.getpid())}
