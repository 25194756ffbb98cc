"""Reserve, settle, release, expire and reverse. Every take is guarded in the statement that takes it.

The order is one for all: insert what is new, then the conditional updates from the coolest window to the hottest, so
that the hottest row is locked for one round trip and the commit, and two spends can never wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import case as sql_case
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.budgets import queries
from app.budgets.models import Hold, LedgerEntry, LedgerTransfer, Purse
from app.budgets.rules import UNITS, Claim, PurseKey, Spending, purse_key
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


@dataclass(frozen=True, slots=True)
class Taking:
    """What one purse is asked for: `limit_minor` of what stands on no exception, `cap_minor` of everything."""

    purse_id: int
    unit: str
    days: int | None
    limit_minor: int | None
    cap_minor: int | None
    is_granted: bool
    said: dict[str, Any]

    @property
    def source(self) -> str:
        return "granted" if self.is_granted else "available"


def reserve(
    *,
    remedy_id: int,
    amount: Money,
    claims: Sequence[Claim],
    spending: Spending,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
    granted: frozenset[tuple[str, int | None]] = frozenset(),
) -> int:
    """Hold an amount in every window, or raise PurseExhausted naming the first that has no room; returns the hold's id.

    granted: the windows (unit, days) that an exception lets this hold exceed; it takes nothing from what they have
    available, and what it adds ends with it.
    """
    assert in_transaction()
    assert amount.minor > 0
    takings = _takings(claims, spending, now, granted)
    hold_id = db.session.execute(
        insert(Hold).values(
            remedy_id=remedy_id, customer_id=spending.customer_id, currency=amount.currency, amount_minor=amount.minor,
            counted_minor=amount.minor, state="reserved", held_at=now, expires_at=expires_at,
        )
    ).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
    transfer_id = _transfer("reserve", hold_id, amount, actor, now)
    _entries(
        transfer_id,
        [
            (taking.purse_id, bucket, minor)
            for taking in takings
            for bucket, minor in ((taking.source, -amount.minor), ("reserved", amount.minor))
        ],
    )
    audit.record(
        RESERVED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=spending.case_id,
        site_id=spending.site_id, amount=amount.json(), purses=[ref("purse", taking.purse_id) for taking in takings],
        granted=[ref("purse", taking.purse_id) for taking in takings if taking.is_granted],
    )  # fmt: skip
    for taking in takings:
        _take(taking, amount, spending, now)
    return int(hold_id)


def _take(taking: Taking, amount: Money, spending: Spending, now: datetime) -> None:
    """Take from one purse; the limit is in the statement, so what was read before doesn't matter."""
    minor, used = amount.minor, Purse.reserved_minor + Purse.settled_minor
    values: dict[Any, Any] = {Purse.reserved_minor: Purse.reserved_minor + minor}
    statement = update(Purse).where(Purse.id == taking.purse_id)
    if taking.is_granted:
        values[Purse.approved_minor] = Purse.approved_minor + minor
    if taking.limit_minor is not None:
        limit = taking.limit_minor
        values[Purse.ceiling_minor] = sql_case((Purse.ceiling_minor < limit, limit), else_=Purse.ceiling_minor)
    is_rolling = taking.unit == "customer_days"
    if not is_rolling and not taking.is_granted:
        assert taking.limit_minor is not None
        statement = statement.where(used - Purse.approved_minor + minor <= taking.limit_minor)
    if not is_rolling and taking.cap_minor is not None:
        statement = statement.where(used + minor <= taking.cap_minor)
    taken = db.session.execute(statement.values(values).execution_options(synchronize_session=False))
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise PurseExhausted(window=taking.said)
    if is_rolling:
        _check_rolling(taking, amount.currency, spending, now)


def _check_rolling(taking: Taking, currency: str, spending: Spending, now: datetime) -> None:
    """The row is locked now, so the sum under it can't change; this hold is already in it."""
    limits = [taking.cap_minor, None if taking.is_granted else taking.limit_minor]
    bounds = [limit for limit in limits if limit is not None]
    assert spending.customer_id is not None
    assert taking.days is not None
    if bounds and queries.rolling_counted(spending.customer_id, taking.days, now, currency) > min(bounds):
        raise PurseExhausted(window=taking.said)


