"""Take a message of the customer in, and write one to her; each is one row, one line of the timeline and one notice."""

from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases import dialogue_actions as dialogue
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.transactions import in_transaction, transaction
from app.messages.models import Message
from app.messages.rules import CHANNELS
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people.queries import supervisors_for

RECEIVED = audit.declare("message:receive", "message", "channel", "length", "about", sentence=_l("sent a message"))
SENT = audit.declare("message:send", "message", "channel", "length", sentence=_l("sent a message to the customer"))
LINES = {
    "wrote": declare("customer:wrote", _l("%(case)s: the customer wrote.")),
    "disagreed": declare("customer:disagreed", _l("%(case)s: the customer disagrees. Look at what they say.")),
    "declined": declare("customer:declined", _l("%(case)s: the customer declined our offer.")),
    "not_right": declare("customer:not-right", _l("%(case)s: the customer says that an amount isn't right.")),
}
What = Literal["wrote", "declined", "disagreed", "not_right"]


class MessageReused(Refusal):
    """The same key came with other words."""

    status = 422
    code = "intent-reused"
    sentence = _l("This form was sent already, with other words. Open the page again and write anew.")


def receive(
    *,
    case_id: int,
    text: str,
    channel: str,
    actor: Actor,
    now: datetime,
    intent: str | None = None,
    about: str = "",
    what: What = "wrote",
    came_at: datetime | None = None,
) -> Message:
    """Take in what the customer wrote, exactly, and tell who answers for the case. The same intent is taken in once.

    came_at: when it came, where somebody brings it to the case only later.
    """
    _check_channel(channel)
    with transaction():
        dialogue.locked(case_id, actor)
        known = _sent_before(case_id, intent, text)
        if known is not None:
            return known
        case = dialogue.hear(case_id=case_id, text=text, channel=channel, actor=actor, now=now, about=about, what=what)
        message = _write(case, "in", channel, text, None, intent, about, came_at or now)
        said = {"message": message.id, "channel": channel, "length": len(text), "about": about}
        audit.record(RECEIVED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
        tell_owner(case=case, line=LINES[what], now=now)
        return message


def keep_first(
    *, case_id: int, text: str, channel: str, intent: str, actor: Actor, now: datetime, came_at: datetime | None = None
) -> Message:
    """Keep the words with which a case began, inside the deed that logged it: its timeline has them already."""
    assert in_transaction()
    _check_channel(channel)
    case = dialogue.locked(case_id, actor)
    message = _write(case, "in", channel, text, None, intent, "", came_at or now)
    said = {"message": message.id, "channel": channel, "length": len(text), "about": ""}
    audit.record(RECEIVED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
    return message


def send(*, case_id: int, text: str, channel: str, actor: Actor, now: datetime, intent: str | None = None) -> Message:
    """Write to the customer; what she is written stands on her page, whatever the channel."""
    _check_channel(channel)
    with transaction():
        dialogue.locked(case_id, actor)
        known = _sent_before(case_id, intent, text)
        if known is not None:
            return known
        case = dialogue.answer(case_id=case_id, text=text, channel=channel, actor=actor, now=now)
        message = _write(case, "out", channel, text, actor.id, intent, "", now)
        said = {"message": message.id, "channel": channel, "length": len(text)}
        audit.record(SENT, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
        return message


def tell_owner(*, case: Case, line: str, now: datetime, **said: object) -> None:
    """Put a line into the inbox of who answers for the case; of who leads there when nobody does."""
    owners = [case.owner_id] if case.owner_id else supervisors_for(case.site_id, case.team_id)[:1]
    notify(
        employee_ids=owners, kind=line, subject=case.ref, url=f"/cases/{case.ref}", text_key=line,
        params={"case": case.ref, **said}, at=now,
    )  # fmt: skip


def _check_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise BadInput({"channel": [str(_l("Choose how it was said."))]})


def _sent_before(case_id: int, intent: str | None, text: str) -> Message | None:
    if intent is None:
        return None
    known = db.session.scalars(
        select(Message).where(Message.case_id == case_id, Message.intent == intent)
    ).one_or_none()
    if known is not None and known.text != text:
        raise MessageReused
    return known


def _write(
    case: Case, direction: str, channel: str, text: str, author_id: int | None, intent: str | None, about: str,
    now: datetime,
) -> Message:  # fmt: skip
    message = Message(
        case_id=case.id, direction=direction, channel=channel, text=text, at=now, author_id=author_id,
        customer_id=case.customer_id, about=about or None, intent=intent,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()
    return message
