"""The inbox; the outbox's tables are loaded with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.notifications import outbox_models

__all__ = ["Notification", "outbox_models"]

UNREAD = text("read_at IS NULL")


class Notification(Base):
    """One line of one person's inbox. The sentence is kept as a key with values, and said in the reader's language."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_employee", "employee_id", "id"),
        Index("ix_notification_unread", "employee_id", "id", sqlite_where=UNREAD, postgresql_where=UNREAD),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(60))
    url: Mapped[str] = mapped_column(String(300))
    text_key: Mapped[str] = mapped_column(String(300))
    params: Mapped[dict[str, Any]] = mapped_column(JSONText)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class NoticePreference(Base):
    """How one person wants notices by mail. Times are of the person's site: "22:00". Without a row: each one, at once.

    digested_on, digest_through_id: the local day of the last digest and the newest inbox line that it covered.
    """

    __tablename__ = "notice_preference"
    __table_args__ = (CheckConstraint("mail IN ('each','digest','off')", name="mail"),)

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    mail: Mapped[str] = mapped_column(String(10))
    quiet_from: Mapped[str | None] = mapped_column(String(5))
    quiet_to: Mapped[str | None] = mapped_column(String(5))
    digest_at: Mapped[str] = mapped_column(String(5))
    digested_on: Mapped[str | None] = mapped_column(String(10))
    digest_through_id: Mapped[int] = mapped_column(BigId, default=0)
    version: Mapped[int] = mapped_column(BigId, default=1)
