"""Store published exchange rates; a stored one never changes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select

from app.audit import actions as audit
from app.budgets.models import FxRate
from app.budgets.rate_rules import DayRate, read_rates
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction
from app.people import permissions

IMPORTED = audit.declare(
    "fx-rates:import", "rates", "first_on", "last_on", "content", sentence=_l("stored published exchange rates")
)
BATCH = 2_000


class RateChanged(Refusal):
    """A rate that is stored already has another value in the file."""

    code = "rate-changed"
    sentence = _l("A rate that is stored already is another one in this file. Nothing was stored.")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought: how many rates are new of how many, and the days that it covers."""

    added: int
    read: int
    first_on: date | None
    last_on: date | None


def import_rates(*, text: str, actor: Actor, now: datetime) -> Imported:
    """Store the rates of a file in the European Central Bank's format; what is stored already is left as it is.

    Raises BadRates for a file in another format and RateChanged where a stored rate differs; both store nothing.
    """
    permissions.require(actor, "settings.write")
    rates = list(read_rates(text))
    if not rates:
        return Imported(0, 0, None, None)
    first, last = min(rate.on for rate in rates), max(rate.on for rate in rates)
    with transaction():
        new = _unknown(rates, first, last)
        if new:
            rows = [{"currency": one.currency, "on_day": one.on, "millionths": one.millionths} for one in new]
            for start in range(0, len(rows), BATCH):
                db.session.execute(insert(FxRate), rows[start : start + BATCH])
            audit.record(
                IMPORTED, subject="fx-rates", actor=actor, at=now, rates=len(new), first_on=first.isoformat(),
                last_on=last.isoformat(), content=hashlib.sha256(text.encode()).hexdigest(),
            )  # fmt: skip
    return Imported(len(new), len(rates), first, last)


def _unknown(rates: Sequence[DayRate], first: date, last: date) -> list[DayRate]:
    """Return what is not stored yet, each once."""
    rows = db.session.execute(
        select(FxRate.currency, FxRate.on_day, FxRate.millionths).where(FxRate.on_day.between(first, last))
    )
    known = {(row.currency, row.on_day): row.millionths for row in rows}
    new = []
    for rate in rates:
        stored = known.get((rate.currency, rate.on))
        if stored is None:
            known[rate.currency, rate.on] = rate.millionths
            new.append(rate)
        elif stored != rate.millionths:
            raise RateChanged(currency=rate.currency, on=rate.on.isoformat())
    return new
