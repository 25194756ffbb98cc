"""Reading reviews: who is meant, what was said, which cases, who signed, who looked. Lists stand by time, never by a figure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.triggers import ERASED
from app.people.models import Employee, Site
from app.people.permissions import COMPANY, Scope
from app.remedies import receipt_queries as receipts
from app.remedies.models import Remedy
from app.reviews.count_queries import Span
from app.reviews.figure_rules import Figure, figure_of
from app.reviews.models import (
    ConductCase,
    ConductItem,
    Review,
    ReviewAccess,
    ReviewCase,
    ReviewSignature,
    ReviewText,
)
from app.reviews.rules import READERS, Side, content_hash
from app.reviews.sealing import CONDUCT, TEXT

ACCESS_SHOWN, SHOWN_BROKEN = 50, 5


@dataclass(frozen=True, slots=True)
class Money:
    """Money that the person decided: inside the policy of its time with a reason, of all. None below ten."""

    k: int | None
    n: int | None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review with the names that stand on it."""

    id: int
    employee_id: int
    reviewer_id: int
    opened_by_id: int
    since_on: date
    until_on: date
    opened_at: datetime
    seed: int
    method: str
    figures_json: str
    figures_hash: str
    state: str
    round: int
    closed_at: datetime | None
    version: int
    employee: str
    role: str
    job_title: str
    manager_id: int | None
    reviewer: str
    site: str
    zone: str

    @property
    def ref(self) -> str:
        return ref("review", self.id)

    @property
    def last_on(self) -> date:
        """The last day of the period, inclusive, as people say it."""
        return self.until_on - timedelta(days=1)

    @property
    def figures(self) -> list[Figure]:
        return [figure_of(row) for row in orjson.loads(self.figures_json)["figures"]]

    @property
    def money(self) -> Money:
        found = orjson.loads(self.figures_json)["money"]
        return Money(found.get("k"), found.get("n"))

    def side_of(self, actor: Actor) -> Side | None:
        if actor.id == self.employee_id:
            return "employee"
        return "reviewer" if actor.id == self.reviewer_id else None


_Reviewer, _Reader = aliased(Employee), aliased(Employee)
_ROWS: Any = (
    select(
        Review.id, Review.employee_id, Review.reviewer_id, Review.opened_by_id, Review.since_on, Review.until_on,
        Review.opened_at, Review.seed, Review.method, Review.figures, Review.figures_hash, Review.state, Review.round,
        Review.closed_at, Review.version, Employee.name, Employee.role, Employee.job_title, Employee.manager_id,
        _Reviewer.name, Site.name, Site.time_zone,
    )
    .join(Employee, Employee.id == Review.employee_id)
    .join(_Reviewer, _Reviewer.id == Review.reviewer_id)
    .join(Site, Site.id == Review.site_id)
)  # fmt: skip


def review(review_id: int, scope: Scope) -> ReviewRow | None:
    """One review; None when it isn't there or the reader has nothing to do with it."""
    row = db.session.execute(_seen(_ROWS.where(Review.id == review_id), scope)).first()
    return ReviewRow(*row) if row else None


def reviews(scope: Scope, page: Page) -> Slice[ReviewRow]:
    """The reviews that somebody may read, the newest first."""
    statement = _seen(_ROWS, scope)
    if page.after is not None and isinstance(page.after[0], int) and abs(page.after[0]) < 2**63:
        statement = statement.where(Review.id < page.after[0])
    rows = db.session.execute(statement.order_by(Review.id.desc()).limit(page.size + 1))
    return slice_of([ReviewRow(*row) for row in rows], page, lambda row: (row.id,))


def _seen(statement: Select[Any], scope: Scope) -> Select[Any]:
    """Whose review it is, who holds it now, and whom the table lets read all; HR reads no other review of HR."""
    hands = or_(Review.employee_id == scope.employee_id, Review.reviewer_id == scope.employee_id)
    if scope.kind != "company":
        return statement.where(hands)
    is_hr = select(_Reader.id).where(_Reader.id == scope.employee_id, _Reader.role == "hr").exists()
    return statement.where(or_(Employee.role != "hr", hands, ~is_hr))


