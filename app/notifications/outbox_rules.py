"""When a delivery is tried again, and when it is given up. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

ATTEMPTS_MAX = 48
LEASE_SECONDS = 60
BACKOFF_SECONDS = (30, 3_600)


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel is asked to deliver. `number` counts the tries from 1; `key` is the same in all of them.

    tries_left: with this one; what is tried again by hand has all of them anew.
    """

    id: int
    channel: str
    key: str
    payload: dict[str, Any]
    at: datetime
    number: int
    tries_left: int


class NotDelivered(Exception):
    """A channel says that a try failed, in words without secrets. final: no further try can help.

    unknown: the message was handed over and no answer came, so it may have arrived; it is not sent again by itself.
    """

    def __init__(self, reason: str, *, final: bool = False, unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final, self.unknown = reason, final, unknown


def wait(message_id: int, tries_left: int) -> timedelta:
    """How long to wait after a try that failed; it had `tries_left`, itself counted.

    Doubles from 30 s to 1 h, ± 20 % that differ from message to message.
    Worked values without the spread: 30 s, 60 s, 120 s, … 1,920 s, then 3,600 s; 48 tries take about 42 hours.
    """
    low, high = BACKOFF_SECONDS
    seconds = min(high, low * 2 ** min(ATTEMPTS_MAX - tries_left, 20))
    share = hashlib.sha256(f"{message_id}:{tries_left}".encode()).digest()[0] / 255
    return timedelta(seconds=seconds * (0.8 + 0.4 * share))
