"""Requests about data and holds, as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Employee
from app.privacy.models import DisputeNote, LegalHold, PrivacyRequest

SHOWN = 100


@dataclass(frozen=True, slots=True)
class RequestRow:
    id: int
    kind: str
    customer_id: int | None
    employee_id: int | None
    received_at: datetime
    due_at: datetime
    note: str
    outcome: str | None
    reason: str
    recorded_by: str
    ended_at: datetime | None
    ended_by: str | None

    @property
    def ref(self) -> str:
        return ref("privacy_request", self.id)

    @property
    def subject(self) -> str:
        return ref("customer", self.customer_id) if self.customer_id else ref("employee", self.employee_id or 0)

    def state(self, now: datetime) -> str:
        """met, missed (answered late), running or breached, as clocks are shown."""
        if self.ended_at is not None:
            return "met" if self.ended_at <= self.due_at else "missed"
        return "running" if now <= self.due_at else "breached"


def requests(
    *, request_id: int | None = None, subject: tuple[str, tuple[int, ...]] | None = None
) -> tuple[RequestRow, ...]:
    """Open requests first, the soonest due on top, then the newest that have ended; at most SHOWN."""
    ender = aliased(Employee)
    wanted = (
        select(
            PrivacyRequest.id, PrivacyRequest.kind, PrivacyRequest.customer_id, PrivacyRequest.employee_id,
            PrivacyRequest.received_at, PrivacyRequest.due_at, PrivacyRequest.note, PrivacyRequest.outcome,
            PrivacyRequest.reason, Employee.name, PrivacyRequest.ended_at, ender.name,
        )
        .join(Employee, Employee.id == PrivacyRequest.recorded_by_id)
        .outerjoin(ender, ender.id == PrivacyRequest.ended_by_id)
        .order_by(PrivacyRequest.ended_at.is_not(None), PrivacyRequest.due_at, PrivacyRequest.id)
        .limit(SHOWN)
    )  # fmt: skip
    if request_id is not None:
        wanted = wanted.where(PrivacyRequest.id == request_id)
    if subject is not None:
        kind, numbers = subject
        wanted = wanted.where(getattr(PrivacyRequest, f"{kind}_id").in_(numbers))
    return tuple(RequestRow(*row) for row in db.session.execute(wanted))  # type: ignore[call-arg]


@dataclass(frozen=True, slots=True)
class HoldRow:
    customer_id: int | None
    employee_id: int | None
    reason: str
    set_at: datetime
    set_by: str

    @property
    def subject(self) -> str:
        return ref("customer", self.customer_id) if self.customer_id else ref("employee", self.employee_id or 0)


def holds() -> tuple[HoldRow, ...]:
    """Holds that stand, newest first."""
    rows = db.session.execute(
        select(LegalHold.customer_id, LegalHold.employee_id, LegalHold.reason, LegalHold.set_at, Employee.name)
        .join(Employee, Employee.id == LegalHold.set_by_id)
        .where(LegalHold.lifted_at.is_(None))
        .order_by(LegalHold.id.desc())
        .limit(SHOWN)
    )
    return tuple(HoldRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class DisputeRow:
    case_id: int
    text: str
    at: datetime
    by: str


def disputes(case_ids: tuple[int, ...]) -> tuple[DisputeRow, ...]:
    rows = db.session.execute(
        select(DisputeNote.case_id, DisputeNote.text, DisputeNote.at, Employee.name)
        .join(Employee, Employee.id == DisputeNote.by_id)
        .where(DisputeNote.case_id.in_(case_ids))
        .order_by(DisputeNote.id)
    )
    return tuple(DisputeRow(*row) for row in rows)
