"""Answers kept under their Idempotency-Key; a technical table, written beside the audited deed."""

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime


class IdempotencyAnswer(Base):
    """What a key was answered. `status` is empty while the first request is in flight."""

    __tablename__ = "idempotency_answer"

    actor_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    claim: Mapped[str] = mapped_column(String(32))
    status: Mapped[int | None] = mapped_column(Integer)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
