"""Reserve, settle, release, expire and reverse. Every take is guarded in the statement that takes it.

The order is one for all: insert what is new, then the conditional updates from the coolest window to the hottest, so
that the hottest row is locked for one round trip and the commit, and two spends can never wait for each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case as sql_case
from sqlalchemy import insert, select, update

from app.audit import actions as audit
from app.budgets import queries, writing
from app.budgets.models import Hold, LedgerEntry, LedgerTransfer, Purse
from app.budgets.rules import UNITS, Claim, Spending, Usage
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import in_transaction

RESERVED = audit.declare("purse:reserve", "amount", "purses", "granted", sentence=_l("reserved money"))
SETTLED = audit.declare("purse:settle", "amount", "released", sentence=_l("settled money"))
RELEASED = audit.declare("purse:release", "amount", "why", sentence=_l("released money"))
REVERSED = audit.declare("purse:reverse", "amount", "why", sentence=_l("reversed a settled amount"))


class PurseExhausted(Refusal):
    """A window had no room left when the money was taken; `details["window"]` names it."""

    status = 422
    code = "purse-exhausted"
    sentence = _l("Somebody was faster: there isn't enough left. Look at the new figures, then decide again.")


class HoldEnded(Refusal):
    """The hold was settled, released or has expired already."""

    code = "already-ended"
    sentence = _l("This was settled or released already.")


def reserve(
    *,
    remedy_id: int,
    amount: Money,
    claims: Sequence[Claim],
    spending: Spending,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
    granted: frozenset[str] = frozenset(),
) -> int:
    """Hold an amount in every window, or raise PurseExhausted naming the first that has no room; returns the hold's id.

    amount: money, or one piece (XXX) of what isn't money. granted: the windows, by `window_name`, that an exception
    lets this hold exceed; it takes nothing from what they have available, and what it adds ends with it.
    """
    assert in_transaction()
    assert amount.minor > 0
    takings = writing.takings_of(claims, amount, spending, now, granted)
    hold_id = db.session.execute(
        insert(Hold).values(
            remedy_id=remedy_id, customer_id=spending.customer_id, currency=amount.currency, amount_minor=amount.minor,
            counted_minor=amount.minor, state="reserved", held_at=now, expires_at=expires_at,
        )
    ).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
    transfer_id = writing.transfer("reserve", hold_id, amount, actor, now)
    writing.entries(
        transfer_id,
        [
            (taking.purse_id, bucket, minor)
            for taking in takings
            for bucket, minor in ((taking.source, -taking.minor), ("reserved", taking.minor))
        ],
    )
    writing.share(hold_id, takings, now)
    audit.record(
        RESERVED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=spending.case_id,
        site_id=spending.site_id, amount=amount.json(), purses=[ref("purse", taking.purse_id) for taking in takings],
        granted=[ref("purse", taking.purse_id) for taking in takings if taking.is_granted],
    )  # fmt: skip
    for taking in takings:
        _take(taking, now)
    return int(hold_id)


def _take(taking: writing.Taking, now: datetime) -> None:
    """Take from one purse; the limit is in the statement, so what was read before doesn't matter.

    What the customer's other numbers hold is read before it: nobody adds to it meanwhile, since `remedies` lets one
    spend at a time go on for a customer with several numbers.
    """
    minor, used = taking.minor, Purse.reserved_minor + Purse.settled_minor
    beside = queries.used_beside(taking.beside, now)
    whole_beside = beside.settled_minor + beside.reserved_minor
    values: dict[Any, Any] = {Purse.reserved_minor: Purse.reserved_minor + minor}
    statement = update(Purse).where(Purse.id == taking.purse_id)
    if taking.is_granted:
        values[Purse.approved_minor] = Purse.approved_minor + minor
    if taking.limit_minor is not None:
        limit = taking.limit_minor
        values[Purse.ceiling_minor] = sql_case((Purse.ceiling_minor < limit, limit), else_=Purse.ceiling_minor)
    if not taking.key.is_rolling and not taking.is_granted:
        assert taking.limit_minor is not None
        own_limit = taking.limit_minor - whole_beside + beside.approved_minor
        statement = statement.where(used - Purse.approved_minor + minor <= own_limit)
    if not taking.key.is_rolling and taking.cap_minor is not None:
        statement = statement.where(used + minor <= taking.cap_minor - whole_beside)
    taken = db.session.execute(statement.values(values).execution_options(synchronize_session=False))
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise PurseExhausted(window=taking.said)
    if taking.key.is_rolling:
        _check_rolling(taking, beside, now)


def _check_rolling(taking: writing.Taking, beside: Usage, now: datetime) -> None:
    """The row is locked now, so the sum under it can't change; this hold is already in it."""
    assert taking.key.days is not None
    held = queries.rolling(taking.purse_id, taking.key.days, now)
    whole = held.settled_minor + held.reserved_minor + beside.settled_minor + beside.reserved_minor
    ordinary = whole - held.approved_minor - beside.approved_minor
    is_over = not taking.is_granted and taking.limit_minor is not None and ordinary > taking.limit_minor
    if is_over or (taking.cap_minor is not None and whole > taking.cap_minor):
        raise PurseExhausted(window=taking.said)


