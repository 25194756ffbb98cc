"""Kudos and coaching notes of one person, by time; nothing counts or compares them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from app.cases.models import Case, CaseEvent
from app.kernel.database import db
from app.kernel.references import ref
from app.people import certificate_queries as certificates
from app.people.models import Employee
from app.people.permissions import Scope
from app.reviews.recognition_models import CoachingNote, CustomerThanks, Kudos
from app.reviews.recognition_rules import LOOKBACK, Certificate, Suggestion, suggestions
from app.reviews.sealing import NEXT_STEP, SAW

SHOWN = 50
_Giver, _Receiver = aliased(Employee), aliased(Employee)


@dataclass(frozen=True, slots=True)
class KudosRow:
    case_id: int
    summary: str
    giver_id: int
    giver: str
    receiver: str
    value: str
    text: str
    at: datetime

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)


_KUDOS = (
    select(Kudos.case_id, Case.summary, Kudos.giver_id, _Giver.name, _Receiver.name, Kudos.value, Kudos.text, Kudos.at)
    .join(Case, Case.id == Kudos.case_id)
    .join(_Giver, _Giver.id == Kudos.giver_id)
    .join(_Receiver, _Receiver.id == Kudos.receiver_id)
)


def kudos_of(employee_id: int) -> tuple[KudosRow, ...]:
    """What somebody was thanked for and thanked others for, the newest first."""
    mine = or_(Kudos.receiver_id == employee_id, Kudos.giver_id == employee_id)
    return _kudos(mine)


def kudos_of_case(case_id: int) -> tuple[KudosRow, ...]:
    return _kudos(Kudos.case_id == case_id)


def _kudos(condition: object) -> tuple[KudosRow, ...]:
    rows = db.session.execute(_KUDOS.where(condition).order_by(Kudos.id.desc()).limit(SHOWN))  # type: ignore[arg-type]
    return tuple(KudosRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class CustomerThanksRow:
    """A customer's thanks; the customer isn't named: the case says who it was to whom it may."""

    case_id: int
    summary: str
    receiver: str
    text: str
    at: datetime

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)


_CUSTOMERS = (
    select(CustomerThanks.case_id, Case.summary, Employee.name, CustomerThanks.text, CustomerThanks.at)
    .join(Case, Case.id == CustomerThanks.case_id)
    .join(Employee, Employee.id == CustomerThanks.receiver_id)
    .order_by(CustomerThanks.id.desc())
    .limit(SHOWN)
)


def customers_thanks_of(employee_id: int) -> tuple[CustomerThanksRow, ...]:
    """What customers wrote to somebody, the newest first."""
    rows = db.session.execute(_CUSTOMERS.where(CustomerThanks.receiver_id == employee_id))
    return tuple(CustomerThanksRow(*row) for row in rows)


def customers_thanks_within(scope: Scope) -> tuple[CustomerThanksRow, ...]:
    """What customers wrote to people of the places that somebody leads, by time alone."""
    wanted = _CUSTOMERS
    if scope.kind != "company":
        wanted = wanted.where(Case.site_id == (scope.site_id or 0))
    return tuple(CustomerThanksRow(*row) for row in db.session.execute(wanted))


def whom_to_thank(case_id: int) -> int | None:
    """Who put a case right: who resolved it last; None while nobody has, or where they have left or were thanked."""
    who = db.session.scalar(
        select(Case.resolved_by_id)
        .join(Employee, Employee.id == Case.resolved_by_id)
        .where(Case.id == case_id, Case.resolved_at.is_not(None), Employee.deactivated_at.is_(None))
    )
    if who is None:
        return None
    thanked = select(CustomerThanks.id).where(CustomerThanks.case_id == case_id, CustomerThanks.receiver_id == who)
    return None if db.session.scalar(thanked) is not None else who


def hands_in(case_id: int) -> dict[int, str]:
    """Who did something in a case, by name: owner, resolver and whoever wrote on its timeline."""
    case = db.session.get(Case, case_id)
    if case is None:
        return {}
    wrote = select(CaseEvent.actor_id).where(CaseEvent.case_id == case_id, CaseEvent.actor_id.is_not(None))
    known = [one for one in (case.owner_id, case.resolved_by_id, case.logged_by_id) if one is not None]
    rows = db.session.execute(
        select(Employee.id, Employee.name)
        .where(or_(Employee.id.in_(known), Employee.id.in_(wrote)), Employee.deactivated_at.is_(None))
        .order_by(Employee.name, Employee.id)
    )
    return {row.id: row.name for row in rows}


@dataclass(frozen=True, slots=True)
class NoteRow:
    id: int
    employee_id: int
    employee: str
    coach_id: int
    coach: str
    author_id: int
    case_id: int | None
    saw: str
    next_step: str
    at: datetime
    state: str
    answered_at: datetime | None
    version: int

    @property
    def case_ref(self) -> str | None:
        return ref("case", self.case_id) if self.case_id else None


_Coach = aliased(Employee)


def notes_of(reader_id: int) -> tuple[NoteRow, ...]:
    """The notes in which somebody is one of the two, the newest first. Nobody else reads them."""
    rows: Any = db.session.execute(
        select(
            CoachingNote.id, CoachingNote.employee_id, Employee.name, CoachingNote.coach_id, _Coach.name,
            CoachingNote.author_id, CoachingNote.case_id, SAW, NEXT_STEP, CoachingNote.at,
            CoachingNote.state, CoachingNote.answered_at, CoachingNote.version,
        )
        .join(Employee, Employee.id == CoachingNote.employee_id)
        .join(_Coach, _Coach.id == CoachingNote.coach_id)
        .where(or_(CoachingNote.employee_id == reader_id, CoachingNote.coach_id == reader_id))
        .order_by(CoachingNote.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    return tuple(NoteRow(*row) for row in rows)


def suggestions_for(employee_id: int, now: datetime) -> tuple[Suggestion, ...]:
    """What the evidence suggests that somebody learns: certificates that end, and cases put down to training."""
    held = [
        Certificate(one.name, one.expires_at) for one in certificates.grants_of(employee_id) if one.revoked_at is None
    ]
    return suggestions(held, training_cases(employee_id, now), now)


def training_cases(employee_id: int, now: datetime) -> list[int]:
    """Cases that the person resolved in the last half year, whose cause was named as training."""
    return list(
        db.session.scalars(
            select(Case.id).where(
                Case.resolved_by_id == employee_id, Case.resolved_at >= now - LOOKBACK, Case.root_cause == "training",
                Case.historic.is_(False),
            )
        )
    )  # fmt: skip