def span_of(since_on: date, until_on: date, zone: str, now: datetime) -> Span:
    """A period in the days of a site."""
    here = ZoneInfo(zone)

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=here)

    return Span(midnight(since_on), midnight(until_on), now)


@dataclass(frozen=True, slots=True)
class Said:
    """Something somebody said in a review."""

    id: int
    kind: str
    measure: str | None
    author_id: int
    author: str
    text: str
    at: datetime
    round: int


def texts(review_id: int) -> tuple[Said, ...]:
    """Everything that was said, oldest first; earlier wordings too."""
    rows = db.session.execute(
        select(
            ReviewText.id, ReviewText.kind, ReviewText.measure, ReviewText.author_id, Employee.name, TEXT,
            ReviewText.at, ReviewText.round,
        )
        .join(Employee, Employee.id == ReviewText.author_id)
        .where(ReviewText.review_id == review_id)
        .order_by(ReviewText.id)
    )  # fmt: skip
    return tuple(Said(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A case that is read together; is_protected: what was given in it can't be held against the person."""

    case_id: int
    summary: str
    origin: str
    is_protected: bool

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)


def evidence(row: ReviewRow) -> tuple[EvidenceRow, ...]:
    """The cases of a review, by their number."""
    found = db.session.execute(
        select(ReviewCase.case_id, Case.summary, ReviewCase.origin)
        .join(Case, Case.id == ReviewCase.case_id)
        .where(ReviewCase.review_id == row.id)
        .order_by(ReviewCase.case_id)
    ).all()
    kept = protected(row.employee_id, [one.case_id for one in found])
    return tuple(EvidenceRow(*one, one.case_id in kept) for one in found)


def protected(employee_id: int, case_ids: Iterable[int]) -> dict[int, str]:
    """Of these cases, those in which the person decided money inside the policy of its time and with a reason → that clause.

    Each receipt is judged again from itself, so a later policy changes nothing.
    """
    statement = select(Remedy.id, Remedy.case_id).where(
        Remedy.employee_id == employee_id, Remedy.case_id.in_(list(case_ids))
    )
    found: dict[int, str] = {}
    remedies = {row.id: row.case_id for row in db.session.execute(statement)}
    for receipt in receipts.receipts_of_many(list(remedies)):
        if receipt.is_protected:
            found.setdefault(remedies[receipt.remedy_id], str(receipt.verdict.stored["clause"] or "–"))
    return found


@dataclass(frozen=True, slots=True)
class ConductRow:
    """A conduct item with its clause as it stood and its cases."""

    id: int
    area: str
    tone: str
    text: str
    charter_version_id: int
    clause: str
    author: str
    at: datetime
    withdrawn_at: datetime | None
    case_refs: tuple[str, ...]


def conduct(review_id: int) -> tuple[ConductRow, ...]:
    """What was said about conduct, oldest first; also what was taken back."""
    items: Any = db.session.execute(
        select(
            ConductItem.id, ConductItem.area, ConductItem.tone, CONDUCT, ConductItem.charter_version_id,
            ConductItem.clause, Employee.name, ConductItem.at, ConductItem.withdrawn_at,
        )
        .join(Employee, Employee.id == ConductItem.author_id)
        .where(ConductItem.review_id == review_id)
        .order_by(ConductItem.id)
    ).all()  # fmt: skip
    linked: dict[int, list[str]] = {}
    if items:
        wanted = select(ConductCase.item_id, ConductCase.case_id).where(
            ConductCase.item_id.in_([one.id for one in items])
        )
        for item_id, case_id in db.session.execute(wanted.order_by(ConductCase.case_id)):
            linked.setdefault(item_id, []).append(ref("case", case_id))
    return tuple(ConductRow(*(*one, tuple(linked.get(one.id, ())))) for one in items)


@dataclass(frozen=True, slots=True)
class SignatureRow:
    side: str
    name: str
    at: datetime
    round: int
    content_hash: str


def signatures(review_id: int) -> tuple[SignatureRow, ...]:
    rows = db.session.execute(
        select(
            ReviewSignature.side, Employee.name, ReviewSignature.at, ReviewSignature.round, ReviewSignature.content_hash
        )
        .join(Employee, Employee.id == ReviewSignature.employee_id)
        .where(ReviewSignature.review_id == review_id)
        .order_by(ReviewSignature.id)
    )
    return tuple(SignatureRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class AccessRow:
    name: str
    how: str
    at: datetime


def accesses(review_id: int) -> tuple[AccessRow, ...]:
    """Who else read the review, the newest first."""
    rows = db.session.execute(
        select(Employee.name, ReviewAccess.how, ReviewAccess.at)
        .join(Employee, Employee.id == ReviewAccess.reader_id)
        .where(ReviewAccess.review_id == review_id)
        .order_by(ReviewAccess.id.desc())
        .limit(ACCESS_SHOWN)
    )
    return tuple(AccessRow(*row) for row in rows)


def involved(row: ReviewRow) -> set[int]:
    """Whoever had a hand in a review, and the person's own line: none of them reads it a second time."""
    wrote = db.session.scalars(select(ReviewText.author_id).where(ReviewText.review_id == row.id).distinct())
    signed = db.session.scalars(select(ReviewSignature.employee_id).where(ReviewSignature.review_id == row.id))
    judged = db.session.scalars(select(ConductItem.author_id).where(ConductItem.review_id == row.id))
    hands = {row.employee_id, row.reviewer_id, row.opened_by_id, *wrote, *signed, *judged}
    return hands | ({row.manager_id} if row.manager_id else set())


def readers(row: ReviewRow) -> tuple[tuple[int, str], ...]:
    """Who may read it a second time: active HR people and managers without a hand in it, by name; of HR, managers alone."""
    roles = ("manager",) if row.role == "hr" else READERS
    rows = db.session.execute(
        select(Employee.id, Employee.name)
        .where(Employee.role.in_(roles), Employee.deactivated_at.is_(None), Employee.id.not_in(involved(row)))
        .order_by(Employee.name, Employee.id)
        .limit(100)
    )
    return tuple((one.id, one.name) for one in rows)


def content(row: ReviewRow) -> str:
    """Name exactly what would be signed now."""
    said = [[one.id, one.kind, one.measure, one.text] for one in texts(row.id)]
    items = [[one.id, one.area, one.tone, one.text, one.clause, list(one.case_refs)]
             for one in conduct(row.id) if one.withdrawn_at is None]  # fmt: skip
    cases = db.session.execute(
        select(ReviewCase.case_id, ReviewCase.origin).where(ReviewCase.review_id == row.id).order_by(ReviewCase.case_id)
    )
    return content_hash(
        {
            "review": row.ref,
            "round": row.round,
            "figures": row.figures_hash,
            "texts": said,
            "conduct": items,
            "cases": [[case_id, origin] for case_id, origin in cases],
        }
    )


def signed_otherwise() -> list[str]:
    """Name the closed reviews that don't say any more what both signed; where words were erased, nobody can tell."""
    found = []
    both = (
        select(ReviewSignature.review_id, ReviewSignature.content_hash)
        .join(Review, (Review.id == ReviewSignature.review_id) & (Review.round == ReviewSignature.round))
        .where(Review.state == "closed")
        .group_by(ReviewSignature.review_id, ReviewSignature.content_hash)
        .having(func.count() == 2)
        .order_by(ReviewSignature.review_id)
    )
    for review_id, signed in db.session.execute(both).all():
        row = review(review_id, COMPANY)
        words = {*(one.text for one in texts(review_id)), *(one.text for one in conduct(review_id))}
        if row is not None and content(row) != signed and ERASED not in words:
            found.append(row.ref)
    return [f"a closed review says what both signed: {found[:SHOWN_BROKEN]}"] if found else []


def running_count(employee_id: int) -> int:
    return db.session.scalar(
        select(func.count()).where(Review.employee_id == employee_id, Review.state != "closed")
    ) or 0  # fmt: skip


def covering(employee_id: int, since_on: date, until_on: date) -> tuple[str, date, date] | None:
    """Return the newest review of this person that covers a day of the period already: its reference, first and last day."""
    row = db.session.execute(
        select(Review.id, Review.since_on, Review.until_on)
        .where(Review.employee_id == employee_id, Review.since_on < until_on, Review.until_on > since_on)
        .order_by(Review.id.desc())
        .limit(1)
    ).one_or_none()
    return (ref("review", row.id), row.since_on, row.until_on - timedelta(days=1)) if row else None
