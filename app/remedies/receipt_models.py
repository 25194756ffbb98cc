"""Receipts of decisions, and the precedents that past remedies set."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.triggers import append_only


class DecisionReceipt(Base):
    """All that one decision depended on, frozen as canonical text with its hash; it judges the same for ever."""

    __tablename__ = "decision_receipt"
    __table_args__ = (
        CheckConstraint("occasion IN ('offer','request','approval')", name="occasion"),
        Index("ix_decision_receipt_remedy", "remedy_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"))
    occasion: Mapped[str] = mapped_column(String(10))
    policy_version_id: Mapped[int] = mapped_column(BigId)
    policy_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Precedent(Base):
    """What a past remedy was and how the customer answered, as the case stood then; goodwill money only."""

    __tablename__ = "precedent"
    __table_args__ = (
        CheckConstraint("answer IN ('accepted','declined','none','reversed')", name="answer"),
        Index("ix_precedent_stratum", "category_id", "severity", "kind", "currency", "at", "remedy_id"),
    )

    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId)
    category_id: Mapped[int] = mapped_column(BigId)
    severity: Mapped[int] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(40))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigId)
    answer: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(DecisionReceipt.__table__, keys=("id", "content_hash"))  # type: ignore[arg-type]
