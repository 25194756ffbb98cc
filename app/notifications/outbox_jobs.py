"""Deliver what the outbox owes. One short transaction claims a try, the channel works outside of any, one writes it down.

A process that dies in between leaves a lease; when that has run out the try counts as lost and is made again, so every
message is delivered at least once, and a channel makes it once by the message's key. A channel whose receiver knows no
keys (mail) says `hand_over` before its last step: a try that dies after that is not made again by itself, since the
message may have arrived; it stands among the dead letters as unknown until somebody sends it again or lets it be.
"""

import logging
import time
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, insert, or_, select, update

from app.kernel.database import db
from app.kernel.transactions import transaction
from app.notifications import outbox_actions as outbox
from app.notifications.outbox_channels import Channel, channels
from app.notifications.outbox_models import OutboxAttempt, OutboxHandover, OutboxMessage
from app.notifications.outbox_rules import LEASE_SECONDS, Message, NotDelivered, wait

FAILURES_MAX = 3  # in one run: a channel that fails so often in a row keeps the others waiting no longer
ERROR_CHARACTERS_MAX = 300
STOPPED = "the process stopped while it was handed over"
log = logging.getLogger("makegood.outbox")


def deliver_due(*, now: datetime, limit: int = 50) -> int:
    """Make at most `limit` due tries, the oldest first; safe to run twice and at the same time."""
    known = channels()
    tired: dict[str, int] = {}
    handled, began = 0, time.monotonic()
    _note_unknown(now)
    while handled < limit:
        open_channels = [name for name in known if tired.get(name, 0) < FAILURES_MAX]
        lease_from = now + timedelta(seconds=int(time.monotonic() - began))
        message = _claim(open_channels, now, lease_from) if open_channels else None
        if message is None:
            break
        handled += 1
        good = _try(known[message.channel], message, now)
        tired[message.channel] = 0 if good else tired.get(message.channel, 0) + 1
    return handled


def hand_over(message: Message, now: datetime) -> None:
    """Write down, by itself, that a try is about to do what can't be taken back; NotDelivered when it is no longer its own."""
    with transaction():
        attempt_id = db.session.scalar(
            update(OutboxAttempt)
            .where(
                OutboxAttempt.message_id == message.id,
                OutboxAttempt.number == message.number,
                OutboxAttempt.state == "running",
            )
            .values(leased_until=OutboxAttempt.leased_until)
            .returning(OutboxAttempt.id)
            .execution_options(synchronize_session=False)
        )
        if attempt_id is None:
            raise NotDelivered("another process has taken it up")
        db.session.execute(insert(OutboxHandover).values(attempt_id=attempt_id, at=now))


def _note_unknown(now: datetime) -> None:
    """Put tries that died while they handed their message over among the dead letters; they aren't made again."""
    lapsed = select(OutboxAttempt.id).join(OutboxHandover, OutboxHandover.attempt_id == OutboxAttempt.id)
    lapsed = lapsed.where(OutboxAttempt.state == "running", OutboxAttempt.leased_until <= now)
    found = db.session.scalars(lapsed).all()
    db.session.rollback()
    if found:
        with transaction():
            db.session.execute(
                update(OutboxAttempt)
                .where(OutboxAttempt.id.in_(found), OutboxAttempt.state == "running", OutboxAttempt.leased_until <= now)
                .values(state="dead", error=STOPPED, ended_at=now, leased_until=None)
                .execution_options(synchronize_session=False)
            )


def _claim(names: list[str], now: datetime, lease_from: datetime) -> Message | None:
    """Take the oldest due try for LEASE_SECONDS. A lapsed lease ends as lost, and the next try is taken in its place."""
    due = select(OutboxAttempt.id).where(OutboxAttempt.channel.in_(names), OutboxAttempt.due_at <= now)
    open_now = or_(
        OutboxAttempt.state == "waiting", (OutboxAttempt.state == "running") & (OutboxAttempt.leased_until <= now)
    )
    due = due.where(OutboxAttempt.state.in_(("waiting", "running")), open_now)
    due = due.where(~exists().where(OutboxHandover.attempt_id == OutboxAttempt.id))
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
        attempt.leased_until = lease_from + timedelta(seconds=LEASE_SECONDS)
        return Message(
            message.id, message.channel, message.key, message.payload, message.at, attempt.number, attempt.tries_left
        )


def _try(channel: Channel, message: Message, now: datetime) -> bool:
    """Let the channel deliver and write down how it went."""
    try:
        channel.deliver(message, now)
    except NotDelivered as failure:
        _failed(channel, message, failure, now)
        return False
    except Exception as failure:  # one message's trouble is not the others'
        db.session.rollback()
        log.exception("message %s of channel %s failed", message.id, message.channel)
        _failed(channel, message, NotDelivered(type(failure).__name__, unknown=_is_handed_over(message)), now)
        return False
    with transaction():
        _end(message, "delivered", None, now)
    return True


def _is_handed_over(message: Message) -> bool:
    found = db.session.scalar(
        select(OutboxHandover.attempt_id)
        .join(OutboxAttempt, OutboxAttempt.id == OutboxHandover.attempt_id)
        .where(OutboxAttempt.message_id == message.id, OutboxAttempt.number == message.number)
    )
    db.session.rollback()
    return found is not None


def _failed(channel: Channel, message: Message, failure: NotDelivered, now: datetime) -> None:
    reason = failure.reason[:ERROR_CHARACTERS_MAX]
    is_dead = failure.final or failure.unknown or message.tries_left <= 1
    with transaction():
        if not _end(message, "dead" if is_dead else "failed", reason, now, is_unknown=failure.unknown):
            return  # the lease had run out and somebody else has taken it up
        if failure.unknown:
            return  # given up by nobody: somebody looks whether it arrived
        if not is_dead:
            later = now + wait(message.id, message.tries_left)
            outbox.plan(message.id, message.channel, message.number + 1, later, message.tries_left - 1)
        elif channel.give_up is not None:
            channel.give_up(message, reason, now)


def _end(message: Message, state: str, error: str | None, now: datetime, *, is_unknown: bool = False) -> bool:
    """Write down how a try ended, if it is still this process's own; False when somebody else has taken it up.

    One that was slow, and was given up as unknown meanwhile, knows after all: its outcome holds until somebody has
    looked after it. What was handed over is known again then, unless it isn't.
    """
    is_unsettled = (OutboxAttempt.state == "dead") & exists().where(OutboxHandover.attempt_id == OutboxAttempt.id)
    attempt_id = db.session.scalar(
        update(OutboxAttempt)
        .where(OutboxAttempt.message_id == message.id, OutboxAttempt.number == message.number)
        .where((OutboxAttempt.state == "running") | is_unsettled)
        .values(state=state, error=error, ended_at=now, leased_until=None)
        .returning(OutboxAttempt.id)
        .execution_options(synchronize_session=False)
    )
    if attempt_id is not None and not is_unknown:
        db.session.execute(delete(OutboxHandover).where(OutboxHandover.attempt_id == attempt_id))
    return attempt_id is not None
