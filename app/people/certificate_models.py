"""Certificates and who holds them until when: they raise the level of authority, and their end lowers it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class Certificate(Base):
    """Something a person can learn and show, e.g. complaint handling; retired, never deleted."""

    __tablename__ = "certificate"
    __table_args__ = (CheckConstraint("level BETWEEN 0 AND 9", name="level"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[int] = mapped_column(BigId)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CertificateGrant(Base):
    """One person holds a certificate from `granted_at` until `expires_at`, exclusive, unless it is revoked before.

    warned_at, lapsed_at: when the person and the supervisor were told that it ends soon, and that it has ended.
    """

    __tablename__ = "certificate_grant"
    __table_args__ = (
        CheckConstraint("granted_at < expires_at", name="period"),
        Index("ix_certificate_grant_employee", "employee_id", "expires_at"),
        Index("ix_certificate_grant_expiry", "expires_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    certificate_id: Mapped[int] = mapped_column(BigId, ForeignKey("certificate.id"))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    granted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    granted_by_id: Mapped[int | None] = mapped_column(BigId)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lapsed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
