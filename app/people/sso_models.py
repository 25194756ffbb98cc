"""Who somebody is at the company's own sign-in, and which answers of it were taken."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class SignInIdentity(Base):
    """An issuer's subject and the employee it is; one of each issuer. way: by what they were first found."""

    __tablename__ = "sign_in_identity"
    __table_args__ = (
        CheckConstraint("way IN ('email','provisioning')", name="way"),
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("employee_id", "issuer"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    way: Mapped[str] = mapped_column(String(12))
    bound_at: Mapped[datetime] = mapped_column(UTCDateTime)


class UsedState(Base):
    """A sign-in at the company's sign-in that was answered: its state counts once. Hashed."""

    __tablename__ = "used_state"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
