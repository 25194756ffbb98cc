"""Up to which amounts a batch or a bare sign-in is enough, links of mails that were used, and batches of decisions."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk


class DecisionBound(Base):
    """The bounds in one currency. Without a row, or a value, there are no batches, and no proof is asked for.

    batch_minor_max: each request of a batch asks for at most this. proof_above_minor: above it the decider proves a
    second factor.
    """

    __tablename__ = "decision_bound"
    __table_args__ = (
        CheckConstraint(
            "(batch_minor_max IS NULL OR batch_minor_max > 0) AND "
            "(proof_above_minor IS NULL OR proof_above_minor >= 0)",
            name="amounts",
        ),
    )

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    batch_minor_max: Mapped[int | None] = mapped_column(BigId)
    proof_above_minor: Mapped[int | None] = mapped_column(BigId)
    changed_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId)


class UsedLink(Base):
    """A mail's link by which a decision was made; the key makes a second use impossible."""

    __tablename__ = "used_link"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    exception_id: Mapped[int] = mapped_column(BigId, ForeignKey("exception_request.id"))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    used_at: Mapped[datetime] = mapped_column(UTCDateTime)


class DecisionBatch(Base):
    """Several requests decided with one press. results: what happened to each, once the last was tried."""

    __tablename__ = "decision_batch"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved','declined')", name="outcome"),
        UniqueConstraint("made_by_id", "intent"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    intent: Mapped[str] = mapped_column(String(100))
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(12))
    picks: Mapped[list[int]] = mapped_column(JSONText)
    results: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONText)