def settle(*, remedy_id: int, amount: Money | None, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Settle a hold, wholly or in part; the rest is released. Returns what was settled."""
    hold, reserved_id, drawn = _ending(remedy_id, "settled", now=now)
    settled = hold.amount_minor if amount is None else amount.minor
    assert amount is None or amount.currency == hold.currency
    if not 0 < settled <= hold.amount_minor:
        raise Refusal(_l("Not more than was reserved can be settled."))
    money, rest = Money(settled, hold.currency), hold.amount_minor - settled
    parts = [writing.part_of(purse, settled, hold.amount_minor) for purse in drawn]
    transfer_id = writing.transfer("settle", hold.id, money, actor, now, resolves_id=reserved_id)
    writing.entries(transfer_id, [side for part in parts for side in part.sides()])
    audit.record(
        SETTLED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), released=Money(rest, hold.currency).json(),
    )  # fmt: skip
    writing.count(hold.id, settled)
    writing.move(hold.id, parts)
    return money


def release(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> None:
    """Give a hold back: it was declined, withdrawn or has expired (`why`)."""
    state = "expired" if why == "expired" else "released"
    hold, reserved_id, drawn = _ending(remedy_id, state, now=now)
    kind = "expire" if why == "expired" else "release"
    money = Money(hold.amount_minor, hold.currency)
    transfer_id = writing.transfer(kind, hold.id, money, actor, now, resolves_id=reserved_id)
    parts = [writing.Moved(purse, reserved=-purse.minor, returned=purse.minor) for purse in drawn]
    writing.entries(transfer_id, [side for part in parts for side in part.sides()])
    audit.record(
        RELEASED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    writing.count(hold.id, 0)
    writing.move(hold.id, parts)


def reverse(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Take back a settled amount by a new, linked transfer; the old one stays as it was."""
    hold, _, drawn = _ending(remedy_id, "reversed", now=now, from_state="settled")
    settled_id = db.session.scalars(
        select(LedgerTransfer.id).where(LedgerTransfer.hold_id == hold.id, LedgerTransfer.kind == "settle")
    ).one()
    settled = writing.amounts(settled_id, "settled")
    parts = [
        writing.Moved(purse, settled=-settled[purse.purse_id], returned=settled[purse.purse_id])
        for purse in drawn
        if purse.purse_id in settled
    ]
    money = Money(hold.counted_minor, hold.currency)
    transfer_id = writing.transfer("reverse", hold.id, money, actor, now, reverses_id=settled_id)
    writing.entries(transfer_id, [side for part in parts for side in part.sides()])
    audit.record(
        REVERSED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    writing.count(hold.id, 0)
    writing.move(hold.id, parts)
    return money


def _ending(
    remedy_id: int, state: str, *, now: datetime, from_state: str = "reserved"
) -> tuple[Hold, int, list[writing.Drawn]]:
    """End a hold once: the update names the state that it expects. A hold past its expiry can only expire."""
    assert in_transaction()
    statement = update(Hold).where(Hold.remedy_id == remedy_id, Hold.state == from_state)
    if state == "settled":
        statement = statement.where(Hold.expires_at > now)
    ended = db.session.execute(statement.values(state=state).execution_options(synchronize_session=False))
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise HoldEnded
    hold = db.session.scalars(
        select(Hold).where(Hold.remedy_id == remedy_id).execution_options(populate_existing=True)
    ).one()
    reserved_id = db.session.scalars(
        select(LedgerTransfer.id).where(LedgerTransfer.hold_id == hold.id, LedgerTransfer.kind == "reserve")
    ).one()
    rows = db.session.execute(
        select(Purse.id, Purse.unit, LedgerEntry.bucket, LedgerEntry.amount_minor)
        .join(LedgerEntry, LedgerEntry.purse_id == Purse.id)
        .where(LedgerEntry.transfer_id == reserved_id, LedgerEntry.bucket != "reserved")
    ).all()
    ordered = sorted(rows, key=lambda row: (UNITS.index(row.unit), row.id))
    return hold, reserved_id, [writing.Drawn(row.id, row.unit, row.bucket, -row.amount_minor) for row in ordered]
