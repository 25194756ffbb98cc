"""Reads of certificates: who holds which until when, and the level that this gives at an instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, or_, select

from app.kernel.database import db
from app.people.certificate_models import Certificate, CertificateGrant
from app.people.models import Employee


@dataclass(frozen=True, slots=True)
class CertificateRow:
    id: int
    code: str
    name: str
    level: int
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant as pages show it."""

    id: int
    employee_id: int
    employee: str
    code: str
    name: str
    level: int
    granted_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and self.granted_at <= at < self.expires_at


@dataclass(frozen=True, slots=True)
class Standing:
    """What valid certificates give somebody at an instant: the highest level, and their codes."""

    level: int = 0
    certificates: frozenset[str] = frozenset()

    @classmethod
    def of(cls, level: int | None, codes: str | None) -> "Standing":
        return cls(level or 0, frozenset(codes.split(",")) if codes else frozenset())


def _valid(employee_id: int | None, at: datetime) -> tuple[Any, ...]:
    return (
        CertificateGrant.employee_id == employee_id,
        CertificateGrant.granted_at <= at,
        CertificateGrant.expires_at > at,
        or_(CertificateGrant.revoked_at.is_(None), CertificateGrant.revoked_at > at),
    )


def level_column(employee_id: int | None, at: datetime) -> ScalarSelect[Any]:
    """The level as a column of another query, so that "Can I?" needs no query of its own for it."""
    return (
        select(func.max(Certificate.level))
        .join(CertificateGrant, CertificateGrant.certificate_id == Certificate.id)
        .where(*_valid(employee_id, at))
        .scalar_subquery()
    )


def codes_column(employee_id: int | None, at: datetime) -> ScalarSelect[Any]:
    """The codes of valid certificates with commas between, as a column of another query."""
    return (
        select(func.aggregate_strings(Certificate.code, ","))
        .join(CertificateGrant, CertificateGrant.certificate_id == Certificate.id)
        .where(*_valid(employee_id, at))
        .scalar_subquery()
    )


def standing(employee_id: int | None, at: datetime) -> Standing:
    """What somebody's valid certificates give at an instant."""
    row = db.session.execute(select(level_column(employee_id, at), codes_column(employee_id, at))).one()
    return Standing.of(*row)


def certificates(*, active_only: bool = False) -> tuple[CertificateRow, ...]:
    statement = select(Certificate.id, Certificate.code, Certificate.name, Certificate.level, Certificate.retired_at)
    if active_only:
        statement = statement.where(Certificate.retired_at.is_(None))
    return tuple(CertificateRow(*row) for row in db.session.execute(statement.order_by(Certificate.code)))


def holders(at: datetime) -> dict[int, int]:
    """Certificate → how many hold it at an instant."""
    valid = (
        CertificateGrant.granted_at <= at,
        CertificateGrant.expires_at > at,
        or_(CertificateGrant.revoked_at.is_(None), CertificateGrant.revoked_at > at),
    )
    rows = db.session.execute(
        select(CertificateGrant.certificate_id, func.count(CertificateGrant.employee_id.distinct()))
        .where(*valid)
        .group_by(CertificateGrant.certificate_id)
    )
    return {certificate_id: int(count) for certificate_id, count in rows}


_GRANTS: Any = (
    select(
        CertificateGrant.id, CertificateGrant.employee_id, Employee.name, Certificate.code, Certificate.name,
        Certificate.level, CertificateGrant.granted_at, CertificateGrant.expires_at, CertificateGrant.revoked_at,
    )
    .join(Certificate, Certificate.id == CertificateGrant.certificate_id)
    .join(Employee, Employee.id == CertificateGrant.employee_id)
)  # fmt: skip


def grants_of(employee_id: int) -> tuple[GrantRow, ...]:
    """A person's certificates, the newest first, ended ones too."""
    statement = _GRANTS.where(CertificateGrant.employee_id == employee_id)
    rows = db.session.execute(
        statement.order_by(CertificateGrant.expires_at.desc(), CertificateGrant.id.desc()).limit(100)
    )
    return tuple(GrantRow(*row) for row in rows)


def grant(grant_id: int) -> GrantRow | None:
    row = db.session.execute(_GRANTS.where(CertificateGrant.id == grant_id)).first()
    return GrantRow(*row) if row else None


def grants_to_tell(*, ended_by: datetime, ending_by: datetime, limit: int) -> list[int]:
    """Grants about which nobody was told yet that they have ended, or end soon; oldest first."""
    return list(
        db.session.scalars(
            select(CertificateGrant.id)
            .where(
                CertificateGrant.revoked_at.is_(None),
                CertificateGrant.expires_at <= ending_by,
                CertificateGrant.lapsed_at.is_(None),
                or_(CertificateGrant.warned_at.is_(None), CertificateGrant.expires_at <= ended_by),
            )
            .order_by(CertificateGrant.expires_at, CertificateGrant.id)
            .limit(limit)
        )
    )
