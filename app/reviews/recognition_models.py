"""Kudos and coaching notes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only, only_erased


class Kudos(Base):
    """A thank-you to a colleague for one case and one value. Nothing adds them up."""

    __tablename__ = "kudos"
    __table_args__ = (
        CheckConstraint("giver_id <> receiver_id", name="not_oneself"),
        CheckConstraint("value IN ('care','honesty','courage','ownership','fairness')", name="value"),
        Index("ix_kudos_receiver", "receiver_id", "id"),
        Index("ix_kudos_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    giver_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    receiver_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    value: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CustomerThanks(Base):
    """What a customer wrote to thank whoever put something right for them; once for each case and person."""

    __tablename__ = "customer_thanks"
    __table_args__ = (
        CheckConstraint("origin IN ('survey','page')", name="origin"),
        UniqueConstraint("case_id", "receiver_id"),
        Index("ix_customer_thanks_receiver", "receiver_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    receiver_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    text: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CoachingNote(Base):
    """What an employee and a coach want to work on. It counts when both agree; until then only they see it.

    author_id: who proposed it, one of the two; the other answers. saw, next_step: sealed, as a review's words.
    """

    __tablename__ = "coaching_note"
    __table_args__ = (
        CheckConstraint("state IN ('proposed','agreed','declined')", name="state"),
        CheckConstraint("employee_id <> coach_id", name="not_oneself"),
        CheckConstraint("author_id IN (employee_id, coach_id)", name="author"),
        CheckConstraint("(state = 'proposed') = (answered_at IS NULL)", name="answered"),
        CheckConstraint("saw_sealed IS NULL OR saw = ''", name="saw_sealed"),
        CheckConstraint("next_step_sealed IS NULL OR next_step = ''", name="next_step_sealed"),
        Index("ix_coaching_note_employee", "employee_id", "id"),
        Index("ix_coaching_note_coach", "coach_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    coach_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    case_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("case_file.id"))
    saw: Mapped[str] = mapped_column(Text)
    next_step: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="proposed")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)
    saw_sealed: Mapped[str | None] = mapped_column(Text)
    next_step_sealed: Mapped[str | None] = mapped_column(Text)


append_only(
    Kudos.__table__,  # type: ignore[arg-type]
    update_allowed_when=only_erased(("id", "case_id", "giver_id", "receiver_id", "value", "at"), "text"),
)
