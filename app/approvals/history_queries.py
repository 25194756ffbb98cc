"""Reads of what stands around a request: its names, and the customer's other cases."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.approvals.queries import RequestRow
from app.cases.models import Case, Category
from app.customers.merge_queries import numbers_within
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.people.models import Site
from app.policies.models import RemedyKind


@dataclass(frozen=True, slots=True)
class Place:
    """The names around a request: its case's category, its kind of remedy, and its site's time zone."""

    category: str
    kind: str
    zone: str


def place_of(row: RequestRow) -> Place:
    """Read the names around a request in one query."""
    found = db.session.execute(
        select(Category.name, RemedyKind.name, Site.time_zone)
        .select_from(Site)
        .outerjoin(Category, Category.id == row.category_id)
        .outerjoin(RemedyKind, RemedyKind.code == row.kind)
        .where(Site.id == row.site_id)
    ).one()
    return Place(found[0] or "–", found[1] or row.kind, found[2])


@dataclass(frozen=True, slots=True)
class PastCase:
    """One earlier case of the same customer."""

    id: int
    summary: str
    at: datetime

    @property
    def ref(self) -> str:
        return ref("case", self.id)


@dataclass(frozen=True, slots=True)
class History:
    """A customer's other cases, under all of her numbers: how many, what they got per currency, and the newest."""

    count: int = 0
    given: tuple[Money, ...] = ()
    last: PastCase | None = None


def history_of(customer_id: int, but: int) -> History:
    """Read what a customer had besides one case; nothing given is left out of the sums."""
    others = Case.customer_id.in_(numbers_within(customer_id)), Case.id != but
    sums = (
        select(Site.currency, func.count(), func.sum(Case.given_minor))
        .join(Site, Site.id == Case.site_id)
        .where(*others)
        .group_by(Site.currency)
        .order_by(Site.currency)
    )
    rows = db.session.execute(sums).all()
    last = db.session.execute(
        select(Case.id, Case.summary, Case.occurred_at).where(*others).order_by(Case.id.desc()).limit(1)
    ).first()
    return History(
        count=sum(count for _, count, _ in rows),
        given=tuple(Money(int(minor), currency) for currency, _, minor in rows if minor),
        last=PastCase(*last) if last else None,
    )
