"""Purses, holds, the double-entry ledger, and intents. Transfers and entries are never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only


class Purse(Base):
    """One budget window of one subject. `ceiling_minor` is the highest limit that a rule has set for it so far.

    `approved_minor` is the part of reserved and settled that stands on exceptions; it ends with them. A rolling window
    of days counts its holds when asked, so its lifetime totals have no ceiling.
    """

    __tablename__ = "purse"
    __table_args__ = (
        CheckConstraint("reserved_minor >= 0 AND settled_minor >= 0 AND approved_minor >= 0", name="not_negative"),
        CheckConstraint(
            "unit = 'customer_days' OR reserved_minor + settled_minor <= ceiling_minor + approved_minor", name="limit"
        ),
        Index("ix_purse_employee", "employee_id", "id"),
        Index("ix_purse_site", "site_id", "unit", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(80), unique=True)
    unit: Mapped[str] = mapped_column(String(20))
    period: Mapped[str | None] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3))
    site_id: Mapped[int] = mapped_column(BigId)
    team_id: Mapped[int | None] = mapped_column(BigId)
    employee_id: Mapped[int | None] = mapped_column(BigId)
    ceiling_minor: Mapped[int] = mapped_column(BigId, default=0)
    approved_minor: Mapped[int] = mapped_column(BigId, default=0)
    reserved_minor: Mapped[int] = mapped_column(BigId, default=0)
    settled_minor: Mapped[int] = mapped_column(BigId, default=0)


class Hold(Base):
    """One amount held for one remedy; `counted_minor` is what windows count of it: the hold, then what was settled."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("counted_minor >= 0 AND counted_minor <= amount_minor", name="counted"),
        Index("ix_hold_customer", "customer_id", "held_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    remedy_id: Mapped[int] = mapped_column(BigId, unique=True)
    customer_id: Mapped[int | None] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigId)
    counted_minor: Mapped[int] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10))  # reserved, settled, released, expired, reversed
    held_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class LedgerTransfer(Base):
    """One movement of money between buckets: reserve, settle, release, expire or reverse."""

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_ledger_transfer_hold", "hold_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(10))
    hold_id: Mapped[int] = mapped_column(BigId, ForeignKey("hold.id"))
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[int | None] = mapped_column(BigId)
    # The reservation that this ends: at most one of settle, release and expire.
    resolves_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("ledger_transfer.id"), unique=True)
    reverses_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("ledger_transfer.id"), unique=True)


class LedgerEntry(Base):
    """One side of a transfer in one purse's bucket; the entries of a transfer sum to zero in every purse.

    `granted` is where an exception's money comes from, instead of what the purse has available.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("bucket IN ('available','granted','reserved','settled')", name="bucket"),
        Index("ix_ledger_entry_purse", "purse_id", "id"),
        Index("ix_ledger_entry_transfer", "transfer_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    transfer_id: Mapped[int] = mapped_column(BigId, ForeignKey("ledger_transfer.id"))
    purse_id: Mapped[int] = mapped_column(BigId, ForeignKey("purse.id"))
    bucket: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(BigId)


class Intent(Base):
    """What somebody meant to do once: its key, the fingerprint of its content, and the answer it got. Never pruned."""

    __tablename__ = "intent"
    __table_args__ = (Index("uq_intent_actor_key", "actor", "key", unique=True), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    actor: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(120))
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any]] = mapped_column(JSONText)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(LedgerTransfer.__table__, keys=("id", "resolves_id", "reverses_id"))  # type: ignore[arg-type]
append_only(LedgerEntry.__table__, keys=("id",))  # type: ignore[arg-type]
append_only(Intent.__table__, keys=("id",))  # type: ignore[arg-type]
