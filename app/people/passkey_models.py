"""Passkeys: a public key of somebody's device, and the challenges that are under way."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class Passkey(Base):
    """One credential. Ids, keys and handles are base64url; `user_handle` is random, one for each person, and tells no name."""

    __tablename__ = "passkey"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)  # at most 1,023 bytes
    public_key: Mapped[str] = mapped_column(Text)
    user_handle: Mapped[str] = mapped_column(String(64))
    sign_count: Mapped[int] = mapped_column(BigId)
    transports: Mapped[str] = mapped_column(String(100), default="")
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PasskeyChallenge(Base):
    """A question put to one browser, good once and for five minutes. A technical table; rows go when they are answered."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (CheckConstraint("purpose IN ('register','sign-in','step-up')", name="purpose"),)

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(8))
    bound_to: Mapped[str] = mapped_column(String(64))
    employee_id: Mapped[int | None] = mapped_column(BigId)  # who alone may answer; None: whoever can sign in
    user_handle: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