def settle(*, remedy_id: int, amount: Money | None, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Settle a hold, wholly or in part; the rest is released. Returns what was settled."""
    hold, reserved_id, drawn = _ending(remedy_id, "settled", now=now)
    settled = hold.amount_minor if amount is None else amount.minor
    assert amount is None or amount.currency == hold.currency
    if not 0 < settled <= hold.amount_minor:
        raise Refusal(_l("Not more than was reserved can be settled."))
    money, rest = Money(settled, hold.currency), hold.amount_minor - settled
    transfer_id = _transfer("settle", hold.id, money, actor, now, resolves_id=reserved_id)
    _entries(transfer_id, _back(drawn, rest, reserved=-hold.amount_minor, settled=settled))
    audit.record(
        SETTLED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), released=Money(rest, hold.currency).json(),
    )  # fmt: skip
    _count(hold.id, settled)
    _move(drawn, rest, reserved=-hold.amount_minor, settled=settled)
    return money


def release(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> None:
    """Give a hold back: it was declined, withdrawn or has expired (`why`)."""
    state = "expired" if why == "expired" else "released"
    hold, reserved_id, drawn = _ending(remedy_id, state, now=now)
    kind = "expire" if why == "expired" else "release"
    money = Money(hold.amount_minor, hold.currency)
    transfer_id = _transfer(kind, hold.id, money, actor, now, resolves_id=reserved_id)
    _entries(transfer_id, _back(drawn, money.minor, reserved=-money.minor))
    audit.record(
        RELEASED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    _count(hold.id, 0)
    _move(drawn, money.minor, reserved=-money.minor)


def reverse(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Take back a settled amount by a new, linked transfer; the old one stays as it was."""
    hold, _, drawn = _ending(remedy_id, "reversed", now=now, from_state="settled")
    settled_id = db.session.scalars(
        select(LedgerTransfer.id).where(LedgerTransfer.hold_id == hold.id, LedgerTransfer.kind == "settle")
    ).one()
    money = Money(hold.counted_minor, hold.currency)
    transfer_id = _transfer("reverse", hold.id, money, actor, now, reverses_id=settled_id)
    _entries(transfer_id, _back(drawn, money.minor, settled=-money.minor))
    audit.record(
        REVERSED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    _count(hold.id, 0)
    _move(drawn, money.minor, settled=-money.minor)
    return money


def _takings(
    claims: Sequence[Claim], spending: Spending, now: datetime, granted: frozenset[tuple[str, int | None]]
) -> list[Taking]:
    """Find or make the purse of every claim; one taking a purse, from the coolest to the hottest."""
    wanted: dict[str, tuple[PurseKey, list[Claim]]] = {}
    for claim in claims:
        key = purse_key(claim, spending, now)
        assert key is not None, "a window was judged, so it has its subject"
        wanted.setdefault(key.key, (key, []))[1].append(claim)
    order = sorted(wanted.values(), key=lambda pair: (UNITS.index(pair[0].unit), pair[0].key))
    ids = _purse_ids([key for key, _ in order], spending)
    takings = []
    for key, asked in order:
        limits = [claim.limit_minor for claim in asked if not claim.hard]
        caps = [claim.limit_minor for claim in asked if claim.hard]
        takings.append(
            Taking(
                purse_id=ids[key.key],
                unit=key.unit,
                days=key.days,
                limit_minor=min(limits + caps, default=None),
                cap_minor=min(caps, default=None),
                is_granted=(key.unit, key.days) in granted,
                said=asked[0].said,
            )
        )
    return sorted(takings, key=lambda taking: (UNITS.index(taking.unit), taking.purse_id))


def _purse_ids(keys: Sequence[PurseKey], spending: Spending) -> dict[str, int]:
    known = _known([key.key for key in keys])
    missing = [
        {
            "key": key.key, "unit": key.unit, "period": key.period, "currency": key.currency,
            "site_id": spending.site_id, "team_id": spending.team_id if key.unit == "team_month" else None,
            "employee_id": spending.employee_id if key.unit == "employee_month" else None,
            "ceiling_minor": 0, "approved_minor": 0, "reserved_minor": 0, "settled_minor": 0,
        }
        for key in keys
        if key.key not in known
    ]  # fmt: skip
    if missing:
        dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
        db.session.execute(dialect.insert(Purse).values(missing).on_conflict_do_nothing(index_elements=["key"]))
        known = _known([key.key for key in keys])
    return known


def _known(keys: Sequence[str]) -> dict[str, int]:
    rows = db.session.execute(select(Purse.key, Purse.id).where(Purse.key.in_(keys)))
    return {row.key: row.id for row in rows}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A purse that a hold drew from, and the bucket that it came out of."""

    purse_id: int
    source: str


def _ending(
    remedy_id: int, state: str, *, now: datetime, from_state: str = "reserved"
) -> tuple[Hold, int, list[Drawn]]:
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
        select(Purse.id, Purse.unit, LedgerEntry.bucket)
        .join(LedgerEntry, LedgerEntry.purse_id == Purse.id)
        .where(LedgerEntry.transfer_id == reserved_id, LedgerEntry.bucket != "reserved")
    ).all()
    ordered = sorted(rows, key=lambda row: (UNITS.index(row.unit), row.id))
    return hold, reserved_id, [Drawn(row.id, row.bucket) for row in ordered]


def _transfer(
    kind: str,
    hold_id: int,
    amount: Money,
    actor: Actor,
    now: datetime,
    *,
    resolves_id: int | None = None,
    reverses_id: int | None = None,
) -> int:
    done = db.session.execute(
        insert(LedgerTransfer).values(
            kind=kind, hold_id=hold_id, amount_minor=amount.minor, currency=amount.currency, at=now, actor_id=actor.id,
            resolves_id=resolves_id, reverses_id=reverses_id,
        )
    )  # fmt: skip
    return int(done.inserted_primary_key[0])  # type: ignore[attr-defined]


def _back(drawn: Sequence[Drawn], returned: int, **moved: int) -> list[tuple[int, str, int]]:
    """Entries that move money between buckets and give `returned` back to where each purse took it from."""
    return [
        (purse.purse_id, bucket, minor)
        for purse in drawn
        for bucket, minor in ((purse.source, returned), *moved.items())
        if minor
    ]


def _entries(transfer_id: int, sides: Sequence[tuple[int, str, int]]) -> None:
    sums: dict[int, int] = {}
    for purse_id, _, minor in sides:
        sums[purse_id] = sums.get(purse_id, 0) + minor
    assert not any(sums.values()), "a transfer sums to zero in every purse"
    if sides:
        db.session.execute(
            insert(LedgerEntry),
            [
                {"transfer_id": transfer_id, "purse_id": purse_id, "bucket": bucket, "amount_minor": minor}
                for purse_id, bucket, minor in sides
            ],
        )


def _count(hold_id: int, counted_minor: int) -> None:
    db.session.execute(
        update(Hold)
        .where(Hold.id == hold_id)
        .values(counted_minor=counted_minor)
        .execution_options(synchronize_session=False)
    )


def _move(drawn: Sequence[Drawn], returned: int, *, reserved: int = 0, settled: int = 0) -> None:
    """Update the purses, coolest first; what stood on an exception ends with it."""
    for purse in drawn:
        approved = returned if purse.source == "granted" else 0
        db.session.execute(
            update(Purse)
            .where(Purse.id == purse.purse_id)
            .values(
                {
                    Purse.reserved_minor: Purse.reserved_minor + reserved,
                    Purse.settled_minor: Purse.settled_minor + settled,
                    Purse.approved_minor: Purse.approved_minor - approved,
                }
            )
            .execution_options(synchronize_session=False)
        )
