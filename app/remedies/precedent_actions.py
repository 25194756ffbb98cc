"""Keeping what past remedies were and how customers answered, and asking for a reason outside of the usual."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, literal, select, update

from app.cases.models import Case
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.kernel.transactions import in_transaction
from app.policies.rules import Offer
from app.remedies import precedent_queries as queries
from app.remedies.models import Remedy
from app.remedies.precedent_queries import Stratum
from app.remedies.receipt_models import Precedent


def ask_reason(*, offer: Offer, reason: str) -> None:
    """Refuse an offer far from what similar cases got, low as well as high, as long as nobody says why."""
    if reason.strip() or not offer.is_monetary or offer.nature != "goodwill" or offer.category_id is None:
        return
    stratum = Stratum(offer.category_id, offer.severity, offer.kind, offer.amount.currency)
    band = queries.band(stratum)
    if band is None or not band.is_outside(offer.amount.minor):
        return
    low, high = (Money(minor, stratum.currency) for minor in (band.low_minor, band.high_minor))
    sentence = _l(
        "Eight of ten similar cases got %(low)s to %(high)s %(currency)s. Say why this one gets less or more.",
        low=low.decimal(), high=high.decimal(), currency=stratum.currency,
    )  # fmt: skip
    raise BadInput({"reason": [str(sentence)]})


def note(*, remedy: Remedy, answer: str, now: datetime) -> None:
    """Keep how a remedy ended, inside its deed. Only goodwill money sets a precedent."""
    assert in_transaction()
    if remedy.nature != "goodwill" or not remedy.amount_minor or remedy.historic:
        return
    if answer == "reversed":
        db.session.execute(update(Precedent).where(Precedent.remedy_id == remedy.id).values(answer=answer))
        return
    asked = (remedy.decision or {}).get("asked", {})
    if asked.get("category_id") is None:
        return
    db.session.execute(
        insert(Precedent).values(
            remedy_id=remedy.id, case_id=remedy.case_id, site_id=remedy.site_id, category_id=asked["category_id"],
            severity=asked["severity"], kind=remedy.kind, currency=remedy.currency, amount_minor=remedy.amount_minor,
            answer=answer, at=now,
        )
    )  # fmt: skip


def note_history(remedy_ids: Sequence[int]) -> None:
    """Let a batch of amounts that were paid before set precedents too."""
    assert in_transaction()
    columns = [
        Precedent.remedy_id, Precedent.case_id, Precedent.site_id, Precedent.category_id, Precedent.severity,
        Precedent.kind, Precedent.currency, Precedent.amount_minor, Precedent.answer, Precedent.at,
    ]  # fmt: skip
    rows = (
        select(
            Remedy.id, Remedy.case_id, Remedy.site_id, Case.category_id, Case.severity, Remedy.kind, Remedy.currency,
            Remedy.amount_minor, literal("accepted"), Remedy.created_at,
        )
        .join(Case, Case.id == Remedy.case_id)
        .where(Remedy.id.between(min(remedy_ids), max(remedy_ids)), Remedy.historic.is_(True))
        .where(Remedy.nature == "goodwill", Remedy.amount_minor > 0)
        .where(Remedy.id.not_in(select(Precedent.remedy_id).where(Precedent.remedy_id >= min(remedy_ids))))
    )  # fmt: skip
    db.session.execute(insert(Precedent).from_select(columns, rows))
