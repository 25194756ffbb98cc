"""Reads of what stands around a request: its names, and the customer's other cases."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

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
    outcome: str | None
    given_minor: int
    currency: str

    @property
    def ref(self) -> str:
        return ref("case", self.id)

    @property
    def given(self) -> Money:
        return Money(self.given_minor, self.currency)


HISTORY_MAX = 100


def past_cases(customer_id: int, but: int, limit: int = HISTORY_MAX) -> tuple[PastCase, ...]:
    """Return a customer's other cases under all of her numbers, newest first, at most `limit`."""
    statement = (
        select(Case.id, Case.summary, Case.occurred_at, Case.outcome, Case.given_minor, Site.currency)
        .join(Site, Site.id == Case.site_id)
        .where(Case.customer_id.in_(numbers_within(customer_id)), Case.id != but)
        .order_by(Case.id.desc())
        .limit(limit)
    )
    return tuple(PastCase(*row) for row in db.session.execute(statement))
