"""Requests for more than the rules allow, and the one decision that each may get. Neither is ever rewritten."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.approvals.absence_models import Absence as Absence
from app.approvals.absence_models import CalendarAbsence as CalendarAbsence
from app.approvals.absence_models import CalendarFeed as CalendarFeed
from app.approvals.absence_models import FallbackDecider as FallbackDecider
from app.approvals.absence_models import SecondAccount as SecondAccount
from app.approvals.appeal_models import ExceptionCredit as ExceptionCredit
from app.approvals.bound_models import DecisionBatch as DecisionBatch
from app.approvals.bound_models import DecisionBound as DecisionBound
from app.approvals.bound_models import UsedLink as UsedLink
from app.approvals.matrix_models import ApprovalMatrix as ApprovalMatrix
from app.approvals.step_models import ExceptionMessage as ExceptionMessage
from app.approvals.step_models import ExceptionRoute as ExceptionRoute
from app.approvals.step_models import ExceptionStep as ExceptionStep
from app.approvals.step_models import ExceptionVote as ExceptionVote
from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.triggers import append_only, frozen_when, only_erased

STATES = ("waiting", "approved", "declined", "withdrawn", "expired")
OUTCOMES = ("approved", "declined")


class ExceptionRequest(Base):
    """Somebody asked for more than their authority. Frozen by the database as soon as it is no longer waiting."""

    __tablename__ = "exception_request"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'declined', 'withdrawn', 'expired')", name="state"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended"),
        Index("ix_exception_request_case", "case_id", "id"),
        Index("ix_exception_request_site", "site_id", "asked_at", "id"),
        Index("ix_exception_request_asker", "requested_by_id", "id"),
        Index(
            "ix_exception_request_waiting",
            "due_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_exception_request_expiring",
            "expires_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_exception_request_ended", "ended_at", "id"),
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    remedy_id: Mapped[int | None] = mapped_column(BigId, unique=True)
    requested_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    kind: Mapped[str] = mapped_column(String(40))
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(Text)
    terms_hash: Mapped[str] = mapped_column(String(64))
    over: Mapped[list[dict[str, Any]]] = mapped_column(JSONText)
    policy_version_id: Mapped[int | None] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(12))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))

    @property
    def ref(self) -> str:
        return ref("exception", self.id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class ExceptionDecision(Base):
    """Who decided, when, why, and how much. The unique key makes a second decision impossible."""

    __tablename__ = "exception_decision"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved', 'declined')", name="outcome"),
        CheckConstraint("(outcome = 'approved') = (amount_minor IS NOT NULL)", name="amount"),
        Index("ix_exception_decision_decider", "decided_by_id", "id"),
    )

    id: Mapped[intpk]
    exception_id: Mapped[int] = mapped_column(BigId, ForeignKey("exception_request.id"), unique=True)
    outcome: Mapped[str] = mapped_column(String(12))
    decided_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int | None] = mapped_column(BigId)


_REQUEST = (
    "id", "case_id", "remedy_id", "requested_by_id", "kind", "amount_minor", "currency", "terms_hash", "over",
    "policy_version_id", "site_id", "team_id", "asked_at", "due_at", "expires_at", "state", "ended_at", "ended_by_id",
)  # fmt: skip
_DECISION = ("id", "exception_id", "outcome", "decided_by_id", "on_behalf_of_id", "at", "amount_minor")
# Words may be erased when the person they are about has to be forgotten; what was decided, by whom and when stays.
frozen_when(
    ExceptionRequest.__table__,  # type: ignore[arg-type]
    "OLD.state <> 'waiting'",
    update_allowed_when=only_erased(_REQUEST, "reason"),
)
append_only(
    ExceptionDecision.__table__,  # type: ignore[arg-type]
    keys=("id", "exception_id"),
    update_allowed_when=only_erased(_DECISION, "reason"),
)
