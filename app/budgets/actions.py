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
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.budgets import queries
from app.budgets.models import Hold, LedgerEntry, LedgerTransfer, Purse
from app.budgets.rules import Spending, purse_key
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import in_transaction
from app.policies.rules import UNITS, WindowAnswer

RESERVED = audit.declare("purse:reserve", "amount", "purses", sentence=_l("reserved money"))
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
    windows: Sequence[WindowAnswer],
    rules: Sequence[Any],
    spending: Spending,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
    granted: bool = False,
) -> int:
    """Hold an amount in every window, or raise PurseExhausted naming the first that has no room; returns the hold's id.

    granted: an exception allows going over exactly these windows' limits; what it adds is kept as `approved_minor`.
    """
    assert in_transaction()
    assert amount.minor > 0
    taken = _purses(windows, rules, spending, now)
    hold_id = db.session.execute(
        insert(Hold).values(
            remedy_id=remedy_id, customer_id=spending.customer_id, currency=amount.currency, amount_minor=amount.minor,
            counted_minor=amount.minor, state="reserved", held_at=now, expires_at=expires_at,
        )
    ).inserted_primary_key[0]  # fmt: skip
    transfer_id = _transfer("reserve", hold_id, amount, actor, now)
    purse_ids = [purse_id for purse_id, _ in taken]
    _entries(transfer_id, purse_ids, available=-amount.minor, reserved=amount.minor)
    audit.record(
        RESERVED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=spending.case_id,
        site_id=spending.site_id, amount=amount.json(), purses=[ref("purse", purse_id) for purse_id in purse_ids],
    )  # fmt: skip
    for purse_id, window in taken:
        _take(purse_id, window, amount.minor, spending, now, granted=granted)
    return int(hold_id)


def _take(purse_id: int, window: WindowAnswer, minor: int, spending: Spending, now: datetime, *, granted: bool) -> None:
    """Take from one window. The rule's limit, not what was read before, decides; `window.limit_minor` includes approvals."""
    limit = _rule_limit(window)
    used = Purse.reserved_minor + Purse.settled_minor
    values: dict[Any, Any] = {
        Purse.reserved_minor: Purse.reserved_minor + minor,
        Purse.ceiling_minor: sql_case((Purse.ceiling_minor < limit, limit), else_=Purse.ceiling_minor),
    }
    statement = update(Purse).where(Purse.id == purse_id)
    if granted:
        room = limit + Purse.approved_minor - used
        # The approval covers the whole amount, so that it does not use up what may be given without one.
        over = sql_case((room < minor, minor), else_=0)
        if window.unit != "customer_days":
            values[Purse.approved_minor] = Purse.approved_minor + over
    elif window.unit != "customer_days":
        statement = statement.where(used + minor <= limit + Purse.approved_minor)
    taken = db.session.execute(statement.values(values).execution_options(synchronize_session=False))
    if taken.rowcount != 1:
        raise PurseExhausted(window=window.json())
    if window.unit == "customer_days" and not granted:
        # The row is locked now, so the sum under it can't change; this hold is already in it.
        assert spending.customer_id is not None
        assert window.days is not None
        counted = queries.rolling_counted(spending.customer_id, window.days, now, window.currency)
        if counted > limit:
            raise PurseExhausted(window=window.json())


