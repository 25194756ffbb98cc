"""Reading causes, their cases, and whom a note about them reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true
from sqlalchemy.orm import aliased

from app.cases.models import Case, Category
from app.cases.queries import visible_to as sees_case
from app.customers.models import Customer, CustomerConsent, CustomerMerge
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import parse_ref, ref
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.problems.models import Cause, CauseCase, CauseFix, CauseNote, CauseTelling
from app.problems.rules import PURPOSE, Audience, Person, audience

CASES_SHOWN = 50
FOUND_MAX = 200
_LINKED = CauseCase.unlinked_at.is_(None)


@dataclass(frozen=True, slots=True)
class CauseRow:
    """A cause as the list shows it. site: None where it is the whole company's."""

    id: int
    title: str
    kind: str
    site_id: int | None
    site: str | None
    category: str | None
    owner: str
    opened_at: datetime
    fixed_at: datetime | None
    case_count: int
    sent_count: int

    @property
    def ref(self) -> str:
        return ref("cause", self.id)


@dataclass(frozen=True, slots=True)
class CauseView:
    """One cause with the names beside its ids, and its standing fix."""

    cause: Cause
    site: str | None
    locale: str | None
    category: str | None
    owner: str
    opened_by: str | None
    fix: CauseFix | None
    fixed_by: str | None

    @property
    def ref(self) -> str:
        return self.cause.ref


@dataclass(frozen=True, slots=True)
class LinkedCase:
    """A case that a cause explains, or that could be."""

    id: int
    summary: str
    state: str
    category: str
    customer: str | None
    received_at: datetime

    @property
    def ref(self) -> str:
        return ref("case", self.id)


@dataclass(frozen=True, slots=True)
class Notes:
    """How far the notes of a cause are: by how they ended, and "queued"."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def queued(self) -> int:
        return self.counts.get("queued", 0)


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Which causes a scope sees: its own site's and the whole company's."""
    if scope.kind == "company":
        return true()
    if scope.site_id is None and scope.kind != "region":
        return false()
    return or_(at_sites(Cause.site_id, scope), Cause.site_id.is_(None))


def _count(statement: Select[Any]) -> Any:
    return statement.scalar_subquery()


