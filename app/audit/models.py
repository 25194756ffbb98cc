"""Entries, their erasable payloads, the seals that chain them and the checkpoints over these. None of them is ever updated."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
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


class AuditClause(Base):
    """Which entries name a clause of a policy: finds them, proves nothing; it can be made again from the payloads."""

    __tablename__ = "audit_clause"

    clause: Mapped[str] = mapped_column(String(40), primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)


class AuditSeal(Base):
    """The chain: dense numbers over entries, written with the entry on SQLite and by one sealer on PostgreSQL."""

    __tablename__ = "audit_seal"
    __table_args__ = (CheckConstraint("number >= 1", name="dense"),)

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigId, unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    chain_hash: Mapped[str] = mapped_column(String(64))


class AuditCheckpoint(Base):
    """A signed checkpoint, and the tree's peaks (hexadecimal, largest first, blanks between) from which the next one goes on."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (CheckConstraint("serial >= 1", name="dense"),)

    serial: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigId, unique=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    peaks: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)


class AuditBlock(Base):
    """The root over 256 leaves of the tree, so that a proof reads 256 leaves and not all of them."""

    __tablename__ = "audit_block"
    __table_args__ = (CheckConstraint("number >= 0", name="dense"),)

    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))


class CheckpointReceipt(Base):
    """A checkpoint was handed over to a place outside the database."""

    __tablename__ = "checkpoint_receipt"
    __table_args__ = (Index("ix_checkpoint_receipt_place", "place", "serial"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    place: Mapped[str] = mapped_column(String(200))
    serial: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class TrailSearch(Base):
    """A search of the trail that a person kept under a name; `asked` are the filters as they stand in the address."""

    __tablename__ = "trail_search"
    __table_args__ = (UniqueConstraint("employee_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId)
    name: Mapped[str] = mapped_column(String(60))
    asked: Mapped[dict[str, str]] = mapped_column(JSONText)
    kept_at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(AuditEntry.__table__, keys=("id",))  # type: ignore[arg-type]
append_only(
    AuditPayload.__table__,  # type: ignore[arg-type]
    keys=("entry_id",),
    update_allowed_when="NEW.entry_id = OLD.entry_id AND NEW.payload IS NULL AND NEW.salt IS NULL",
)
append_only(AuditSeal.__table__, keys=("number", "entry_id"))  # type: ignore[arg-type]
append_only(AuditCheckpoint.__table__, keys=("serial", "size"))  # type: ignore[arg-type]
append_only(AuditBlock.__table__, keys=("number",))  # type: ignore[arg-type]
append_only(CheckpointReceipt.__table__)  # type: ignore[arg-type]
