"""The outbox: what has to reach somebody outside, written with the change, and every try to deliver it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk

OPEN = text("state IN ('waiting','running')")


class OutboxMessage(Base):
    """One effect that is owed to the outside. (channel, key) is unique: the same intent is written once."""

    __tablename__ = "outbox_message"
    __table_args__ = (UniqueConstraint("channel", "key"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    channel: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONText)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class OutboxAttempt(Base):
    """One try, planned or made. A message has at most one that is waiting or running: its next one."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        CheckConstraint("state IN ('waiting','running','delivered','failed','lost','dead')", name="state"),
        CheckConstraint("(state = 'running') = (leased_until IS NOT NULL)", name="lease"),
        Index("ix_outbox_attempt_due", "due_at", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index(
            "ix_outbox_attempt_dead",
            "id",
            sqlite_where=text("state = 'dead'"),
            postgresql_where=text("state = 'dead'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("outbox_message.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(40))
    number: Mapped[int] = mapped_column(BigId)
    tries_left: Mapped[int] = mapped_column(BigId)
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    began_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(String(300))


class OutboxHandover(Base):
    """A try that has begun to hand its message over. It goes when the outcome is written down; while it stands and the
    try is dead, nobody knows whether the message arrived."""

    __tablename__ = "outbox_handover"

    attempt_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("outbox_attempt.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime)
