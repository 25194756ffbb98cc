"""Shares of decisions about money by kind, currency and band of amounts: where the limit sits wrong, a total hides it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from app.approvals.models import ExceptionRequest
from app.insights import fact_queries
from app.insights.approval_rules import BAND_EDGES
from app.insights.queries import Part
from app.insights.rules import Share, share
from app.kernel.database import db
from app.remedies.models import Remedy

# What the key of a fact names, by measure.
TABLES: dict[str, Any] = {"autonomy": Remedy, "rubber-stamp": ExceptionRequest}


@dataclass(frozen=True, slots=True, order=True)
class Band:
    """A kind of remedy, a currency and which of the bands of amounts (0 to 6; an edge belongs to the band below it)."""

    kind: str
    currency: str
    number: int

    @property
    def low_minor(self) -> int:
        return BAND_EDGES[self.number - 1] + 1 if self.number else 0

    @property
    def high_minor(self) -> int | None:
        return BAND_EDGES[self.number] if self.number < len(BAND_EDGES) else None

    @property
    def key(self) -> str:
        """As files and the API name it, in minor units: refund:GBP:2501-5000."""
        return f"{self.kind}:{self.currency}:{self.low_minor}-{'' if self.high_minor is None else self.high_minor}"


def band_of_key(key: str) -> Band | None:
    """Read a band's key again; None for any other text."""
    kind, _sep, rest = key.partition(":")
    currency, _sep, bounds = rest.partition(":")
    found = (Band(kind, currency, number) for number in range(len(BAND_EDGES) + 1))
    return next((band for band in found if band.key == key), None) if kind and currency and bounds else None


def by_band(name: str, part: Part, now: datetime) -> dict[Band, Share]:
    """k of n of each kind, currency and band; they add up to the whole."""
    of = TABLES[name]
    facts = fact_queries.statement(name, part, now).subquery()
    number = case(*((of.amount_minor <= edge, at) for at, edge in enumerate(BAND_EDGES)), else_=len(BAND_EDGES))
    rows = db.session.execute(
        select(of.kind, of.currency, number, func.sum(facts.c.hit), func.count())
        .join(facts, facts.c.key == of.id)
        .group_by(of.kind, of.currency, number)
    )
    found = {Band(kind, currency, at): share(int(k or 0), n) for kind, currency, at, k, n in rows}
    return dict(sorted(found.items()))


def in_band(name: str, band: Band, key: Any) -> Any:
    """What keeps the facts of one band: a condition on the column of their keys."""
    of = TABLES[name]
    wanted = select(of.id).where(of.kind == band.kind, of.currency == band.currency, of.amount_minor >= band.low_minor)
    if band.high_minor is not None:
        wanted = wanted.where(of.amount_minor <= band.high_minor)
    return key.in_(wanted)
