"""Cases, their categories, their timeline, and the full-text index over them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.cases.rules import NEVER
from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.references import ref
from app.kernel.search import WordIndex


class Category(Base):
    """What kind of thing went wrong; retired, never deleted."""

    __tablename__ = "category"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(BigId, default=1)


_OPEN = text("resolved_at IS NULL")
_RESOLVED = text("resolved_at IS NOT NULL")


class Case(Base):
    """One issue of one customer. `resolved_at IS NULL` is what the queue calls open; `next_due_at` is NEVER when nothing is due."""

    __tablename__ = "case_file"
    __table_args__ = (
        CheckConstraint("severity BETWEEN 0 AND 4", name="severity"),
        CheckConstraint("state IN ('open','waiting','resolved','closed')", name="state"),
        CheckConstraint("(state IN ('resolved','closed')) = (resolved_at IS NOT NULL)", name="resolved"),
        Index("ix_case_queue_owner", "owner_id", "next_due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_case_queue_team", "team_id", "next_due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_case_queue_site", "site_id", "next_due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_case_queue_all", "next_due_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_case_customer", "customer_id", "id"),
        Index("ix_case_site_logged", "site_id", "logged_at"),
        Index("ix_case_resolved", "site_id", "resolved_at", "id"),
        Index("ix_case_resolved_all", "resolved_at", "id", postgresql_where=_RESOLVED, sqlite_where=_RESOLVED),
        Index("ix_case_resolver", "resolved_by_id", "resolved_at"),
        Index("uq_case_source", "source", "source_ref", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    category_id: Mapped[int] = mapped_column(BigId, ForeignKey("category.id"))
    severity: Mapped[int] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(String(20))
    journey_stage: Mapped[str | None] = mapped_column(String(20))
    attribution: Mapped[str] = mapped_column(String(20), default="unknown")
    summary: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    loss_minor: Mapped[int | None] = mapped_column(BigId)
    desired_outcome: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    logged_at: Mapped[datetime] = mapped_column(UTCDateTime)
    logged_by_id: Mapped[int | None] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10), default="open")
    waiting_for: Mapped[str | None] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(40))
    root_cause: Mapped[str | None] = mapped_column(String(40))
    resolution_note: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resolved_by_id: Mapped[int | None] = mapped_column(BigId)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reopened_count: Mapped[int] = mapped_column(BigId, default=0)
    next_due_at: Mapped[datetime] = mapped_column(UTCDateTime, default=NEVER)
    given_minor: Mapped[int] = mapped_column(BigId, default=0)
    historic: Mapped[bool] = mapped_column(Boolean, default=False)
    source: Mapped[str | None] = mapped_column(String(60))
    source_ref: Mapped[str | None] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(BigId, default=1)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("case", self.id)


class CaseEvent(Base):
    """One line of a case's timeline. about_id: the employee whom it is about, e.g. the new owner."""

    __tablename__ = "case_event"
    __table_args__ = (Index("ix_case_event_case", "case_id", "at", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    about_id: Mapped[int | None] = mapped_column(BigId)
    text: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSONText, default=dict)


CASE_SEARCH = WordIndex("case_search")
CASE_SEARCH.beside(Case.__table__)  # type: ignore[arg-type]
