"""Root causes, the cases they explain, how they were fixed, and who was told."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.references import ref

_STANDS = text("undone_at IS NULL")
_LINKED = text("unlinked_at IS NULL")


class Cause(Base):
    """One thing behind several cases. site_id: None where it is the whole company's; kind: a cause code of cases."""

    __tablename__ = "cause"
    __table_args__ = (
        Index("ix_cause_site", "site_id", "id"),
        Index("ix_cause_owner", "owner_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    category_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("category.id"))
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(120))
    story: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    opened_by_id: Mapped[int | None] = mapped_column(BigId)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)

    @property
    def ref(self) -> str:
        return ref("cause", self.id)


class CauseFix(Base):
    """What was done about a cause. It is fixed while one such record stands; one that didn't hold is undone, not erased."""

    __tablename__ = "cause_fix"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) = (undone_reason IS NULL)", name="undone"),
        Index("uq_cause_fix_live", "cause_id", unique=True, sqlite_where=_STANDS, postgresql_where=_STANDS),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    cause_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause.id"))
    done: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int | None] = mapped_column(BigId)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(BigId)
    undone_reason: Mapped[str | None] = mapped_column(String(300))


class CauseCase(Base):
    """A case that a cause explains; a case has at most one."""

    __tablename__ = "cause_case"
    __table_args__ = (
        Index("uq_cause_case_live", "case_id", unique=True, sqlite_where=_LINKED, postgresql_where=_LINKED),
        Index("ix_cause_case_cause", "cause_id", "id", sqlite_where=_LINKED, postgresql_where=_LINKED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    cause_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    linked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    linked_by_id: Mapped[int | None] = mapped_column(BigId)
    unlinked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    unlinked_by_id: Mapped[int | None] = mapped_column(BigId)


class CauseTelling(Base):
    """What customers are told of a fix, by language; the newest of the standing fix is on their page."""

    __tablename__ = "cause_telling"
    __table_args__ = (Index("ix_cause_telling_cause", "cause_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    cause_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause.id"))
    fix_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause_fix.id"))
    words: Mapped[dict[str, Any]] = mapped_column(JSONText)
    told_at: Mapped[datetime] = mapped_column(UTCDateTime)
    told_by_id: Mapped[int | None] = mapped_column(BigId)


class CauseNote(Base):
    """The one mail that one customer gets about one cause, and what became of it."""

    __tablename__ = "cause_note"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="ended"),
        CheckConstraint("ended_as IN ('sent','failed','withdrawn','no-address','undone')", name="ended_as"),
        UniqueConstraint("cause_id", "customer_id"),
        Index("ix_cause_note_customer", "customer_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    cause_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause.id"))
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    telling_id: Mapped[int] = mapped_column(BigId, ForeignKey("cause_telling.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    language: Mapped[str] = mapped_column(String(12))
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_as: Mapped[str | None] = mapped_column(String(20))
