"""What higher rooms may add when a notice is given; it runs inside the same transaction."""

from collections.abc import Callable
from datetime import datetime

# Each is called with (case_id, milestone, threshold, now); threshold is "soon" or "breach".
on_notice: list[Callable[[int, str, str, datetime], None]] = []
