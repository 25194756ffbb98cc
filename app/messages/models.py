"""One message of a case's dialogue: who wrote it, where, and exactly what."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class Message(Base):
    """A message from the customer (in) or to the customer (out), character for character.

    channel: a channel of cases, or "page" for the customer's page. about: the record that it speaks of, e.g. "RM-12".
    intent: the key under which it was sent; the same key writes it once. author_id: the employee, None for the customer
    and for rules.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction IN ('in','out')", name="direction"),
        CheckConstraint("direction = 'out' OR author_id IS NULL", name="author"),
        UniqueConstraint("case_id", "intent"),
        Index("ix_message_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    direction: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    author_id: Mapped[int | None] = mapped_column(BigId)
    customer_id: Mapped[int | None] = mapped_column(BigId)
    about: Mapped[str | None] = mapped_column(String(30))
    intent: Mapped[str | None] = mapped_column(String(120))
