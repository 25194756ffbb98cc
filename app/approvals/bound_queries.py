"""Reads of the bounds of deciding."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.approvals.bound_models import DecisionBound
from app.kernel.database import db
from app.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Bounds:
    """Up to which amount a batch may decide, and above which a second factor is proved; None for no such thing."""

    currency: str
    batch_max: Money | None = None
    proof_above: Money | None = None
    version: int = 0
    changed_by_id: int | None = None
    changed_at: datetime | None = None

    def asks_for_proof(self, amount: Money) -> bool:
        return self.proof_above is not None and amount > self.proof_above


def all_bounds() -> dict[str, Bounds]:
    """Return the bounds by currency."""
    return {row.currency: _bounds(row) for row in db.session.scalars(select(DecisionBound))}


def bounds(currency: str) -> Bounds:
    """Return the bounds in a currency; none are set at first."""
    row = db.session.get(DecisionBound, currency)
    return _bounds(row) if row else Bounds(currency)


def _bounds(row: DecisionBound) -> Bounds:
    return Bounds(
        row.currency,
        _money(row.batch_minor_max, row.currency),
        _money(row.proof_above_minor, row.currency),
        row.version,
        row.changed_by_id,
        row.changed_at,
    )


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
