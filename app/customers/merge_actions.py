"""Merge customers that are one, and take them apart again. Nothing of either is rewritten: reads count their numbers together."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.customers import hooks
from app.customers import merge_turns as turns
from app.customers.actions import Erased
from app.customers.models import Customer, CustomerMerge
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions

REASON_MAX = 300
MERGED = audit.declare("customer:merge", "into", "root", "numbers", "reason", sentence=_l("merged two customers"))
PARTED = audit.declare("customer:unmerge", "root", "numbers", "stay", "reason", sentence=_l("took two customers apart"))


class AlreadyMerged(Refusal):
    """The customer counts as somebody else already, or the two are one."""

    code = "already-merged"
    sentence = _l("These two are one already. Look again at the newest state.")


class NotMerged(Refusal):
    """There is no merge of this customer that holds."""

    code = "not-merged"
    sentence = _l("This customer isn't merged. Look again at the newest state.")


class KnownElsewhere(Refusal):
    """The customer who stays is known at one site, and the other one's cases belong to another."""

    code = "known-elsewhere"
    sentence = _l("Who stays is known at another site only, so these cases would be lost from sight.")


def merge(*, customer_id: int, into_id: int, reason: str, actor: Actor, now: datetime) -> int:
    """Let one customer count as another from now on; returns whom both count as.

    Every window, flag, consent and list counts over both at once. Raises AlreadyMerged, KnownElsewhere, Erased, NotFound.
    """
    said = _reason(reason)
    with transaction():
        turns.change_numbers()
        held = _holding()
        root_id = held[into_id].root_id if into_id in held else into_id
        gone, stays = _hers(customer_id, actor), _hers(root_id, actor)
        if customer_id in held or customer_id == root_id:
            raise AlreadyMerged
        if gone.data_key is None or stays.data_key is None:
            raise Erased
        if stays.site_id is not None and stays.site_id != gone.site_id:
            raise KnownElsewhere
        _count_as(root_id, [one.id for one in held.values() if one.root_id == customer_id])
        db.session.add(
            CustomerMerge(
                customer_id=customer_id, into_id=root_id, root_id=root_id, reason=said, at=now, by_id=actor.id
            )
        )
        db.session.flush()
        numbers = _numbers(root_id)
        for step in hooks.on_merge:
            step(hooks.Merge(customer_id, root_id, numbers, is_merged=True), actor, now)
        audit.record(
            MERGED, subject=ref("customer", customer_id), actor=actor, at=now, site_id=gone.site_id,
            into=ref("customer", into_id), root=ref("customer", root_id),
            numbers=[ref("customer", number) for number in numbers], reason=said,
        )  # fmt: skip
    return root_id


def unmerge(*, customer_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Give a customer back as she was, with whom she had been merged of herself, and all that was made in her name since.

    What was logged meanwhile for whom she counted as stays there. Raises NotMerged.
    """
    said = _reason(reason)
    with transaction():
        turns.change_numbers()
        held = _holding()
        mine = held.get(customer_id)
        gone = _hers(customer_id, actor)
        if mine is None:
            raise NotMerged
        root_id = mine.root_id
        _hers(root_id, actor)
        mine.undone_at, mine.undone_by_id, mine.undone_reason = now, actor.id, said
        own = _below(customer_id, held)
        _count_as(customer_id, [held[number].id for number in own])
        db.session.flush()
        numbers, stay = (customer_id, *own), _numbers(root_id)
        for step in hooks.on_merge:
            step(hooks.Merge(customer_id, root_id, tuple(sorted({*numbers, *stay})), is_merged=False), actor, now)
        audit.record(
            PARTED, subject=ref("customer", customer_id), actor=actor, at=now, site_id=gone.site_id, reason=said,
            numbers=[ref("customer", number) for number in numbers],
            stay=[ref("customer", number) for number in stay], root=ref("customer", root_id),
        )  # fmt: skip


def _holding() -> dict[int, CustomerMerge]:
    """Every merge that holds, by the customer who was merged; few, since each was looked at by a person."""
    rows = db.session.scalars(select(CustomerMerge).where(CustomerMerge.undone_at.is_(None)))
    return {row.customer_id: row for row in rows}


def _below(customer_id: int, held: dict[int, CustomerMerge]) -> tuple[int, ...]:
    """Whom a customer had been merged of, at any depth."""
    found: list[int] = []
    wanted = [customer_id]
    while wanted:
        into = wanted.pop()
        below = [number for number, merged in held.items() if merged.into_id == into]
        found += below
        wanted += below
    return tuple(sorted(found))


def _count_as(root_id: int, merge_ids: list[int]) -> None:
    if merge_ids:
        db.session.execute(update(CustomerMerge).where(CustomerMerge.id.in_(merge_ids)).values(root_id=root_id))


def _numbers(root_id: int) -> tuple[int, ...]:
    merged = select(CustomerMerge.customer_id).where(
        CustomerMerge.root_id == root_id, CustomerMerge.undone_at.is_(None)
    )
    return tuple(sorted({root_id, *db.session.scalars(merged)}))


def _hers(customer_id: int, actor: Actor) -> Customer:
    customer = db.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound
    permissions.require(actor, "customers.merge", site_id=customer.site_id)
    return customer


def _reason(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > REASON_MAX:
        raise BadInput({"reason": [str(_l("Say why, in at most %(count)d characters.", count=REASON_MAX))]})
    return said
