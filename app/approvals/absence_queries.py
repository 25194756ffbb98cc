"""Reads of absences for pages: one's own, those one stands in for, and everybody's now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app.approvals.absence_models import Absence, CalendarFeed
from app.approvals.calendar_actions import host_of
from app.kernel.database import db
from app.kernel.money import Money
from app.people.models import Employee


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """One absence."""

    id: int
    employee_id: int
    from_at: datetime
    to_at: datetime
    stand_in_id: int | None
    amount_minor_max: int | None
    currency: str | None
    site_id: int | None

    @property
    def amount_max(self) -> Money | None:
        return None if self.amount_minor_max is None else Money(self.amount_minor_max, self.currency or "")


def coming(
    now: datetime, employee_id: int | None = None, site_ids: tuple[int, ...] = (), limit: int = 100
) -> tuple[AbsenceRow, ...]:
    """Return absences that have not ended, by their beginning.

    Of one person also those they stand in for, and of the people of the sites that they lead.
    """
    columns = [getattr(Absence, name) for name in AbsenceRow.__dataclass_fields__]
    statement = select(*columns).where(Absence.ended_at.is_(None), Absence.to_at > now)
    if employee_id is not None:
        led = select(Employee.id).where(Employee.site_id.in_(site_ids))
        theirs = (Absence.employee_id == employee_id, Absence.stand_in_id == employee_id)
        statement = statement.where(or_(*theirs, Absence.employee_id.in_(led)) if site_ids else or_(*theirs))
    return tuple(
        AbsenceRow(*row) for row in db.session.execute(statement.order_by(Absence.from_at, Absence.id).limit(limit))
    )


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One's own calendar as its page shows it: never the whole address."""

    host: str | None
    stand_in_id: int | None
    read_at: datetime | None
    failure: str | None


def feed(employee_id: int) -> FeedRow | None:
    found = db.session.get(CalendarFeed, employee_id)
    if found is None:
        return None
    return FeedRow(host_of(found.url) if found.url else None, found.stand_in_id, found.read_at, found.failure)
