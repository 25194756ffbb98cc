"""Sites, teams, employees, and what lets them in: sessions, throttles, one-time links and API tokens."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.people.certificate_models import Certificate as Certificate
from app.people.certificate_models import CertificateGrant as CertificateGrant
from app.people.factor_models import KnownDevice as KnownDevice
from app.people.factor_models import RecoveryCode as RecoveryCode
from app.people.factor_models import SecondFactor as SecondFactor
from app.people.passkey_models import Passkey as Passkey
from app.people.passkey_models import PasskeyChallenge as PasskeyChallenge
from app.people.raise_models import RoleRaise as RoleRaise
from app.people.region_models import Region as Region
from app.people.region_models import RegionLead as RegionLead
from app.people.region_models import RegionSite as RegionSite
from app.people.role_models import RoleChange as RoleChange
from app.people.scim_models import AccessStop as AccessStop
from app.people.scim_models import ProvisionedPerson as ProvisionedPerson
from app.people.scim_models import ProvisionedTeam as ProvisionedTeam
from app.people.scim_models import ProvisioningToken as ProvisioningToken
from app.people.sso_models import SignInIdentity as SignInIdentity
from app.people.sso_models import UsedState as UsedState

ROLES = ("frontline", "supervisor", "manager", "hr", "auditor", "admin")
THEMES = ("auto", "light", "dark")


class Site(Base):
    """A place with its own time, money and public holidays."""

    __tablename__ = "site"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    time_zone: Mapped[str] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    locale: Mapped[str] = mapped_column(String(12))
    country: Mapped[str] = mapped_column(String(2))
    subdivision: Mapped[str | None] = mapped_column(String(6))
    calendar_id: Mapped[int | None] = mapped_column(BigId)
    version: Mapped[int] = mapped_column(BigId, default=1)


class Team(Base):
    """People of one site who share a pool and a supervisor."""

    __tablename__ = "team"
    __table_args__ = (Index("uq_team_site_name", "site_id", "name", unique=True), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(String(100))
    supervisor_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("employee.id", use_alter=True, name="fk_team_supervisor_id_employee"), index=True
    )
    version: Mapped[int] = mapped_column(BigId, default=1)


class Employee(Base):
    """A person who works here; never deleted, only deactivated, since old deeds name them."""

    __tablename__ = "employee"
    __table_args__ = (
        CheckConstraint("role IN ('frontline','supervisor','manager','hr','auditor','admin')", name="role"),
        CheckConstraint("theme IN ('auto','light','dark')", name="theme"),
        CheckConstraint("manager_id IS NULL OR manager_id <> id", name="not_own_manager"),
        Index("ix_employee_name", "name", "id"),
        Index("ix_employee_site", "site_id", "role", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(12))
    job_title: Mapped[str] = mapped_column(String(100), default="")
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"), index=True)
    manager_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    locale: Mapped[str | None] = mapped_column(String(12))
    theme: Mapped[str] = mapped_column(String(5), default="auto")
    keys_off: Mapped[bool] = mapped_column(Boolean, default=False)
    active_from: Mapped[datetime] = mapped_column(UTCDateTime)
    deactivated_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)


class SignInSession(Base):
    """One signed-in browser. The token itself is never kept, only its hash; an ended session keeps its row until it is old."""

    __tablename__ = "sign_in_session"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    proved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when it last proved a second factor
    address: Mapped[str | None] = mapped_column(String(60))
    browser: Mapped[str] = mapped_column(String(200), default="")
    way: Mapped[str | None] = mapped_column(String(20))  # what let them in, e.g. "company"; None: a pass phrase


class SignInThrottle(Base):
    """Failed sign-ins of one key: an address, or an account seen from one address or in one browser. Keys are hashed."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(BigId)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class OneTimeLink(Base):
    """An invitation or a reset: whoever holds the link chooses the pass phrase, once."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("purpose IN ('invite','reset')", name="purpose"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(6))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ApiToken(Base):
    """A bearer token with its owner's permissions; shown once, kept as a hash."""

    __tablename__ = "api_token"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
