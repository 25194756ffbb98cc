"""How many requests one token, or one address without a valid token, may make: a bucket that refills steadily."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from threading import Lock


@dataclass(slots=True)
class _Bucket:
    left: float
    at_seconds: float


class Limiter:
    """`burst` requests at once, then `per_minute` of them; kept per process, so N processes allow N times as much."""

    def __init__(self, per_minute: int, burst: int, *, known_max: int = 10_000) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._known_max = known_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._guard = Lock()

    def wait_seconds(self, who: str, now_seconds: float, *, cost: int = 1) -> int:
        """Take one turn and return 0, or return after how many whole seconds (at least 1) there is one.

        now_seconds: a monotonic clock. cost 0 only asks.
        """
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
