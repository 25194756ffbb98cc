"""Requests of people about their data, holds that forbid erasing, erasures, notes of dispute and periods of retention."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.references import ref
from app.kernel.triggers import append_only

_ONE_SUBJECT = "(customer_id IS NULL) <> (employee_id IS NULL)"
KINDS = ("access", "correction", "erasure", "objection")
_RUNNING = text("erased_at IS NULL AND withdrawn_at IS NULL")
_UNCLEAN = text("erased_at IS NOT NULL AND cleaned_at IS NULL")
_OPEN_REQUEST = text("ended_at IS NULL")
_HELD = text("lifted_at IS NULL")


class PrivacyRequest(Base):
    """What somebody asked about their own data, until when the law wants an answer, and what it was."""

    __tablename__ = "privacy_request"
    __table_args__ = (
        CheckConstraint("kind IN ('access','correction','erasure','objection')", name="kind"),
        CheckConstraint(_ONE_SUBJECT, name="one_subject"),
        CheckConstraint("outcome IS NULL OR outcome IN ('answered','refused')", name="outcome"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
        Index("ix_privacy_request_open", "due_at", "id", sqlite_where=_OPEN_REQUEST, postgresql_where=_OPEN_REQUEST),
        Index("ix_privacy_request_customer_id", "customer_id"),
        Index("ix_privacy_request_employee_id", "employee_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(12))
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    employee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    note: Mapped[str] = mapped_column(Text)
    recorded_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))

    @property
    def ref(self) -> str:
        return ref("privacy_request", self.id)


class LegalHold(Base):
    """Somebody's data must not be erased, for a reason, until the hold is lifted."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint(_ONE_SUBJECT, name="one_subject"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted"),
        Index("ix_legal_hold_customer", "customer_id", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_legal_hold_employee", "employee_id", sqlite_where=_HELD, postgresql_where=_HELD),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    employee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    reason: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
    set_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))


class Erasure(Base):
    """One person's data goes: proposed by one, confirmed by another, done, and swept out of free pages.

    numbers: every reference that the person had, for the list that outlives a backup. counts: rows by table.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint(_ONE_SUBJECT, name="one_subject"),
        CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> asked_by_id", name="four_eyes"),
        CheckConstraint("erased_at IS NULL OR confirmed_at IS NOT NULL", name="confirmed"),
        CheckConstraint("withdrawn_at IS NULL OR erased_at IS NULL", name="one_end"),
        Index("uq_erasure_customer", "customer_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("uq_erasure_employee", "employee_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_erasure_unclean", "id", sqlite_where=_UNCLEAN, postgresql_where=_UNCLEAN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    employee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    numbers: Mapped[list[str]] = mapped_column(JSONText)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cleaned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONText)

    @property
    def ref(self) -> str:
        return ref("erasure", self.id)


class DisputeNote(Base):
    """What somebody says against words about them that stay as they were written."""

    __tablename__ = "dispute_note"
    __table_args__ = (Index("ix_dispute_note_case", "case_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))


class RetentionPeriod(Base):
    """How many days a class of data is kept, from when on somebody said so; the newest line of a class holds."""

    __tablename__ = "retention_period"
    __table_args__ = (
        CheckConstraint("days IS NULL OR days >= 1", name="days"),
        Index("ix_retention_period_code", "code", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(20))
    days: Mapped[int | None] = mapped_column(BigId)
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
    set_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))


append_only(RetentionPeriod.__table__)  # type: ignore[arg-type]
