"""Which rooms deliver what: a channel's name and the function that brings its messages outside.

A room registers in its wiring: `outbox_channels.register(app, "payout", Channel(deliver, _l("Payouts")))`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app

from app.notifications.outbox_rules import Message

_KEY = "makegood_outbox_channels"


@dataclass(frozen=True, slots=True)
class Channel:
    """How one channel delivers.

    deliver(message, now) runs outside any transaction and may be called again for a message that was delivered before
    its record was written, so it has to be idempotent by `message.key`. It raises NotDelivered (or anything else) when
    a try failed. give_up(message, reason, now) runs in the transaction that puts a message among the dead letters.
    """

    deliver: Callable[[Message, datetime], None]
    words: Any
    give_up: Callable[[Message, str, datetime], None] | None = None


def register(app: Flask, name: str, channel: Channel) -> None:
    """Let messages of this channel be delivered by this application."""
    app.extensions.setdefault(_KEY, {})[name] = channel


def channels() -> dict[str, Channel]:
    """The channels that this process can deliver, by name."""
    found: dict[str, Channel] = current_app.extensions.get(_KEY, {})
    return found