def causes(scope: Scope, page: Page, *, is_fixed: bool | None = None) -> Slice[CauseRow]:
    """Causes within a scope, the newest first."""
    case_count = _count(select(func.count()).where(CauseCase.cause_id == Cause.id, _LINKED))
    sent_count = _count(select(func.count()).where(CauseNote.cause_id == Cause.id, CauseNote.ended_as == "sent"))
    statement = (
        select(
            Cause.id, Cause.title, Cause.kind, Cause.site_id, Site.name, Category.name, Employee.name, Cause.opened_at,
            CauseFix.at, case_count, sent_count,
        )
        .join(Employee, Employee.id == Cause.owner_id)
        .outerjoin(Site, Site.id == Cause.site_id)
        .outerjoin(Category, Category.id == Cause.category_id)
        .outerjoin(CauseFix, (CauseFix.cause_id == Cause.id) & CauseFix.undone_at.is_(None))
        .where(visible_to(scope))
    )  # fmt: skip
    if is_fixed is not None:
        statement = statement.where(CauseFix.id.is_not(None) if is_fixed else CauseFix.id.is_(None))
    if page.after and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(Cause.id < page.after[0])
    rows = [CauseRow(*row) for row in db.session.execute(statement.order_by(Cause.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def view(reference: str, scope: Scope) -> CauseView | None:
    """A cause within a scope, with its names, in one query."""
    opener, fixer = aliased(Employee), aliased(Employee)
    row = db.session.execute(
        select(Cause, Site.name, Site.locale, Category.name, Employee.name, opener.name, CauseFix, fixer.name)
        .join(Employee, Employee.id == Cause.owner_id)
        .outerjoin(Site, Site.id == Cause.site_id)
        .outerjoin(Category, Category.id == Cause.category_id)
        .outerjoin(opener, opener.id == Cause.opened_by_id)
        .outerjoin(CauseFix, (CauseFix.cause_id == Cause.id) & CauseFix.undone_at.is_(None))
        .outerjoin(fixer, fixer.id == CauseFix.by_id)
        .where(Cause.id == (parse_ref("cause", reference) or 0), visible_to(scope))
    ).first()
    return CauseView(*row) if row else None


_CASES: Any = (
    select(Case.id, Case.summary, Case.state, Category.name, Customer.name, Case.received_at)
    .join(Category, Category.id == Case.category_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
)


def cases_of(cause_id: int, scope: Scope, page: Page) -> Slice[LinkedCase]:
    """The cases of a cause that the reader may see, the newest first."""
    statement = _CASES.join(CauseCase, (CauseCase.case_id == Case.id) & _LINKED).where(
        CauseCase.cause_id == cause_id, sees_case(scope, are_named=True)
    )
    if page.after and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(Case.id < page.after[0])
    rows = [LinkedCase(*row) for row in db.session.execute(statement.order_by(Case.id.desc()).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def case_count(cause_id: int) -> int:
    return db.session.scalar(select(func.count()).where(CauseCase.cause_id == cause_id, _LINKED)) or 0


def linkable(
    cause: Cause, scope: Scope, *, category_id: int | None, root_cause: str | None, named: Sequence[int] | None
) -> tuple[LinkedCase, ...]:
    """Cases that a cause may explain, the newest first, at most FOUND_MAX: of its place, within scope, of no cause yet.

    named: the ids that words were found in; None where no words were typed.
    """
    taken = select(CauseCase.id).where(CauseCase.case_id == Case.id, _LINKED).exists()
    statement = _CASES.where(~taken, sees_case(scope, are_named=named is not None))
    if cause.site_id is not None:
        statement = statement.where(Case.site_id == cause.site_id)
    if category_id is not None:
        statement = statement.where(Case.category_id == category_id)
    if root_cause is not None:
        statement = statement.where(Case.root_cause == root_cause)
    if named is not None:
        statement = statement.where(Case.id.in_(named))
    rows = db.session.execute(statement.order_by(Case.id.desc()).limit(FOUND_MAX))
    return tuple(LinkedCase(*row) for row in rows)


def cause_of_case(case_id: int) -> CauseRow | None:
    """The cause that explains a case."""
    cause_id = db.session.scalar(select(CauseCase.cause_id).where(CauseCase.case_id == case_id, _LINKED))
    if cause_id is None:
        return None
    row = db.session.execute(
        select(Cause.id, Cause.title, Cause.kind, Cause.site_id, Employee.name, Cause.opened_at, CauseFix.at)
        .join(Employee, Employee.id == Cause.owner_id)
        .outerjoin(CauseFix, (CauseFix.cause_id == Cause.id) & CauseFix.undone_at.is_(None))
        .where(Cause.id == cause_id)
    ).one()
    return CauseRow(*row[:4], None, None, *row[4:], 0, 0)


def open_for(site_id: int) -> tuple[CauseRow, ...]:
    """Causes that a case of a site may be put to: not fixed yet, at most 100, the newest first."""
    everything = Scope("site", site_id)
    found = causes(everything, Page(size=100), is_fixed=False)
    return found.rows


def customers_of(cause_id: int) -> tuple[Person, ...]:
    """Every customer of a cause once, under whom they count as, with what decides on a note; five queries."""
    merged = select(CustomerMerge.root_id).where(
        CustomerMerge.customer_id == Case.customer_id, CustomerMerge.undone_at.is_(None)
    )
    root = func.coalesce(merged.correlate(Case).scalar_subquery(), Case.customer_id)
    linked = (
        select(root.label("root_id"), func.max(Case.id).label("case_id"))
        .join(CauseCase, (CauseCase.case_id == Case.id) & _LINKED)
        .where(CauseCase.cause_id == cause_id, Case.customer_id.is_not(None))
        .group_by(root)
        .subquery()
    )
    rows = db.session.execute(
        select(Customer.id, linked.c.case_id, Customer.name, Customer.email, Customer.language, Site.locale)
        .join(linked, linked.c.root_id == Customer.id)
        .join(Case, Case.id == linked.c.case_id)
        .join(Site, Site.id == Case.site_id)
    ).all()
    of = _numbers(select(linked.c.root_id))
    said = _last_words(linked.c.root_id)
    notes = {
        row.customer_id: row.ended_as or "queued"
        for row in db.session.execute(
            select(CauseNote.customer_id, CauseNote.ended_as).where(CauseNote.cause_id == cause_id)
        )
    }
    return tuple(
        Person(
            customer_id=row.id,
            case_id=row.case_id,
            name=row.name,
            email=row.email,
            language=row.language,
            site_locale=row.locale,
            agreed=_newest([said[one] for one in of.get(row.id, [row.id]) if one in said]),
            note=_told(notes, of.get(row.id, [row.id])),
        )
        for row in sorted(rows, key=lambda row: (row.name.casefold(), row.id))  # names are sealed where they lie
    )


def audience_of(cause_id: int) -> Audience:
    return audience(customers_of(cause_id))


def _numbers(roots: Select[Any]) -> dict[int, list[int]]:
    """All numbers of each of these customers."""
    rows = db.session.execute(
        select(CustomerMerge.customer_id, CustomerMerge.root_id).where(
            CustomerMerge.root_id.in_(roots), CustomerMerge.undone_at.is_(None)
        )
    )
    of: dict[int, list[int]] = {}
    for row in rows:
        of.setdefault(row.root_id, [row.root_id]).append(row.customer_id)
    return of


def _last_words(root_id: Any) -> dict[int, tuple[datetime, int, bool]]:
    """What each number said last about being told: when, the record's id, and whether it was a yes."""
    also = select(CustomerMerge.customer_id).where(
        CustomerMerge.root_id.in_(select(root_id)), CustomerMerge.undone_at.is_(None)
    )
    rows = db.session.execute(
        select(CustomerConsent.customer_id, CustomerConsent.said_at, CustomerConsent.id, CustomerConsent.given)
        .where(
            CustomerConsent.purpose == PURPOSE,
            or_(CustomerConsent.customer_id.in_(select(root_id)), CustomerConsent.customer_id.in_(also)),
        )
        .order_by(CustomerConsent.said_at, CustomerConsent.id)
    )
    return {row.customer_id: (row.said_at, row.id, row.given) for row in rows}


def _newest(words: Sequence[tuple[datetime, int, bool]]) -> bool:
    return max(words)[2] if words else False  # silence is no yes for what is sent


def _told(notes: dict[int, str], numbers: Sequence[int]) -> str | None:
    """The note of whoever has one under any number: one that went out or may have, before one that never did."""
    found = [notes[number] for number in numbers if number in notes]
    order = ("sent", "failed", "queued")
    return min(found, key=lambda one: order.index(one) if one in order else len(order), default=None)


def notes_of(cause_id: int) -> Notes:
    rows = db.session.execute(
        select(CauseNote.ended_as, func.count()).where(CauseNote.cause_id == cause_id).group_by(CauseNote.ended_as)
    )
    return Notes({row[0] or "queued": row[1] for row in rows})


def newest_words(cause_id: int) -> dict[str, str]:
    """What customers were told last of a cause; empty while nobody was told."""
    found = select(CauseTelling.words).where(CauseTelling.cause_id == cause_id).order_by(CauseTelling.id.desc())
    return db.session.scalar(found.limit(1)) or {}


@dataclass(frozen=True, slots=True)
class Done:
    """What a customer's page says was done about what they told us."""

    words: dict[str, str]
    at: datetime


def done_about(case_id: int) -> Done | None:
    """What was done about the cause of a case, in the words meant for customers; None while nothing was told."""
    row = db.session.execute(
        select(CauseTelling.words, CauseFix.at)
        .join(CauseFix, (CauseFix.id == CauseTelling.fix_id) & CauseFix.undone_at.is_(None))
        .join(CauseCase, (CauseCase.cause_id == CauseTelling.cause_id) & _LINKED)
        .where(CauseCase.case_id == case_id)
        .order_by(CauseTelling.id.desc())
        .limit(1)
    ).first()
    return Done(*row) if row else None
