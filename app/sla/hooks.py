"""What higher rooms may add when a breach is kept or a deadline moves by itself; it runs inside the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

# Each is called with (case_id, milestone, now) when a missed deadline is recorded, once a clock and before anybody is told.
on_breach: list[Callable[[int, str, datetime], None]] = []

# Each is called with {case_id: the earliest open deadline or None} and now, when no deed on the case itself moved it.
on_moved: list[Callable[[dict[int, datetime | None], datetime], None]] = []

# What targets ask of cases beside their severity: given case ids, {case_id: (segment, channel)}.
traits_of: Callable[[Sequence[int]], dict[int, tuple[str | None, str | None]]] | None = None

# Told the cases whose clocks are about to be locked, so that their rows are locked first, as by a deed on the case itself.
lock_cases: Callable[[Sequence[int]], None] | None = None

# Milestones whose clocks belong to nobody in particular: given the records of such clocks and now, who is to act on each.
acting: dict[str, Callable[[Sequence[str], datetime], dict[str, list[int]]]] = {}

# Their pages: the address of a record, for the notice.
addresses: dict[str, str] = {}
