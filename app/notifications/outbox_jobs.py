"""Deliver what the outbox owes. One short transaction claims a try, the channel works outside of any, one writes it down.

A process that dies in between leaves a lease; when that has run out the try counts as lost and is made again, so every
message is delivered at least once, and a channel makes it once by the message's key.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.kernel.database import db
from app.kernel.transactions import transaction
from app.notifications import outbox_actions as outbox
from app.notifications.outbox_channels import Channel, channels
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.notifications.outbox_rules import LEASE_SECONDS, Message, NotDelivered, wait

FAILURES_MAX = 3  # in one run: a channel that fails so often in a row keeps the others waiting no longer
ERROR_CHARACTERS_MAX = 300
log = logging.getLogger("makegood.outbox")


def deliver_due(*, now: datetime, limit: int = 50) -> int:
    """Make at most `limit` due tries, the oldest first; safe to run twice and at the same time."""
    known = channels()
    tired: dict[str, int] = {}
    handled = 0
    while handled < limit:
        open_channels = [name for name in known if tired.get(name, 0) < FAILURES_MAX]
        message = _claim(open_channels, now) if open_channels else None
        if message is None:
            break
        handled += 1
        good = _try(known[message.channel], message, now)
        tired[message.channel] = 0 if good else tired.get(message.channel, 0) + 1
    return handled


def _claim(names: list[str], now: datetime) -> Message | None:
    """Take the oldest due try for LEASE_SECONDS. A lapsed lease ends as lost, and the next try is taken in its place."""
    due = select(OutboxAttempt.id).where(OutboxAttempt.channel.in_(names), OutboxAttempt.due_at <= now)
    open_now = or_(
        OutboxAttempt.state == "waiting", (OutboxAttempt.state == "running") & (OutboxAttempt.leased_until <= now)
    )
    due = due.where(OutboxAttempt.state.in_(("waiting", "running")), open_now)
    due = due.order_by(OutboxAttempt.due_at, OutboxAttempt.id).limit(1)
    if db.session.scalar(due) is None:  # a look costs no write lock; most runs end here
        db.session.rollback()
        return None
    with transaction():
        attempt_id = db.session.scalar(due.with_for_update(skip_locked=True))
        if attempt_id is None:
            return None
        attempt = db.session.get_one(OutboxAttempt, attempt_id)
        message = db.session.get_one(OutboxMessage, attempt.message_id)
        if attempt.state == "running":
            attempt.state, attempt.leased_until, attempt.ended_at = "lost", None, now
            db.session.flush()
            outbox.plan(message.id, message.channel, attempt.number + 1, now, attempt.tries_left)
            attempt = db.session.scalars(
                select(OutboxAttempt).where(
                    OutboxAttempt.message_id == message.id, OutboxAttempt.number == attempt.number + 1
                )
            ).one()
        attempt.state, attempt.began_at = "running", now
        attempt.leased_until = now + timedelta(seconds=LEASE_SECONDS)
        return Message(
            message.id, message.channel, message.key, message.payload, message.at, attempt.number, attempt.tries_left
        )


def _try(channel: Channel, message: Message, now: datetime) -> bool:
    """Let the channel deliver and write down how it went."""
    try:
        channel.deliver(message, now)
    except NotDelivered as failure:
        _failed(channel, message, failure.reason, failure.final, now)
        return False
    except Exception as failure:  # one message's trouble is not the others'
        db.session.rollback()
        log.exception("message %s of channel %s failed", message.id, message.channel)
        _failed(channel, message, type(failure).__name__, False, now)
        return False
    with transaction():
        _end(message, "delivered", None, now)
    return True


def _failed(channel: Channel, message: Message, reason: str, final: bool, now: datetime) -> None:
    reason = reason[:ERROR_CHARACTERS_MAX]
    is_dead = final or message.tries_left <= 1
    with transaction():
        if not _end(message, "dead" if is_dead else "failed", reason, now):
            return  # the lease had run out and somebody else has taken it up
        if not is_dead:
            later = now + wait(message.id, message.tries_left)
            outbox.plan(message.id, message.channel, message.number + 1, later, message.tries_left - 1)
        elif channel.give_up is not None:
            channel.give_up(message, reason, now)


def _end(message: Message, state: str, error: str | None, now: datetime) -> bool:
    ended = db.session.execute(
        update(OutboxAttempt)
        .where(
            OutboxAttempt.message_id == message.id,
            OutboxAttempt.number == message.number,
            OutboxAttempt.state == "running",
        )
        .values(state=state, error=error, ended_at=now, leased_until=None)
        .execution_options(synchronize_session=False)
    )
    return bool(ended.rowcount == 1)  # type: ignore[attr-defined]
