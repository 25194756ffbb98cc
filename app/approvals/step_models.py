"""The route that a request goes, who said what in each step, and what was asked and answered meanwhile."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only, only_erased


class ExceptionRoute(Base):
    """How one request is routed. round: 1, and one more with every amendment, which voids what was said before."""

    __tablename__ = "exception_route"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round"),
        Index("ix_exception_route_key", "key", "exception_id"),
    )

    exception_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("exception_request.id"), primary_key=True, autoincrement=False
    )
    matrix_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("approval_matrix.id"))
    row_name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(120))
    local_hour: Mapped[int] = mapped_column(BigId)
    round: Mapped[int] = mapped_column(BigId)


class ExceptionStep(Base):
    """One step of one round; frozen rules, and the instants at which it opened, was reminded of, climbed and was done."""

    __tablename__ = "exception_step"
    __table_args__ = (
        CheckConstraint("needed >= 1 AND number >= 1", name="counts"),
        UniqueConstraint("exception_id", "round", "number"),
        Index(
            "ix_exception_step_open",
            "due_at",
            "id",
            sqlite_where=text("opened_at IS NOT NULL AND done_at IS NULL"),
            postgresql_where=text("opened_at IS NOT NULL AND done_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    exception_id: Mapped[int] = mapped_column(BigId, ForeignKey("exception_request.id"))
    round: Mapped[int] = mapped_column(BigId)
    number: Mapped[int] = mapped_column(BigId)
    who: Mapped[list[str]] = mapped_column(JSONText)
    needed: Mapped[int] = mapped_column(BigId)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    escalated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ExceptionVote(Base):
    """What one person said in one step. The unique key holds one human to one say in a round, whatever account they use."""

    __tablename__ = "exception_vote"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved','declined')", name="outcome"),
        CheckConstraint("(outcome = 'approved') = (amount_minor IS NOT NULL)", name="amount"),
        CheckConstraint("on_behalf_of_id IS NULL OR on_behalf_of_id <> decided_by_id", name="behalf"),
        UniqueConstraint("exception_id", "round", "human_id"),
        Index("ix_exception_vote_decider", "decided_by_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    exception_id: Mapped[int] = mapped_column(BigId, ForeignKey("exception_request.id"))
    round: Mapped[int] = mapped_column(BigId)
    number: Mapped[int] = mapped_column(BigId)
    outcome: Mapped[str] = mapped_column(String(12))
    decided_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    human_id: Mapped[int] = mapped_column(BigId)
    on_behalf_of_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int | None] = mapped_column(BigId)


class ExceptionMessage(Base):
    """A question about a request, an answer to it, or what an amendment changed."""

    __tablename__ = "exception_message"
    __table_args__ = (
        CheckConstraint("kind IN ('question','answer','amended')", name="kind"),
        Index("ix_exception_message_request", "exception_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    exception_id: Mapped[int] = mapped_column(BigId, ForeignKey("exception_request.id"))
    kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    text: Mapped[str] = mapped_column(Text)
    said: Mapped[dict[str, Any]] = mapped_column(JSONText)


_VOTE = (
    "id", "exception_id", "round", "number", "outcome", "decided_by_id", "human_id", "on_behalf_of_id", "at", "amount_minor",
)  # fmt: skip
_MESSAGE = ("id", "exception_id", "kind", "author_id", "at", "said")
append_only(ExceptionVote.__table__, update_allowed_when=only_erased(_VOTE, "reason"))  # type: ignore[arg-type]
append_only(ExceptionMessage.__table__, update_allowed_when=only_erased(_MESSAGE, "text"))  # type: ignore[arg-type]
