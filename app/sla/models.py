"""Targets, clocks, their pauses and notices."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only

# Open and not history: what the boards look through.
OPEN = "stopped_at IS NULL AND cancelled_at IS NULL AND "
OPEN_SQLITE, OPEN_POSTGRESQL = text(OPEN + "historic = 0"), text(OPEN + "NOT historic")


class SlaPolicyVersion(Base):
    """A published set of targets; it never changes, and clocks keep the one they started with."""

    __tablename__ = "sla_policy_version"

    id: Mapped[intpk]
    number: Mapped[int] = mapped_column(BigId, unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    rules: Mapped[dict[str, Any] | None] = mapped_column(JSONText)


class SlaTarget(Base):
    """How much time a milestone may take at a severity; segment, channel and site narrow it, and the narrowest row holds."""

    __tablename__ = "sla_target"
    __table_args__ = (
        Index("ix_sla_target_version", "version_id", "severity"),
        CheckConstraint("target_seconds > 0", name="positive"),
        CheckConstraint("severity BETWEEN 0 AND 4", name="severity"),
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("sla_policy_version.id"))
    severity: Mapped[int] = mapped_column(BigId)
    milestone: Mapped[str] = mapped_column(String(20))
    target_seconds: Mapped[int] = mapped_column(BigId)
    segment: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str | None] = mapped_column(String(20))
    site_id: Mapped[int | None] = mapped_column(BigId)


append_only(SlaPolicyVersion.__table__, keys=("id", "number"))  # type: ignore[arg-type]
append_only(SlaTarget.__table__, keys=("id",))  # type: ignore[arg-type]


class Clock(Base):
    """One milestone of one case. site, team and owner are copied from the case, for the sweep and the boards.

    subject: the record of a case that the clock is for, when it isn't the case itself (a promise, an exception, a legal
    pack). label: what is to be done, where the milestone alone doesn't say it (a task for another department). told: how
    many steps of the ladder of warnings were passed.
    due_at and soon_at are stored for the indexes and are empty while a pause holds the clock; next_notice_at is empty
    when there is nothing more to say.
    """

    __tablename__ = "clock"
    __table_args__ = (
        Index("ix_clock_case", "case_id", "id"),
        Index(
            "ix_clock_notice",
            "next_notice_at",
            "id",
            sqlite_where=text("next_notice_at IS NOT NULL"),
            postgresql_where=text("next_notice_at IS NOT NULL"),
        ),
        Index(
            "ix_clock_site_due", "site_id", "due_at", "id", sqlite_where=OPEN_SQLITE, postgresql_where=OPEN_POSTGRESQL
        ),
        Index(
            "ix_clock_team_due", "team_id", "due_at", "id", sqlite_where=OPEN_SQLITE, postgresql_where=OPEN_POSTGRESQL
        ),
        Index(
            "ix_clock_subject",
            "subject",
            sqlite_where=text("subject IS NOT NULL"),
            postgresql_where=text("subject IS NOT NULL"),
        ),
        CheckConstraint("target_seconds > 0", name="positive"),
        CheckConstraint("stopped_at IS NULL OR cancelled_at IS NULL", name="one_end"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId)
    case_ref: Mapped[str] = mapped_column(String(30))
    milestone: Mapped[str] = mapped_column(String(20))
    severity: Mapped[int] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId)
    team_id: Mapped[int | None] = mapped_column(BigId)
    owner_id: Mapped[int | None] = mapped_column(BigId)
    policy_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("sla_policy_version.id"))
    calendar_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("calendar_version.id"))
    target_seconds: Mapped[int] = mapped_column(BigId)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    soon_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_notice_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    historic: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(BigId, default=1)
    subject: Mapped[str | None] = mapped_column(String(30))
    label: Mapped[str | None] = mapped_column(String(160))
    told: Mapped[int | None] = mapped_column(BigId)

    pauses: Mapped[list["ClockPause"]] = relationship(lazy="raise", order_by="ClockPause.id")

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None and self.cancelled_at is None


_LIMITED = text("to_at IS NULL AND limit_at IS NOT NULL")


class ClockPause(Base):
    """A stretch [from, to) during which a clock stood still; open while `to_at` is empty, and at most one is.

    limit_at: when it ends unless a supervisor approves it; empty when it was approved or a supervisor made it.
    """

    __tablename__ = "clock_pause"
    __table_args__ = (
        Index("ix_clock_pause_clock", "clock_id", "id"),
        Index(
            "uq_clock_pause_open",
            "clock_id",
            unique=True,
            sqlite_where=text("to_at IS NULL"),
            postgresql_where=text("to_at IS NULL"),
        ),
        Index("ix_clock_pause_limit", "limit_at", "id", sqlite_where=_LIMITED, postgresql_where=_LIMITED),
        CheckConstraint("to_at IS NULL OR to_at >= from_at", name="forward"),
    )

    id: Mapped[intpk]
    clock_id: Mapped[int] = mapped_column(BigId, ForeignKey("clock.id"))
    from_at: Mapped[datetime] = mapped_column(UTCDateTime)
    to_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(String(30))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    limit_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(BigId)
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ClockNotice(Base):
    """A notice that was given. The key is what makes it exactly one per clock and threshold."""

    __tablename__ = "clock_notice"
    __table_args__ = (UniqueConstraint("clock_id", "threshold", name="uq_clock_notice_once"),)

    id: Mapped[intpk]
    clock_id: Mapped[int] = mapped_column(BigId, ForeignKey("clock.id"))
    threshold: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ClockChange(Base):
    """What a deed changed on a clock after it was started: the stored values before and after, for replay and timeline."""

    __tablename__ = "clock_change"
    __table_args__ = (Index("ix_clock_change_clock", "clock_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    clock_id: Mapped[int] = mapped_column(BigId, ForeignKey("clock.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    actor: Mapped[str] = mapped_column(String(80))
    before: Mapped[dict[str, Any]] = mapped_column(JSONText)
    after: Mapped[dict[str, Any]] = mapped_column(JSONText)


append_only(ClockChange.__table__, keys=("id",))  # type: ignore[arg-type]


class Rerun(Base):
    """New hours or targets brought to open cases, in batches; what it moved stands in the trail case by case."""

    __tablename__ = "rerun"
    __table_args__ = (
        Index(
            "ix_rerun_waiting",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        CheckConstraint("kind IN ('hours','targets','both')", name="kind"),
        CheckConstraint("state IN ('waiting','done','stopped')", name="state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    asked_by_id: Mapped[int | None] = mapped_column(BigId)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    case_count: Mapped[int] = mapped_column(BigId)
    looked_count: Mapped[int] = mapped_column(BigId, default=0)
    moved_count: Mapped[int] = mapped_column(BigId, default=0)
    last_case_id: Mapped[int] = mapped_column(BigId, default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class LegalPack(Base):
    """A legal clock that a site keeps, from its adoption until its end."""

    __tablename__ = "legal_pack"
    __table_args__ = (
        Index(
            "uq_legal_pack_adopted",
            "site_id",
            "code",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(String(20))
    adopted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
