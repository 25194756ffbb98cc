"""What stands against erasing somebody, what would go and what would stay, and which erasures there are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.cases.models import Case
from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Employee
from app.privacy.data_map import HOLDINGS
from app.privacy.models import Erasure, LegalHold
from app.privacy.subject_queries import Subject, cases_of, is_about, rows_of
from app.privacy.tag_rules import Holding

SHOWN = 50
# Money that is under way: table, and the states in which it is.
_UNDER_WAY = {
    "remedy": ("requested", "reserved"),
    "exception_request": ("waiting",),
    "payout": ("pending", "sent", "failed"),
}


def open_hold(subject: Subject) -> LegalHold | None:
    """The hold that forbids erasing this person, under whichever of their numbers it was set."""
    column = getattr(LegalHold, f"{subject.kind}_id")
    return db.session.scalars(
        select(LegalHold)
        .where(column.in_(subject.numbers), LegalHold.lifted_at.is_(None))
        .order_by(LegalHold.id)
        .limit(1)
    ).first()


def running(subject: Subject) -> Erasure | None:
    """The proposal that waits for a second person."""
    column = getattr(Erasure, f"{subject.kind}_id")
    return db.session.scalars(
        select(Erasure)
        .where(column.in_(subject.numbers), Erasure.erased_at.is_(None), Erasure.withdrawn_at.is_(None))
        .limit(1)
    ).first()


def blockers(subject: Subject) -> list[str]:
    """Say what stands against erasing; empty when nothing does."""
    found: list[str] = []
    held = open_hold(subject)
    if held is not None:
        found.append(_("A hold stands: %(reason)s", reason=held.reason))
    if subject.kind == "employee":
        still = db.session.scalar(select(Employee.deactivated_at).where(Employee.id == subject.id))
        if still is None:
            found.append(_("This person still works here. Deactivate them first."))
        return found
    states = {"case_file": ("open", "waiting"), **_UNDER_WAY}
    counts: list[Any] = [
        select(literal(name).label("name"), func.count().label("n"))
        .select_from(db.metadata.tables[name])
        .where(rows_of(name, subject), db.metadata.tables[name].c.state.in_(some))
        for name, some in states.items()
    ]
    found_counts = {row.name: row.n for row in db.session.execute(union_all(*counts))}
    opened = found_counts.pop("case_file")
    if opened:
        found.append(ngettext("%(num)s case is still open.", "%(num)s cases are still open.", opened))
    money = sum(found_counts.values())
    if money:
        found.append(ngettext("%(num)s remedy is still under way.", "%(num)s remedies are still under way.", money))
    return found


def case_ids(subject: Subject) -> tuple[int, ...]:
    """A customer's cases, the oldest first; an employee has none of their own."""
    if subject.kind == "employee":
        return ()
    return tuple(db.session.scalars(cases_of(subject).order_by(Case.id)))


@dataclass(frozen=True, slots=True)
class Part:
    """One table of somebody's data. what: overwritten, deleted or kept; why: why it stays."""

    table: str
    purpose: str
    count: int
    what: str
    why: str


def preview(subject: Subject) -> list[Part]:
    """How many rows of each table are the person's, and what erasing does to them; one query for all."""
    wanted = [one for one in HOLDINGS if one.of and is_about(one.table, subject.kind)]
    counts: list[Any] = [
        select(literal(one.table).label("name"), func.count().label("n"))
        .select_from(db.metadata.tables[one.table])
        .where(rows_of(one.table, subject))
        for one in wanted
    ]
    found = {row.name: row.n for row in db.session.execute(union_all(*counts))}
    return [
        Part(one.table, one.purpose, found[one.table], _what(one, subject), one.why)
        for one in wanted
        if found[one.table]
    ]


def _what(holding: Holding, subject: Subject) -> str:
    if holding.why == "identity":
        return "overwrite"
    if holding.spares(subject.kind):
        return "keep"
    return holding.erase


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure, as lists show it: by reference, since there is no name any more."""

    id: int
    numbers: list[str]
    asked_at: datetime
    asked_by_id: int
    asked_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    withdrawn_at: datetime | None
    erased_at: datetime | None
    cleaned_at: datetime | None
    counts: dict[str, Any]

    @property
    def ref(self) -> str:
        return ref("erasure", self.id)

    @property
    def subject(self) -> str:
        return self.numbers[0]


def erasures(erasure_id: int | None = None) -> tuple[ErasureRow, ...]:
    """The newest erasures and proposals, at most SHOWN, or the one with this number."""
    second = aliased(Employee)
    wanted = (
        select(
            Erasure.id, Erasure.numbers, Erasure.asked_at, Erasure.asked_by_id, Employee.name, Erasure.confirmed_at,
            second.name, Erasure.withdrawn_at, Erasure.erased_at, Erasure.cleaned_at, Erasure.counts,
        )
        .join(Employee, Employee.id == Erasure.asked_by_id)
        .outerjoin(second, second.id == Erasure.confirmed_by_id)
        .order_by(Erasure.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    if erasure_id is not None:
        wanted = wanted.where(Erasure.id == erasure_id)
    return tuple(ErasureRow(*row) for row in db.session.execute(wanted))
