"""Stories told side by side in the order of time: each says how long it rests, and the clock never goes back."""

import gc
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from app.kernel.transactions import transaction

Story = Iterator[timedelta]
# Deeds that share a commit. Each is still one action with its own audit entry.
TOGETHER = 40


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage less often: a year makes much of it, and nearly all of it goes by itself."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Clockwork:
    """The demo's own clock. A story is a generator: it does a deed at `now` and yields how long until its next one."""

    def __init__(self, now: datetime, end: datetime) -> None:
        self.now = now
        self.end = end
        self.steps = 0
        self._order = 0
        self._waiting: list[tuple[datetime, int, Story]] = []

    def tell(self, story: Story, at: datetime) -> None:
        """Let a story begin at an instant, or at once when that is past."""
        self._order += 1
        heapq.heappush(self._waiting, (max(at, self.now), self._order, story))

    def run(self, tick: Callable[[datetime], None] | None = None) -> None:
        """Tell every story up to the end; what would come later stays untold."""
        with _rare_collections():
            while self._is_due():
                with transaction():
                    for _ in range(TOGETHER):
                        if not self._is_due():
                            break
                        self._step()
                if tick:
                    tick(self.now)

    def _is_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= self.end

    def _step(self) -> None:
        at, _order, story = heapq.heappop(self._waiting)
        assert at >= self.now, "the demo clock only rises"
        self.now = at
        self.steps += 1
        rest = next(story, None)
        if rest is not None:
            self.tell(story, at + rest)
