"""Where higher rooms follow a customer's changes, inside the same transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Merge:
    """Customers became one, or are two again. numbers: all who count as one before or after it."""

    customer_id: int
    root_id: int
    numbers: tuple[int, ...]
    is_merged: bool


# Each is called after the numbers were changed; one that raises a Refusal keeps the merge, or the taking apart, from happening.
on_merge: list[Callable[[Merge, Actor, datetime], None]] = []
