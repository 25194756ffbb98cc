"""A change of somebody's role: proposed by one administrator or a program, confirmed by another."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

_OPEN = text("outcome IS NULL")


class RoleChange(Base):
    """Nothing holds before it is confirmed, and it can be confirmed until ends_at.

    program: the name of the provisioning token that proposed it; proposed_by_id is then who made that token.
    word: why it was refused.
    """

    __tablename__ = "role_change"
    __table_args__ = (
        CheckConstraint("role IN ('frontline','supervisor','manager','hr','auditor','admin')", name="role"),
        CheckConstraint("role <> role_before", name="other_role"),
        CheckConstraint("outcome IN ('confirmed','refused','withdrawn','lapsed')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "outcome IS NULL OR outcome <> 'confirmed' OR (decided_by_id IS NOT NULL "
            "AND decided_by_id <> proposed_by_id AND decided_by_id <> employee_id)",
            name="four_eyes",
        ),
        Index("ix_role_change_employee_id", "employee_id"),
        Index("uq_role_change_open", "employee_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    role_before: Mapped[str] = mapped_column(String(12))
    role: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    program: Mapped[str | None] = mapped_column(String(40))
    proposed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(10))
    decided_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    word: Mapped[str] = mapped_column(Text, default="")
