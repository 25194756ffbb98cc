"""Who runs the jobs and how the last runs went, which is technical; and the quarterly review of access, which is not."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class Lease(Base):
    """The right to act as the one of a name, until it expires. `token` rises with every new holder."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    token: Mapped[int] = mapped_column(BigId)
    expires_ms: Mapped[int] = mapped_column(BigId)


class Heartbeat(Base):
    """A sign of life: of the scheduler ("scheduler") and of each of its jobs ("job:sla-sweep")."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    token: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    took_ms: Mapped[int] = mapped_column(BigId, default=0)
    done_count: Mapped[int] = mapped_column(BigId, default=0)
    run_count: Mapped[int] = mapped_column(BigId, default=0)
    failure_count: Mapped[int] = mapped_column(BigId, default=0)
    last_error: Mapped[str | None] = mapped_column(String(300))


class Probe(Base):
    """One row that readiness writes, to know that the database still takes writes."""

    __tablename__ = "probe"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class AccessReview(Base):
    """What somebody decided about one person's access in one quarter; the role is the one that was looked at."""

    __tablename__ = "access_review"
    __table_args__ = (
        CheckConstraint("outcome IN ('confirmed','revoked')", name="outcome"),
        CheckConstraint("employee_id <> decided_by_id", name="not_oneself"),
        Index("uq_access_review_quarter", "quarter", "employee_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    quarter: Mapped[str] = mapped_column(String(7))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    role: Mapped[str] = mapped_column(String(12))
    outcome: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text, default="")
    decided_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
