"""How many requests one token, or one address without a valid token, may make: a bucket that refills steadily."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from threading import Lock

from app.kernel.shared_limits import SharedWindow


@dataclass(slots=True)
class _Bucket:
    left: float
    at_seconds: float


class Limiter:
    """`burst` requests at once, then `per_minute` of them, kept by this process.

    shared: the name under which all web processes together allow `per_minute` (or `burst`, where that is more), see
    shared_limits; each tells the others after `batch` requests.
    """

    def __init__(
        self, per_minute: int, burst: int, *, known_max: int = 10_000, shared: str | None = None, batch: int = 10
    ) -> None:
        self._per_minute = per_minute
        self._shared = SharedWindow(shared, batch=batch, known_max=known_max) if shared else None
        self._per_second = per_minute / 60
        self._burst = burst
        self._known_max = known_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._guard = Lock()

    def wait_seconds(self, who: str, now_seconds: float, *, cost: int = 1) -> int:
        """Take one turn and return 0, or return after how many whole seconds (at least 1) there is one.

        now_seconds: a monotonic clock. cost 0 only asks.
        """
        wait = self._wait_here(who, now_seconds, cost)
        if wait or self._shared is None or not cost:
            return wait
        return self._shared.wait_seconds(who, max(self._per_minute, self._burst))

    def _wait_here(self, who: str, now_seconds: float, cost: int) -> int:
        with self._guard:
            bucket = self._buckets.pop(who, None) or _Bucket(self._burst, now_seconds)
            passed = max(0.0, now_seconds - bucket.at_seconds)
            bucket.left = min(self._burst, bucket.left + passed * self._per_second)
            bucket.at_seconds = now_seconds
            self._buckets[who] = bucket
            while len(self._buckets) > self._known_max:
                self._buckets.popitem(last=False)
            if bucket.left < 1:
                return max(1, ceil((1 - bucket.left) / self._per_second))
            bucket.left -= cost
            return 0
