"""Sending payouts and taking in what providers tell. The network is asked outside of any transaction.

The order is the promise: `sent` is written before anything leaves, so a process that dies after paying is known to
have perhaps paid; the next try asks again under the same key, or looks first.
"""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.notifications import actions as notifications
from app.notifications import rules as sentences
from app.notifications.outbox_rules import Message, NotDelivered
from app.people import queries as people
from app.remedies.connectors import chosen
from app.remedies.connectors.orders import Order, Refused, Unclear
from app.remedies.models import Remedy
from app.remedies.payout_actions import money, note, record
from app.remedies.payout_models import Payout, PayoutNotice
from app.remedies.payout_rules import Standing, Told, after_telling

SENT = audit.declare("payout:send", "connector", "round", sentence=_l("sent a payout"))
TOLD = audit.declare("payout:tell", "state", "reference", "source", sentence=_l("heard how a payout stands"))
UNCLEAR = audit.declare("payout:doubt", "reason", sentence=_l("got no definite answer about a payout"))
FAILED = audit.declare("payout:fail", "reason", sentence=_l("could not pay out"))
FAILED_LINE = sentences.declare("payout:failed", _l("The payout of %(amount)s for %(case)s failed."))
TWICE_LINE = sentences.declare(
    "payout:twice", _l("%(amount)s for %(case)s were paid in two ways. Get one of them back.")
)


def deliver(message: Message, now: datetime) -> None:
    """Make one try of one round of a payout. Called again for the same round, it pays nothing a second time."""
    sender = rule("payout-sender")
    order, name = _begin(message, sender, now)
    if order is None:
        return
    try:
        connector = chosen.connectors()[name]
        if connector.missing:
            raise Unclear(f"{connector.missing} is not set", acted=False)
        paid = connector.pay(order)
    except Unclear as doubt:
        _doubt(message, str(doubt), doubt.acted, sender, now)
        raise NotDelivered(str(doubt)) from doubt
    except Refused as refusal:
        with transaction():
            _fail(_payout(message), str(refusal), False, sender, now)
        return
    with transaction():
        told: Told = "confirmed" if paid.state == "confirmed" else "waiting"
        payout = _payout(message)
        if payout.round == message.payload["round"]:
            take_in(payout, told, paid.reference, name, sender, now)


def give_up(message: Message, reason: str, now: datetime) -> None:
    """Every try of a round was in vain: a supervisor decides. Runs in the outbox's own transaction."""
    assert in_transaction()
    payout = _payout(message)
    if payout.round == message.payload["round"] and payout.state in ("pending", "sent"):
        _fail(payout, reason, payout.is_unknown, rule("payout-sender"), now)


def hear(
    *,
    provider: str,
    event_ref: str,
    key: str,
    round_number: int,
    object_ref: str,
    told: Told,
    at: datetime,
    now: datetime,
) -> bool:
    """Take in what a provider told by itself; True when the message was new and about a payout of ours.

    at: when the provider says it happened. Twice the same message counts once; a failure of an earlier round says
    nothing about this one, unless it is by that very refund that the payout counts as paid.
    """
    with transaction():
        payout = db.session.scalars(select(Payout).where(Payout.key == key).with_for_update()).first()
        if payout is None:
            return False
        dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
        is_new = db.session.scalar(
            dialect.insert(PayoutNotice)
            .values(
                provider=provider, event_ref=event_ref, payout_id=payout.id, object_ref=object_ref, status=told,
                told_at=at, received_at=now,
            )
            .on_conflict_do_nothing(index_elements=["provider", "event_ref"])
            .returning(PayoutNotice.id)
        )  # fmt: skip
        hearer = rule(f"{provider}-notice")
        record(TOLD, payout, hearer, now, state=told, reference=object_ref, source=event_ref)
        is_past = round_number != payout.round and object_ref != payout.provider_ref
        if is_new is None or (told == "failed" and is_past):
            return False
        take_in(payout, told, object_ref, provider, hearer, now, is_recorded=True)
        return True


