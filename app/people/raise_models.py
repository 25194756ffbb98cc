"""A higher role for a short time, taken in one session, with a reason."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class RoleRaise(Base):
    """Holds in its session alone, from begun_at until ends_at or ended_at, whichever comes first."""

    __tablename__ = "role_raise"
    __table_args__ = (
        CheckConstraint("role IN ('supervisor','manager','auditor','admin')", name="role"),
        CheckConstraint("ends_at > begun_at", name="ends"),
        Index(
            "uq_role_raise_open",
            "employee_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    session_id: Mapped[int] = mapped_column(BigId)  # no reference: sessions are forgotten, this is not
    own_role: Mapped[str] = mapped_column(String(12))
    role: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
