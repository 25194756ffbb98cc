"""What people and remedies do with payouts: start, cancel, name the payment, prove by hand, try again, give up."""

import re
import secrets
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update

from app.audit import actions as audit
from app.cases import actions as cases
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.notifications import outbox_actions as outbox
from app.people import permissions
from app.remedies.models import Remedy
from app.remedies.payout_models import Payout, PayoutEvent, PayoutRoute
from app.remedies.payout_rules import PayoutMoved, Route, choose

CHANNEL = "payout"
REFERENCE_CHARACTERS_MAX, NOTE_CHARACTERS_MAX = 200, 500
ON_THE_TIMELINE = ("confirmed", "proved", "failed", "retried", "given_up", "cancelled", "twice")
_PAYMENT = re.compile(r"(?:pi|ch|py)_[A-Za-z0-9]{6,70}")
CREATED = audit.declare("payout:create", "amount", "connector", sentence=_l("owes the customer a payout"))
NAMED = audit.declare("payout:name", "payment", sentence=_l("named the payment that is refunded"))
PROVED = audit.declare("payout:prove", "reference", "done_at", "note", sentence=_l("proved that it was paid out"))
RETRIED = audit.declare("payout:retry", "round", sentence=_l("tries a payout again"))
GIVEN_UP = audit.declare("payout:abandon", "reason", sentence=_l("gave a payout up"))
CANCELLED = audit.declare("payout:cancel", "why", sentence=_l("cancelled a payout that had not begun"))


def start(*, remedy: Remedy, actor: Actor, now: datetime) -> Payout | None:
    """Owe the customer what was settled, inside the settling deed; None for what isn't money. Once for each remedy."""
    assert in_transaction()
    if remedy.amount_minor <= 0 or remedy.historic:
        return None
    payout = Payout(
        remedy_id=remedy.id,
        case_id=remedy.case_id,
        site_id=remedy.site_id,
        kind=remedy.kind,
        amount_minor=remedy.amount_minor,
        currency=remedy.currency,
        connector=choose(_routes(remedy.site_id), remedy.site_id, remedy.kind),
        key=f"mg-{secrets.token_urlsafe(18)}",
        round=1,
        state="pending",
        is_unknown=False,
        by_hand=False,
        created_at=now,
        changed_at=now,
    )
    db.session.add(payout)
    db.session.flush()
    note(payout, "created", actor, now)
    record(CREATED, payout, actor, now, amount=money(payout).json(), connector=payout.connector)
    if payout.connector == "webhook":
        send_now(payout, now)
    return payout


def cancel(*, remedy_id: int, why: str, actor: Actor, now: datetime) -> None:
    """A settled remedy was reversed: what was not sent yet never will be. What was sent stays, and reconcile names it."""
    assert in_transaction()
    payout = db.session.scalars(select(Payout).where(Payout.remedy_id == remedy_id).with_for_update()).first()
    if payout is None or not (payout.state == "pending" or (payout.state == "failed" and not payout.is_unknown)):
        return
    _move(payout, "cancelled", now)
    note(payout, "cancelled", actor, now, text=why)
    record(CANCELLED, payout, actor, now, why=why)


def name_payment(*, payout_id: int, payment_ref: str, actor: Actor, now: datetime) -> Payout:
    """Say which payment of the customer Stripe is to refund; the payout is sent then."""
    payment_ref = payment_ref.strip()
    if not _PAYMENT.fullmatch(payment_ref):
        raise BadInput({"payment_ref": [str(_l("Copy it from Stripe: it begins with pi_, ch_ or py_."))]})
    with transaction():
        payout = _locked(payout_id, actor, "payouts.prove")
        if payout.connector != "stripe" or payout.state != "pending":
            raise PayoutMoved
        payout.payment_ref, payout.changed_at = payment_ref, now
        note(payout, "payment", actor, now, reference=payment_ref)
        record(NAMED, payout, actor, now, payment=payment_ref)
        send_now(payout, now)
        return payout


def prove(
    *,
    payout_id: int,
    reference: str,
    done_at: datetime,
    actor: Actor,
    now: datetime,
    text: str = "",
    is_checked: bool = False,
) -> Payout:
    """Record that it was paid by hand: who did it, under which reference, and when.

    What a provider should have paid takes payouts.decide and must have failed first; where it is unknown whether the
    provider paid, is_checked says that somebody has looked there.
    """
    errors: dict[str, list[str]] = {}
    if not reference.strip():
        errors["reference"] = [str(_l("Name the receipt, voucher or transfer that proves it."))]
    if len(reference.strip()) > REFERENCE_CHARACTERS_MAX:
        errors["reference"] = [str(_l("Keep it under %(count)d characters.", count=REFERENCE_CHARACTERS_MAX))]
    if done_at > now:
        errors["done_at"] = [str(_l("It can't have been done in the future."))]
    with transaction():
        payout = _locked(payout_id, actor, "payouts.prove")
        is_manual = payout.connector == "manual"
        if not is_manual:
            permissions.require(actor, "payouts.decide", site_id=payout.site_id)
        if payout.state not in (("pending",) if is_manual else ("failed", "given_up")):
            raise PayoutMoved
        if payout.is_unknown and not is_checked:
            errors["is_checked"] = [str(_l("Look at the provider first: it may have been paid already."))]
        if errors:
            raise BadInput(errors)
        _move(payout, "confirmed", now)
        payout.by_hand, payout.is_unknown = True, False
        said = reference.strip()
        note(payout, "proved", actor, done_at, reference=said, text=text.strip() or None, told_at=now)
        record(PROVED, payout, actor, now, reference=said, done_at=done_at.isoformat(), note=text.strip())
        return payout


