"""What higher rooms may add when a notice is given or a deadline moves by itself; it runs inside the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

# threshold is a step of the ladder: half, soon, near, breach, level1, level2 or level3.
# Each is called with (case_id, milestone, threshold, now).
on_notice: list[Callable[[int, str, str, datetime], None]] = []

# Each is called with {case_id: the earliest open deadline or None} and now, when no deed on the case itself moved it.
on_moved: list[Callable[[dict[int, datetime | None], datetime], None]] = []

# What targets ask of cases beside their severity: given case ids, {case_id: (segment, channel)}.
traits_of: Callable[[Sequence[int]], dict[int, tuple[str | None, str | None]]] | None = None
