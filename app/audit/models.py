"""Entries, their erasable payloads, and the seal that chains them. None of them is ever updated."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only


class AuditEntry(Base):
    """One deed. `content` holds the hashed canonical bytes; the other columns repeat it for filters and are verified against it."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_case", "case_id", "id"),
        Index("ix_audit_entry_subject", "subject", "id"),
        Index("ix_audit_entry_actor", "actor_id", "id"),
        Index("ix_audit_entry_type", "type", "id"),
        Index("ix_audit_entry_site", "site_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    type: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(60))
    case_id: Mapped[int | None] = mapped_column(BigId)
    site_id: Mapped[int | None] = mapped_column(BigId)
    actor_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    content: Mapped[str] = mapped_column(Text)


class AuditPayload(Base):
    """What an entry says, with the salt of its commitment; only erasure may empty it."""

    __tablename__ = "audit_payload"

    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False)
    salt: Mapped[str | None] = mapped_column(String(64))
    payload: Mapped[str | None] = mapped_column(Text)


class AuditSeal(Base):
    """The chain: dense numbers over entries, written with the entry on SQLite and by one sealer on PostgreSQL."""

    __tablename__ = "audit_seal"
    __table_args__ = (CheckConstraint("number >= 1", name="dense"),)

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigId, unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    chain_hash: Mapped[str] = mapped_column(String(64))


append_only(AuditEntry.__table__, keys=("id",))  # type: ignore[arg-type]
append_only(
    AuditPayload.__table__,  # type: ignore[arg-type]
    keys=("entry_id",),
    update_allowed_when="NEW.entry_id = OLD.entry_id AND NEW.payload IS NULL AND NEW.salt IS NULL",
)
append_only(AuditSeal.__table__, keys=("number", "entry_id"))  # type: ignore[arg-type]
