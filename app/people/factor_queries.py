"""Reads of second factors: whether somebody has one, and how many recovery codes still work."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kernel.database import db
from app.people.models import Employee, RecoveryCode, SecondFactor
from app.people.rules import hash_token


@dataclass(frozen=True, slots=True)
class FactorRow:
    added_at: datetime
    codes_left: int
    codes_made_at: datetime | None


_CODES = select(func.count()).where(
    RecoveryCode.employee_id == SecondFactor.employee_id, RecoveryCode.used_at.is_(None)
)
_MADE_AT = select(func.max(RecoveryCode.made_at)).where(RecoveryCode.employee_id == SecondFactor.employee_id)


def factor_of(employee_id: int) -> FactorRow | None:
    """Return somebody's second factor, or None; one query."""
    row = db.session.execute(
        select(SecondFactor.added_at, _CODES.scalar_subquery(), _MADE_AT.scalar_subquery()).where(
            SecondFactor.employee_id == employee_id
        )
    ).first()
    return FactorRow(*row) if row else None


def phrase_mark(employee_id: int) -> str:
    """Name the pass phrase that somebody has now, without telling anything about it."""
    kept = db.session.scalar(select(Employee.password_hash).where(Employee.id == employee_id))
    return hash_token(kept or "")[:16]
