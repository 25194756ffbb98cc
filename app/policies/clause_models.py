"""Who cares for a clause until when it is looked at again, and who has read and signed it."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only


class ClauseCare(Base):
    """A clause's owner and the day by which it is reviewed. It goes with the number through all versions."""

    __tablename__ = "clause_care"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    review_by: Mapped[date | None] = mapped_column(Date)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(60))


class ClauseSignOff(Base):
    """Somebody read a clause as it stood and signed it; for any later version that says the same, it still counts.

    content_hash: app.policies.clause_rules.clause_hash; side: leader or employee, as the person's role was then; mark:
    names content and person, so that nobody counts twice.
    """

    __tablename__ = "clause_sign_off"
    __table_args__ = (
        CheckConstraint("side IN ('leader','employee')", name="side"),
        Index("ix_clause_sign_off_content", "content_hash", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("policy_version.id"))
    code: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    side: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(500), default="")
    mark: Mapped[str] = mapped_column(String(100), unique=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(ClauseSignOff.__table__, keys=("id", "mark"))  # type: ignore[arg-type]
