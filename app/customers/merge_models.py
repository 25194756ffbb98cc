"""Which customers are one: a merge is a record beside them, and nothing of either is rewritten."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

_HOLDS = text("undone_at IS NULL")


class CustomerMerge(Base):
    """One customer found to be another. `into_id` is whom they were merged into; `root_id` whom that one counts as now.

    A merge that holds has no `undone_at`; undoing it gives the customer back with everything that was made in their name.
    """

    __tablename__ = "customer_merge"
    __table_args__ = (
        CheckConstraint("customer_id <> into_id AND customer_id <> root_id", name="another"),
        CheckConstraint("(undone_at IS NULL) = (undone_reason IS NULL)", name="undone"),
        Index("uq_customer_merge_customer", "customer_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        Index("ix_customer_merge_root", "root_id", "customer_id", sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    into_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    root_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int | None] = mapped_column(BigId)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(BigId)
    undone_reason: Mapped[str | None] = mapped_column(String(300))


class CustomerTwo(Base):
    """Two customers who were looked at and are not one; while this stands, they are not offered as duplicates."""

    __tablename__ = "customer_two"
    __table_args__ = (
        CheckConstraint("older_id < newer_id", name="order"),
        Index(
            "uq_customer_two_live", "older_id", "newer_id", unique=True, sqlite_where=_HOLDS, postgresql_where=_HOLDS
        ),
        Index("ix_customer_two_newer", "newer_id", sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    older_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    newer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"))
    reason: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int | None] = mapped_column(BigId)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(BigId)
