"""A draft that answers silently beside the policy in force. No money: only who answered what."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only, frozen_when

_RUNNING = text("stopped_at IS NULL")


class ShadowRun(Base):
    """One stretch of time in which a draft answers beside the policy in force.

    rules: the draft's rules as they were when it began (rule values); what is written in the draft later changes no
    answer of this run. reason: why somebody tries it.
    """

    __tablename__ = "shadow_run"
    __table_args__ = (
        CheckConstraint("(stopped_at IS NULL) = (stopped_by IS NULL)", name="stopped"),
        Index("ix_shadow_run_version", "version_id", "id"),
        Index("uq_shadow_run_running", "version_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("policy_version.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONText)
    reason: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_by: Mapped[str] = mapped_column(String(60))
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_by: Mapped[str | None] = mapped_column(String(60))


class ShadowAnswer(Base):
    """What the draft would have answered to one real question, beside what was answered. Never changed."""

    __tablename__ = "shadow_answer"
    __table_args__ = (
        CheckConstraint("live IN ('allowed','needs_approval','refused')", name="live"),
        CheckConstraint("shadow IN ('allowed','needs_approval','refused')", name="shadow"),
        Index("uq_shadow_answer_run_remedy", "run_id", "remedy_id", unique=True),
        Index("ix_shadow_answer_run_at", "run_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    run_id: Mapped[int] = mapped_column(BigId, ForeignKey("shadow_run.id"))
    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    live: Mapped[str] = mapped_column(String(20))
    shadow: Mapped[str] = mapped_column(String(20))
    clause: Mapped[str] = mapped_column(String(40))


frozen_when(ShadowRun.__table__, "OLD.stopped_at IS NOT NULL")  # type: ignore[arg-type]
append_only(ShadowAnswer.__table__, keys=("id",))  # type: ignore[arg-type]
