"""How money moves are written down: purses found or made, shares, transfers with their entries, and the purses' totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.budgets.models import Hold, HoldShare, LedgerEntry, LedgerTransfer, Purse
from app.budgets.rules import ROLLING, UNITS, Claim, PurseKey, Spending, keys_beside, purse_key, window_name
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Taking:
    """What one purse is asked for: `limit_minor` of what stands on no exception, `cap_minor` of everything.

    beside: the purses of the same window under the customer's other numbers; what they hold counts against both.
    """

    purse_id: int
    key: PurseKey
    minor: int
    limit_minor: int | None
    cap_minor: int | None
    is_granted: bool
    said: dict[str, Any]
    beside: tuple[PurseKey, ...] = ()

    @property
    def source(self) -> str:
        return "granted" if self.is_granted else "available"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A purse that a hold drew from, how much, and the bucket that it came out of."""

    purse_id: int
    unit: str
    source: str
    minor: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What ends in one purse: changes of the buckets, and what goes back to where it came from. They sum to zero."""

    purse: Drawn
    reserved: int = 0
    settled: int = 0
    returned: int = 0

    def sides(self) -> list[tuple[int, str, int]]:
        """The entries of this purse: (purse, bucket, minor)."""
        buckets = ((self.purse.source, self.returned), ("reserved", self.reserved), ("settled", self.settled))
        return [(self.purse.purse_id, bucket, minor) for bucket, minor in buckets if minor]


def part_of(purse: Drawn, settled_minor: int, held_minor: int) -> Moved:
    """What a purse settles of its share, rounded up, when a part of the hold is settled; a piece is settled whole."""
    settled = -(-purse.minor * settled_minor // held_minor)
    return Moved(purse, reserved=-purse.minor, settled=settled, returned=purse.minor - settled)


def share(hold_id: int, takings: Sequence[Taking], now: datetime) -> None:
    """Write what the hold has in each rolling purse."""
    shares = [
        {
            "hold_id": hold_id, "purse_id": taking.purse_id, "held_at": now, "reserved_minor": taking.minor,
            "settled_minor": 0, "granted": taking.is_granted,
        }
        for taking in takings
        if taking.key.is_rolling
    ]  # fmt: skip
    if shares:
        db.session.execute(insert(HoldShare), shares)


def takings_of(
    claims: Sequence[Claim], amount: Money, spending: Spending, now: datetime, granted: frozenset[str]
) -> list[Taking]:
    """Find or make the purse of every claim; one taking a purse, from the coolest to the hottest."""
    wanted: dict[str, tuple[PurseKey, list[Claim]]] = {}
    for claim in claims:
        key = purse_key(claim, spending, now)
        if key is None:  # a single remedy: its limit is judged, and nothing is shared
            assert claim.unit == "remedy", "a window was judged, so it has its subject"
            continue
        wanted.setdefault(key.key, (key, []))[1].append(claim)
    order = sorted(wanted.values(), key=lambda pair: (UNITS.index(pair[0].unit), pair[0].key))
    ids = _purse_ids([key for key, _ in order], spending)
    found = []
    for key, asked in order:
        limits = [claim.limit_minor for claim in asked if not claim.hard]
        caps = [claim.limit_minor for claim in asked if claim.hard]
        found.append(
            Taking(
                purse_id=ids[key.key],
                key=key,
                minor=amount.minor if asked[0].asked_minor is None else asked[0].asked_minor,
                limit_minor=min(limits + caps, default=None),
                cap_minor=min(caps, default=None),
                is_granted=window_name(asked[0]) in granted,
                said=asked[0].said,
                beside=keys_beside(asked[0], spending, now),
            )
        )
    return sorted(found, key=lambda taking: (UNITS.index(taking.key.unit), taking.purse_id))


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


def amounts(transfer_id: int, bucket: str) -> dict[int, int]:
    """What a transfer put into a bucket, by purse."""
    rows = db.session.execute(
        select(LedgerEntry.purse_id, LedgerEntry.amount_minor).where(
            LedgerEntry.transfer_id == transfer_id, LedgerEntry.bucket == bucket
        )
    )
    return {row.purse_id: row.amount_minor for row in rows}


def transfer(
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


def entries(transfer_id: int, sides: Sequence[tuple[int, str, int]]) -> None:
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


def count(hold_id: int, counted_minor: int) -> None:
    db.session.execute(
        update(Hold)
        .where(Hold.id == hold_id)
        .values(counted_minor=counted_minor)
        .execution_options(synchronize_session=False)
    )


def move(hold_id: int, parts: Sequence[Moved]) -> None:
    """Update the purses, coolest first; what stood on an exception ends with it."""
    for part in parts:
        approved = part.returned if part.purse.source == "granted" else 0
        db.session.execute(
            update(Purse)
            .where(Purse.id == part.purse.purse_id)
            .values(
                {
                    Purse.reserved_minor: Purse.reserved_minor + part.reserved,
                    Purse.settled_minor: Purse.settled_minor + part.settled,
                    Purse.approved_minor: Purse.approved_minor - approved,
                }
            )
            .execution_options(synchronize_session=False)
        )
        if part.purse.unit in ROLLING:
            db.session.execute(
                update(HoldShare)
                .where(HoldShare.hold_id == hold_id, HoldShare.purse_id == part.purse.purse_id)
                .values(
                    {
                        HoldShare.reserved_minor: HoldShare.reserved_minor + part.reserved,
                        HoldShare.settled_minor: HoldShare.settled_minor + part.settled,
                    }
                )
                .execution_options(synchronize_session=False)
            )