def _begin(message: Message, actor: Actor, now: datetime) -> tuple[Order | None, str]:
    """Write that the payout is sent before it is, and say what to pay; None when there is nothing left to do."""
    with transaction():
        payout = _payout(message)
        is_over = payout.state not in ("pending", "sent") and not (payout.state == "failed" and payout.is_unknown)
        if is_over or payout.round != message.payload["round"]:
            return None, payout.connector
        if payout.connector == "stripe" and not payout.payment_ref:
            return None, payout.connector
        if payout.state == "sent" and payout.provider_ref and not payout.is_unknown:
            return None, payout.connector  # taken over already; its end comes by a notice
        is_repeat = message.number > 1 or payout.state != "pending" or payout.round > 1
        if payout.state != "sent":
            note(payout, "sent", actor, now)
        payout.state, payout.changed_at = "sent", now
        record(SENT, payout, actor, now, connector=payout.connector, round=payout.round)
        return order_of(payout, is_repeat=is_repeat, now=now), payout.connector


def order_of(payout: Payout, *, is_repeat: bool, now: datetime) -> Order:
    """What a connector is told of a payout."""
    return Order(
        payout=payout.ref, remedy=ref("remedy", payout.remedy_id), case=ref("case", payout.case_id), kind=payout.kind,
        amount=money(payout), key=payout.key, round=payout.round, payment_ref=payout.payment_ref, is_repeat=is_repeat,
        now=now,
    )  # fmt: skip


def _doubt(message: Message, reason: str, acted: bool, actor: Actor, now: datetime) -> None:
    with transaction():
        payout = _payout(message)
        if payout.round != message.payload["round"] or payout.state != "sent":
            return
        payout.is_unknown = payout.is_unknown or acted
        record(UNCLEAR, payout, actor, now, reason=reason)


def take_in(
    payout: Payout, told: Told, reference: str, source: str, actor: Actor, now: datetime, *, is_recorded: bool = False
) -> None:
    standing = Standing(payout.state, payout.is_unknown, payout.by_hand, payout.provider_ref)
    step = after_telling(standing, told, reference or None)
    if not is_recorded:
        record(TOLD, payout, actor, now, state=told, reference=reference, source=source)
    if step.what is None:
        return
    payout.state, payout.is_unknown, payout.provider_ref = step.state, step.is_unknown, step.provider_ref
    payout.changed_at = now
    why = f"{source} told that it failed" if step.what == "failed" else None
    note(payout, step.what, actor, now, reference=reference or None, why=why)
    if step.what in ("failed", "twice"):
        _tell_people(payout, now, FAILED_LINE if step.what == "failed" else TWICE_LINE)


def _fail(payout: Payout, reason: str, is_unknown: bool, actor: Actor, now: datetime) -> None:
    if payout.state not in ("pending", "sent"):
        return
    payout.state, payout.is_unknown, payout.changed_at = "failed", is_unknown, now
    note(payout, "failed", actor, now, why=reason)
    record(FAILED, payout, actor, now, reason=reason)
    _tell_people(payout, now, FAILED_LINE)


def _tell_people(payout: Payout, now: datetime, line: str) -> None:
    """Tell who gave the remedy and who leads there."""
    remedy = db.session.get(Remedy, payout.remedy_id)
    team_id, giver = (remedy.team_id, remedy.employee_id) if remedy else (None, None)
    params: dict[str, Any] = {
        "amount": f"{money(payout).decimal()} {payout.currency}",
        "case": ref("case", payout.case_id),
    }
    notifications.notify(
        employee_ids=[giver, *people.supervisors_for(payout.site_id, team_id)[:1]], kind="payout", subject=payout.ref,
        url=f"/payouts/{payout.ref}", text_key=line, params=params, at=now,
    )  # fmt: skip


def _payout(message: Message) -> Payout:
    return db.session.scalars(
        select(Payout)
        .where(Payout.id == message.payload["payout_id"])
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
