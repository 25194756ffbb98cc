"""Writing to the outbox, and trying a dead letter again."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.notifications.outbox_models import OutboxAttempt, OutboxHandover, OutboxMessage
from app.notifications.outbox_rules import ATTEMPTS_MAX
from app.people.permissions import require

RETRIED = audit.declare("outbox:retry", "channel", "tries", sentence=_l("sent a message again that had been given up"))
ARRIVED = audit.declare("outbox:arrived", "channel", "tries", sentence=_l("found that a message had arrived"))


class NotDead(Refusal):
    """The message was delivered or is being tried already."""

    code = "not-dead"
    sentence = _l("This message isn't given up: it was delivered or will be tried again by itself.")


def enqueue(*, channel: str, key: str, payload: dict[str, Any], at: datetime) -> int:
    """Owe one effect to the outside, in the transaction of the change that it belongs to; returns the message's id.

    The same channel and key is written once, however often it is asked for. A transaction that is undone owes nothing.
    """
    assert in_transaction(), "a message is written with the change it belongs to"
    assert 0 < len(key) <= 120
    dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
    made = db.session.scalar(
        dialect.insert(OutboxMessage)
        .values(channel=channel, key=key, payload=payload, at=at)
        .on_conflict_do_nothing(index_elements=["channel", "key"])
        .returning(OutboxMessage.id)
    )
    if made is None:
        known = select(OutboxMessage.id).where(OutboxMessage.channel == channel, OutboxMessage.key == key)
        return db.session.scalars(known).one()
    plan(int(made), channel, 1, at)
    return int(made)


def plan(message_id: int, channel: str, number: int, due_at: datetime, tries_left: int = ATTEMPTS_MAX) -> None:
    """Plan the next try of a message."""
    db.session.execute(
        insert(OutboxAttempt).values(
            message_id=message_id, channel=channel, number=number, tries_left=tries_left, state="waiting", due_at=due_at
        )
    )


def revive(*, channel: str, key: str, now: datetime) -> bool:
    """Try a message again at once, inside the caller's deed; False when a try is planned or under way already."""
    assert in_transaction()
    message = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.channel == channel, OutboxMessage.key == key)
    ).one()
    last = _last(message.id)
    if last.state in ("waiting", "running"):
        return False
    plan(message.id, channel, last.number + 1, now)
    return True


def retry(*, message_id: int, actor: Actor, now: datetime) -> None:
    """Try a dead letter again, from the first waiting time on."""
    _settle(message_id, "failed", RETRIED, actor, now)


def note_arrived(*, message_id: int, actor: Actor, now: datetime) -> None:
    """Keep that a message arrived of which nobody knew; it isn't sent again."""
    _settle(message_id, "delivered", ARRIVED, actor, now)


def _settle(message_id: int, state: str, entry: audit.EntryType, actor: Actor, now: datetime) -> None:
    require(actor, "settings.write")
    with transaction():
        message = db.session.get(OutboxMessage, message_id)
        if message is None:
            raise NotFound
        last = _last(message.id)
        taken = db.session.execute(
            update(OutboxAttempt)
            .where(OutboxAttempt.id == last.id, OutboxAttempt.state == "dead")
            .values(state=state)
            .execution_options(synchronize_session=False)
        )
        unknown = db.session.execute(delete(OutboxHandover).where(OutboxHandover.attempt_id == last.id))
        # Only of what was handed over can anybody find that it arrived.
        if taken.rowcount != 1 or (state == "delivered" and unknown.rowcount != 1):  # type: ignore[attr-defined]
            raise NotDead
        if state == "failed":
            plan(message.id, message.channel, last.number + 1, now)
        audit.record(
            entry, subject=ref("message", message.id), actor=actor, at=now, channel=message.channel, tries=last.number
        )


def _last(message_id: int) -> OutboxAttempt:
    newest = select(func.max(OutboxAttempt.number)).where(OutboxAttempt.message_id == message_id).scalar_subquery()
    return db.session.scalars(
        select(OutboxAttempt).where(OutboxAttempt.message_id == message_id, OutboxAttempt.number == newest)
    ).one()
