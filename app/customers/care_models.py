"""What customers agreed to, how they want to be reached, and what they are worth to the company."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only


class CustomerConsent(Base):
    """One answer of a customer about one purpose, as it was said; the newest holds, and none is ever changed."""

    __tablename__ = "customer_consent"
    __table_args__ = (
        CheckConstraint("purpose IN ('marketing','suggestions','updates')", name="purpose"),
        CheckConstraint("source IN ('desk','phone','email','letter','web','import')", name="source"),
        Index("ix_customer_consent_customer", "customer_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    given: Mapped[bool] = mapped_column(Boolean)
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)
    source: Mapped[str] = mapped_column(String(20))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_by_id: Mapped[int | None] = mapped_column(BigId)


class CustomerPreference(Base):
    """How a customer wants to be reached. channel: where they would rather be answered, or None for no wish."""

    __tablename__ = "customer_preference"
    __table_args__ = (CheckConstraint("channel IN ('phone','email','letter','desk')", name="channel"),)

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    channel: Mapped[str | None] = mapped_column(String(20))
    do_not_call: Mapped[bool] = mapped_column(Boolean, default=False)
    wishes: Mapped[str] = mapped_column(String(300), default="")
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
    set_by_id: Mapped[int | None] = mapped_column(BigId)
    version: Mapped[int] = mapped_column(BigId, default=1)


class CustomerValue(Base):
    """What a customer spends with the company in a year, as another system counted it; no rule of authority reads it."""

    __tablename__ = "customer_value"
    __table_args__ = (CheckConstraint("year_minor >= 0", name="year"),)

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    year_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
    set_by_id: Mapped[int | None] = mapped_column(BigId)


append_only(CustomerConsent.__table__, keys=("id",))  # type: ignore[arg-type]
