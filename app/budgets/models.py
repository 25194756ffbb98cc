"""Purses, holds, the double-entry ledger, intents and exchange rates. Transfers and entries are never changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only


class Purse(Base):
    """One budget window of one subject. `ceiling_minor` is the highest limit that a rule has set for it so far.

    `approved_minor` is the part of reserved and settled that stands on exceptions; it ends with them. A rolling window
    counts the shares of its holds when asked, so its lifetime totals have no ceiling. A window of counts is in XXX.
    """

    __tablename__ = "purse"
    __table_args__ = (
        CheckConstraint("reserved_minor >= 0 AND settled_minor >= 0 AND approved_minor >= 0", name="not_negative"),
        CheckConstraint(
            "unit IN ('customer_days','customer_cause') OR reserved_minor + settled_minor <= ceiling_minor + approved_minor",
            name="limit",
        ),
        Index("ix_purse_employee", "employee_id", "id"),
        Index("ix_purse_site", "site_id", "unit", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(160), unique=True)
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
    """One amount held for one remedy; `counted_minor` is what counts of it: the hold, then what was settled.

    A remedy that is no money is held as one piece, 1 XXX.
    """

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


class HoldShare(Base):
    """What one hold has in one rolling purse: the window sums the shares that it still reaches."""

    __tablename__ = "hold_share"
    __table_args__ = (
        CheckConstraint("reserved_minor >= 0 AND settled_minor >= 0", name="not_negative"),
        Index("uq_hold_share_hold_purse", "hold_id", "purse_id", unique=True),
        Index("ix_hold_share_window", "purse_id", "held_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    hold_id: Mapped[int] = mapped_column(BigId, ForeignKey("hold.id"))
    purse_id: Mapped[int] = mapped_column(BigId, ForeignKey("purse.id"))
    held_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reserved_minor: Mapped[int] = mapped_column(BigId)
    settled_minor: Mapped[int] = mapped_column(BigId, default=0)
    granted: Mapped[bool] = mapped_column(Boolean, default=False)


class FxRate(Base):
    """How much of a currency one euro bought on a day, in millionths, as the European Central Bank published it."""

    __tablename__ = "fx_rate"
    __table_args__ = (
        CheckConstraint("millionths > 0", name="millionths"),
        Index("uq_fx_rate_currency_day", "currency", "on_day", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    currency: Mapped[str] = mapped_column(String(3))
    on_day: Mapped[date] = mapped_column(Date)
    millionths: Mapped[int] = mapped_column(BigId)


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
