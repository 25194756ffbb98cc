"""Reads of second factors: whether somebody has one, and how many recovery codes still work."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select

from app.kernel.database import db
from app.people.models import Employee, Passkey, RecoveryCode, SecondFactor
from app.people.rules import hash_token


@dataclass(frozen=True, slots=True)
class FactorRow:
    """added_at: since when there is an authenticator, None where passkeys alone are used."""

    added_at: datetime | None
    codes_left: int
    codes_made_at: datetime | None
    passkey_count: int


_CODES = select(func.count()).where(RecoveryCode.employee_id == Employee.id, RecoveryCode.used_at.is_(None))
_MADE_AT = select(func.max(RecoveryCode.made_at)).where(RecoveryCode.employee_id == Employee.id)
_PASSKEYS = select(func.count()).where(Passkey.employee_id == Employee.id)

HAS_FACTOR = or_(SecondFactor.employee_id.is_not(None), exists().where(Passkey.employee_id == Employee.id))
"""Whether an employee has any second factor, where the statement joins the authenticator from outside."""


def factor_of(employee_id: int) -> FactorRow | None:
    """Return somebody's second factor, an authenticator or passkeys or both, or None; one query."""
    row = db.session.execute(
        select(SecondFactor.added_at, _CODES.scalar_subquery(), _MADE_AT.scalar_subquery(), _PASSKEYS.scalar_subquery())
        .select_from(Employee)
        .outerjoin(SecondFactor, SecondFactor.employee_id == Employee.id)
        .where(Employee.id == employee_id, HAS_FACTOR)
    ).first()
    return FactorRow(*row) if row else None


def phrase_mark(employee_id: int) -> str:
    """Name the pass phrase that somebody has now, without telling anything about it."""
    kept = db.session.scalar(select(Employee.password_hash).where(Employee.id == employee_id))
    return hash_token(kept or "")[:16]
