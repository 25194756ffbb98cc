"""Targets, clocks, their pauses and notices."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.database import Base, BigId, UTCDateTime, intpk
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


class SlaTarget(Base):
    """How much business time a milestone may take at a severity."""

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


append_only(SlaPolicyVersion.__table__, keys=("id", "number"))  # type: ignore[arg-type]
append_only(SlaTarget.__table__, keys=("id",))  # type: ignore[arg-type]


class Clock(Base):
    """One milestone of one case. site, team and owner are copied from the case, for the sweep and the boards.

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

    pauses: Mapped[list["ClockPause"]] = relationship(lazy="raise", order_by="ClockPause.id")

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None and self.cancelled_at is None


class ClockPause(Base):
    """A stretch [from, to) during which a clock stood still; open while `to_at` is empty, and at most one is."""

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
        CheckConstraint("to_at IS NULL OR to_at >= from_at", name="forward"),
    )

    id: Mapped[intpk]
    clock_id: Mapped[int] = mapped_column(BigId, ForeignKey("clock.id"))
    from_at: Mapped[datetime] = mapped_column(UTCDateTime)
    to_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(String(30))
    actor_id: Mapped[int | None] = mapped_column(BigId)


class ClockNotice(Base):
    """A notice that was given. The key is what makes it exactly one per clock and threshold."""

    __tablename__ = "clock_notice"
    __table_args__ = (UniqueConstraint("clock_id", "threshold", name="uq_clock_notice_once"),)

    id: Mapped[intpk]
    clock_id: Mapped[int] = mapped_column(BigId, ForeignKey("clock.id"))
    threshold: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
