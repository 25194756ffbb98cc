"""What a provisioning program has said of people and teams, its tokens, and whose access was stopped."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk


class ProvisioningToken(Base):
    """A bearer token of a provisioning program; shown once, kept as a hash."""

    __tablename__ = "provisioning_token"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ProvisionedPerson(Base):
    """An employee as the program names them. The employee's own row says what holds; this keeps what it has no place for.

    said: the attributes as they were sent, as JSON text. deleted_at: the program deleted them; the employee stays.
    """

    __tablename__ = "provisioned_person"

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    user_name: Mapped[str] = mapped_column(String(254))
    user_name_key: Mapped[str] = mapped_column(String(254), unique=True)
    external_id: Mapped[str | None] = mapped_column(String(254), index=True)
    said: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ProvisionedTeam(Base):
    """A team that a provisioning program has named or deleted; the team's own row stays."""

    __tablename__ = "provisioned_team"

    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("team.id"), primary_key=True, autoincrement=False)
    external_id: Mapped[str | None] = mapped_column(String(254))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AccessStop(Base):
    """Nobody lets this employee in: they left, and what they hold has yet to be handed over."""

    __tablename__ = "access_stop"

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
