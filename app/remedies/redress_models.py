"""What is owed by law or contract: rules with their legal source, what a case was found to owe, and what was given for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk


class Entitlement(Base):
    """One rule of what is owed. country, category_id, attribution: None means any. Changed by retiring and adding.

    formula: {"type": "fixed", "minor", "currency"}, {"type": "loss", "percent"}, or
    {"type": "bands", "fact", "currency", "bands": [[up to, minor], …, [null, minor]]}.
    """

    __tablename__ = "entitlement"
    __table_args__ = (CheckConstraint("severity_min BETWEEN 0 AND 4", name="severity"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40))
    category_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("category.id"))
    country: Mapped[str | None] = mapped_column(String(2))
    attribution: Mapped[str | None] = mapped_column(String(20))
    severity_min: Mapped[int] = mapped_column(BigId, default=1)
    formula: Mapped[dict[str, Any]] = mapped_column(JSONText)
    valid_from: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RedressFinding(Base):
    """What somebody found about an entitlement in a case: the facts it depends on, or why nothing is owed. The newest holds."""

    __tablename__ = "redress_finding"
    __table_args__ = (
        CheckConstraint("outcome IN ('owed','not_owed')", name="outcome"),
        Index("ix_redress_finding_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    entitlement_id: Mapped[int] = mapped_column(BigId, ForeignKey("entitlement.id"))
    outcome: Mapped[str] = mapped_column(String(10))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONText, default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")
    found_by_id: Mapped[int | None] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class RedressRemedy(Base):
    """A remedy that pays an entitlement."""

    __tablename__ = "redress_remedy"
    __table_args__ = (Index("ix_redress_remedy_entitlement", "entitlement_id"),)

    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"), primary_key=True, autoincrement=False)
    entitlement_id: Mapped[int] = mapped_column(BigId, ForeignKey("entitlement.id"))