def settle(*, remedy_id: int, amount: Money | None, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Settle a hold, wholly or in part; the rest is released. Returns what was settled."""
    hold, reserved_id, purses = _ending(remedy_id, "settled", now=now)
    settled = hold.amount_minor if amount is None else amount.minor
    assert amount is None or amount.currency == hold.currency
    if not 0 < settled <= hold.amount_minor:
        raise Refusal(_l("Not more than was reserved can be settled."))
    rest = hold.amount_minor - settled
    money = Money(settled, hold.currency)
    transfer_id = _transfer("settle", hold.id, money, actor, now, resolves_id=reserved_id)
    _entries(transfer_id, purses, available=rest, reserved=-hold.amount_minor, settled=settled)
    audit.record(
        SETTLED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), released=Money(rest, hold.currency).json(),
    )  # fmt: skip
    _count(hold.id, settled)
    _move(purses, reserved=-hold.amount_minor, settled=settled)
    return money


def release(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> None:
    """Give a hold back: it was declined, withdrawn or has expired (`why`)."""
    state = "expired" if why == "expired" else "released"
    hold, reserved_id, purses = _ending(remedy_id, state, now=now)
    kind = "expire" if why == "expired" else "release"
    money = Money(hold.amount_minor, hold.currency)
    transfer_id = _transfer(kind, hold.id, money, actor, now, resolves_id=reserved_id)
    _entries(transfer_id, purses, available=hold.amount_minor, reserved=-hold.amount_minor)
    audit.record(
        RELEASED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    _count(hold.id, 0)
    _move(purses, reserved=-hold.amount_minor)


def reverse(*, remedy_id: int, why: str, actor: Actor, now: datetime, case_id: int, site_id: int) -> Money:
    """Take back a settled amount by a new, linked transfer; the old one stays as it was."""
    hold, _, purses = _ending(remedy_id, "reversed", now=now, from_state="settled")
    settled_id = db.session.scalar(
        select(LedgerTransfer.id).where(LedgerTransfer.hold_id == hold.id, LedgerTransfer.kind == "settle")
    )
    money = Money(hold.counted_minor, hold.currency)
    transfer_id = _transfer("reverse", hold.id, money, actor, now, reverses_id=settled_id)
    _entries(transfer_id, purses, available=money.minor, settled=-money.minor)
    audit.record(
        REVERSED, subject=ref("remedy", remedy_id), actor=actor, at=now, case_id=case_id, site_id=site_id,
        amount=money.json(), why=why,
    )  # fmt: skip
    _count(hold.id, 0)
    _move(purses, settled=-money.minor)
    return money


def _purses(
    windows: Sequence[WindowAnswer], rules: Sequence[Any], spending: Spending, now: datetime
) -> list[tuple[int, WindowAnswer]]:
    """Find or make the purse of every window, from the coolest to the hottest."""
    by_id = {rule.id: rule for rule in rules}
    wanted = []
    for window in sorted(windows, key=lambda window: (UNITS.index(window.unit), window.days or 0)):
        key = purse_key(by_id[window.rule_id], spending, now)
        if key is not None:
            wanted.append((key, window))
    if not wanted:
        return []
    keys = [key.key for key, _ in wanted]
    known = _ids(keys)
    missing = [
        {
            "key": key.key, "unit": key.unit, "period": key.period, "currency": key.currency,
            "site_id": spending.site_id, "team_id": spending.team_id if key.unit == "team_month" else None,
            "employee_id": spending.employee_id if key.unit == "employee_month" else None,
            "ceiling_minor": 0, "approved_minor": 0, "reserved_minor": 0, "settled_minor": 0,
        }
        for key, _ in wanted
        if key.key not in known
    ]  # fmt: skip
    if missing:
        dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
        db.session.execute(dialect.insert(Purse).values(missing).on_conflict_do_nothing(index_elements=["key"]))
        known = _ids(keys)
    return [(known[key.key], window) for key, window in wanted]


def _ids(keys: Sequence[str]) -> dict[str, int]:
    rows = db.session.execute(select(Purse.key, Purse.id).where(Purse.key.in_(keys)))
    return {row.key: row.id for row in rows}


def _rule_limit(window: WindowAnswer) -> int:
    """The rule's own limit, without what exceptions have added to the purse."""
    return window.limit_minor - window.approved_minor


def _ending(remedy_id: int, state: str, *, now: datetime, from_state: str = "reserved") -> tuple[Hold, int, list[int]]:
    """End a hold once: the update names the state that it expects. A hold past its expiry can only expire."""
    assert in_transaction()
    statement = update(Hold).where(Hold.remedy_id == remedy_id, Hold.state == from_state)
    if state == "settled":
        statement = statement.where(Hold.expires_at > now)
    ended = db.session.execute(statement.values(state=state).execution_options(synchronize_session=False))
    if ended.rowcount != 1:
        raise HoldEnded
    hold = db.session.scalars(
        select(Hold).where(Hold.remedy_id == remedy_id).execution_options(populate_existing=True)
    ).one()
    reserved_id = db.session.scalars(
        select(LedgerTransfer.id).where(LedgerTransfer.hold_id == hold.id, LedgerTransfer.kind == "reserve")
    ).one()
    rows = db.session.execute(
        select(Purse.id, Purse.unit)
        .join(LedgerEntry, LedgerEntry.purse_id == Purse.id)
        .where(LedgerEntry.transfer_id == reserved_id, LedgerEntry.bucket == "reserved")
    ).all()
    return hold, reserved_id, [row.id for row in sorted(rows, key=lambda row: (UNITS.index(row.unit), row.id))]


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
    return int(done.inserted_primary_key[0])


def _entries(transfer_id: int, purse_ids: Sequence[int], **buckets: int) -> None:
    assert sum(buckets.values()) == 0, "a transfer sums to zero in every purse"
    rows = [
        {"transfer_id": transfer_id, "purse_id": purse_id, "bucket": bucket, "amount_minor": minor}
        for purse_id in purse_ids
        for bucket, minor in buckets.items()
        if minor
    ]
    if rows:
        db.session.execute(insert(LedgerEntry), rows)


def _count(hold_id: int, counted_minor: int) -> None:
    db.session.execute(
        update(Hold)
        .where(Hold.id == hold_id)
        .values(counted_minor=counted_minor)
        .execution_options(synchronize_session=False)
    )


def _move(purse_ids: Sequence[int], *, reserved: int = 0, settled: int = 0) -> None:
    for purse_id in purse_ids:
        db.session.execute(
            update(Purse)
            .where(Purse.id == purse_id)
            .values(
                {
                    Purse.reserved_minor: Purse.reserved_minor + reserved,
                    Purse.settled_minor: Purse.settled_minor + settled,
                }
            )
            .execution_options(synchronize_session=False)
        )