def retry(*, payout_id: int, actor: Actor, now: datetime, payment_ref: str | None = None) -> Payout:
    """Try a failed payout again. After a definite refusal it is a new round; after an unknown outcome the same one."""
    if payment_ref is not None and not _PAYMENT.fullmatch(payment_ref.strip()):
        raise BadInput({"payment_ref": [str(_l("Copy it from Stripe: it begins with pi_, ch_ or py_."))]})
    with transaction():
        payout = _locked(payout_id, actor, "payouts.decide")
        if payout.state != "failed":
            raise PayoutMoved
        _move(payout, "sent" if payout.is_unknown else "pending", now)
        if not payout.is_unknown:
            payout.round, payout.provider_ref = payout.round + 1, None
            payout.payment_ref = payment_ref.strip() if payment_ref else payout.payment_ref
        note(payout, "retried", actor, now)
        record(RETRIED, payout, actor, now, round=payout.round)
        send_now(payout, now)
        return payout


def give_up(*, payout_id: int, reason: str, actor: Actor, now: datetime) -> Payout:
    """Stop trying; the remedy stays settled, and reconcile goes on naming it until it is proved or reversed."""
    if not reason.strip() or len(reason) > NOTE_CHARACTERS_MAX:
        raise BadInput({"reason": [str(_l("Say why, in at most %(count)d characters.", count=NOTE_CHARACTERS_MAX))]})
    with transaction():
        payout = _locked(payout_id, actor, "payouts.decide")
        if payout.state != "failed":
            raise PayoutMoved
        _move(payout, "given_up", now)
        note(payout, "given_up", actor, now, text=reason.strip())
        record(GIVEN_UP, payout, actor, now, reason=reason.strip())
        return payout


def send_now(payout: Payout, now: datetime) -> None:
    """Owe the outside this round of the payout; asked for twice it is owed once, and tried at once."""
    key = f"{payout.key}-{payout.round}"
    message = {"payout_id": payout.id, "round": payout.round}
    outbox.enqueue(channel=CHANNEL, key=key, payload=message, at=now)
    outbox.revive(channel=CHANNEL, key=key, now=now)


def note(
    payout: Payout,
    what: str,
    actor: Actor,
    at: datetime,
    *,
    reference: str | None = None,
    text: str | None = None,
    told_at: datetime | None = None,
    why: str | None = None,
) -> None:
    """Add a line to a payout's history, and to its case's timeline what the customer's side has to know.

    at: when it happened; told_at: when we were told, where that was later. why: a program's own words; they stay in the
    payout's history, and the timeline says in the reader's language what happened.
    """
    if what in ON_THE_TIMELINE:
        said = {"payout": payout.ref, "what": what, "kind": payout.kind, "amount": money(payout).json()}
        cases.add_event(
            case_id=payout.case_id, kind="payout", actor=actor, at=told_at or at, text=text or "", data=said
        )
    db.session.execute(
        insert(PayoutEvent).values(
            payout_id=payout.id, what=what, round=payout.round, at=at, actor_id=actor.id, reference=reference,
            note=(text or why or "")[:NOTE_CHARACTERS_MAX] or None,
        )
    )  # fmt: skip


def record(entry: audit.EntryType, payout: Payout, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry, subject=ref("remedy", payout.remedy_id), actor=actor, at=now, case_id=payout.case_id,
        site_id=payout.site_id, **said,
    )  # fmt: skip


def money(payout: Payout) -> Money:
    return Money(payout.amount_minor, payout.currency)


def _locked(payout_id: int, actor: Actor, permission: str) -> Payout:
    """Read a payout for a change; nobody else changes it until the deed is done."""
    payout = db.session.scalars(select(Payout).where(Payout.id == payout_id).with_for_update()).first()
    if payout is None:
        raise NotFound
    permissions.require(actor, permission, site_id=payout.site_id)
    return payout


def _move(payout: Payout, state: str, now: datetime) -> None:
    moved = db.session.execute(
        update(Payout)
        .where(Payout.id == payout.id, Payout.state == payout.state)
        .values(state=state, changed_at=now)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise PayoutMoved
    db.session.refresh(payout)


def _routes(site_id: int) -> list[Route]:
    rows = db.session.execute(
        select(PayoutRoute.id, PayoutRoute.site_id, PayoutRoute.kind, PayoutRoute.connector).where(
            (PayoutRoute.site_id == site_id) | PayoutRoute.site_id.is_(None)
        )
    )
    return [Route(*row) for row in rows]
