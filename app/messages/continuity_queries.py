"""Reading what was said so far about a case, and the note for the next colleague."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.cases.models import CaseEvent
from app.kernel.database import db
from app.messages.continuity_rules import SoFar, Step, so_far
from app.messages.mail_models import ContinuityNote
from app.people.models import Employee

STEPS_MAX = 1_000
_KINDS = ("logged", "wrote", "replied", "acknowledged", "assigned")


@dataclass(frozen=True, slots=True)
class NoteRow:
    text: str
    by: str | None
    at: datetime
    version: int


def of_case(case_id: int) -> SoFar:
    """The effort of a case's customer, from the first STEPS_MAX events that count."""
    rows = db.session.execute(
        select(CaseEvent.kind, CaseEvent.at, CaseEvent.text, CaseEvent.data)
        .where(CaseEvent.case_id == case_id, CaseEvent.kind.in_(_KINDS))
        .order_by(CaseEvent.at, CaseEvent.id)
        .limit(STEPS_MAX)
    )
    return so_far(Step(*row) for row in rows)


def note_of(case_id: int) -> NoteRow | None:
    row = db.session.execute(
        select(ContinuityNote.text, Employee.name, ContinuityNote.at, ContinuityNote.version)
        .outerjoin(Employee, Employee.id == ContinuityNote.by_id)
        .where(ContinuityNote.case_id == case_id)
    ).first()
    return NoteRow(*row) if row else None
