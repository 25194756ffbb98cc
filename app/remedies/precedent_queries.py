"""Reads over precedents: one index, a capped sample, the same cost however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select, union_all

from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.people.permissions import Scope
from app.remedies.precedent_rules import SAMPLE_MAX, Band, band_of
from app.remedies.receipt_models import Precedent

SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Stratum:
    """What makes cases similar. Who the customer is, and their segment, is not a part of it."""

    category_id: int
    severity: int
    kind: str
    currency: str


@dataclass(frozen=True, slots=True)
class PastOffer:
    """One precedent."""

    case_id: int
    site_id: int
    amount_minor: int
    currency: str
    answer: str
    at: datetime

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Similar:
    """The newest SAMPLE_MAX precedents of a stratum: what was given, how customers answered, and the latest ones."""

    stratum: Stratum
    band: Band | None
    given: tuple[int, ...]  # ascending minor units of what was accepted
    accepted: int
    declined: int
    unanswered: int
    latest: tuple[PastOffer, ...]

    @property
    def count(self) -> int:
        return len(self.given)


def band(stratum: Stratum) -> Band | None:
    """The band of what was given in a stratum; None when there are too few."""
    return band_of([row.amount_minor for row in _sample(stratum) if row.answer == "accepted"])


def similar(stratum: Stratum, scope: Scope) -> Similar:
    """The precedents of a stratum in the whole company, and the latest ones that this reader may open."""
    return _similar(stratum, _sample(stratum), scope)


def _similar(stratum: Stratum, sample: Sequence[PastOffer], scope: Scope) -> Similar:
    given = tuple(sorted(row.amount_minor for row in sample if row.answer == "accepted"))
    answers = [row.answer for row in sample]
    mine = [row for row in sample if row.answer != "reversed" and scope.covers(site_id=row.site_id)]
    return Similar(
        stratum=stratum,
        band=band_of(given),
        given=given,
        accepted=len(given),
        declined=answers.count("declined"),
        unanswered=answers.count("none"),
        latest=tuple(mine[:SHOWN_MAX]),
    )


def similar_of(strata: Sequence[Stratum], scope: Scope) -> tuple[Similar, ...]:
    """The precedents of several strata, in one query, in their order."""
    if not strata:
        return ()
    parts = [select(literal(number), _newest(stratum).subquery()) for number, stratum in enumerate(strata)]
    found: list[list[PastOffer]] = [[] for _stratum in strata]
    for number, *row in db.session.execute(union_all(*parts)):
        found[number].append(PastOffer(*row))
    for sample in found:
        sample.sort(key=lambda one: one.at, reverse=True)
    return tuple(_similar(stratum, sample, scope) for stratum, sample in zip(strata, found, strict=True))


def _sample(stratum: Stratum) -> list[PastOffer]:
    return [PastOffer(*row) for row in db.session.execute(_newest(stratum))]


def _newest(stratum: Stratum) -> Any:
    return (
        select(
            Precedent.case_id, Precedent.site_id, Precedent.amount_minor, Precedent.currency, Precedent.answer,
            Precedent.at,
        )
        .where(
            Precedent.category_id == stratum.category_id,
            Precedent.severity == stratum.severity,
            Precedent.kind == stratum.kind,
            Precedent.currency == stratum.currency,
        )
        .order_by(Precedent.at.desc(), Precedent.remedy_id.desc())
        .limit(SAMPLE_MAX)
    )  # fmt: skip
