"""What became of customers later, as another system told it: whether they stayed, bought again, and what they are worth."""

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class LaterOutcome(Base):
    """One customer as a source saw them on a day. customer_id: empty where the source's customer isn't known here.

    value_millis: what the customer is worth, in thousandths of `currency` (XXX: the source names none).
    """

    __tablename__ = "later_outcome"
    __table_args__ = (
        CheckConstraint("has_stayed IS NOT NULL OR has_returned IS NOT NULL OR value_millis IS NOT NULL", name="said"),
        CheckConstraint("value_millis IS NULL OR value_millis >= 0", name="value"),
        Index("uq_later_outcome_source", "source", "source_ref", "on_day", unique=True),
        Index("ix_later_outcome_customer", "customer_id", "on_day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    source: Mapped[str] = mapped_column(String(60))
    source_ref: Mapped[str] = mapped_column(String(120))
    on_day: Mapped[date] = mapped_column(Date)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    segment: Mapped[str | None] = mapped_column(String(40))
    had_complaint: Mapped[bool | None] = mapped_column(Boolean)
    has_stayed: Mapped[bool | None] = mapped_column(Boolean)
    has_returned: Mapped[bool | None] = mapped_column(Boolean)
    value_millis: Mapped[int | None] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)
