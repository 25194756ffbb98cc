"""Who asks: the signed-in person of a browser session or an API token, for Flask-Login."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import Flask, Request, current_app, g, request, session
from flask_login import LoginManager, UserMixin
from sqlalchemy import and_, bindparam, select

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.factor_queries import HAS_FACTOR
from app.people.models import ApiToken, Employee, RoleRaise, SecondFactor, SignInSession, Site
from app.people.queries import PERSON_COLUMNS, SITE_COLUMNS, PersonRow, SiteRow
from app.people.rules import hash_token, is_session_over
from app.people.session_actions import touch_session
from config import Settings

SESSION_KEY = "_user_id"
TOUCH_AFTER = timedelta(minutes=1)
API_PREFIX = "/api/"
_SESSION = (
    select(
        *PERSON_COLUMNS,
        SignInSession.id.label("session_id"),
        SignInSession.seen_at,
        SignInSession.expires_at,
        SignInSession.ended_at,
        SignInSession.proved_at,
        HAS_FACTOR.label("has_factor"),
        RoleRaise.id.label("raise_id"),
        RoleRaise.role.label("raised_role"),
        RoleRaise.ends_at.label("raised_until"),
        *(column.label(f"site_{column.key}") for column in SITE_COLUMNS),
    )
    .join(Site, Site.id == Employee.site_id)
    .join(SignInSession, SignInSession.employee_id == Employee.id)
    .outerjoin(SecondFactor, SecondFactor.employee_id == Employee.id)
    .outerjoin(
        RoleRaise,
        and_(
            RoleRaise.session_id == SignInSession.id,
            RoleRaise.employee_id == Employee.id,
            RoleRaise.ended_at.is_(None),
            RoleRaise.ends_at > bindparam("now"),
        ),
    )
    .where(SignInSession.token_hash == bindparam("token_hash"))
)


@dataclass(frozen=True)
class SignedIn(UserMixin):
    """The current user: a person, and what let them in. proved_at: when this session last proved a second factor."""

    person: PersonRow
    token: str
    session_id: int | None = None
    proved_at: datetime | None = None
    has_factor: bool = False
    raise_id: int | None = None  # a higher role, taken in this session for a short time
    raised_until: datetime | None = None

    def get_id(self) -> str:
        return self.token


def register(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None  # the server-side session is what binds a browser
    manager.init_app(app)
    manager.user_loader(_from_cookie)
    manager.request_loader(_from_bearer)


def _from_cookie(token: str) -> SignedIn | None:
    """Return who a browser's session belongs to. An API call never counts as signed in by a cookie: it has no CSRF token."""
    if request.path.startswith(API_PREFIX):
        return None
    settings: Settings = current_app.extensions["makegood_settings"]
    now = utc_now()
    row = db.session.connection().execute(_SESSION, {"token_hash": hash_token(token), "now": now}).first()
    if row is None:
        return None
    person = PersonRow(*row[: len(PERSON_COLUMNS)])
    over = is_session_over(
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        idle_minutes=settings.session_idle_minutes,
        now=now,
    )
    # Whoever has a second factor has no session that never proved it.
    if over or not person.is_active or (row.has_factor and row.proved_at is None):
        g.session_is_over, g.session_owner = True, person.id
        session.pop(SESSION_KEY, None)
        return None
    if now - row.seen_at >= TOUCH_AFTER:
        touch_session(session_id=row.session_id, now=now)
    g.my_site = SiteRow(*row[-len(SITE_COLUMNS) :])
    if row.raise_id is not None:
        person = replace(person, role=row.raised_role)
    return SignedIn(person, token, row.session_id, row.proved_at, row.has_factor, row.raise_id, row.raised_until)


def _from_bearer(asked: Request) -> SignedIn | None:
    """Return the owner of an API token."""
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    if not asked.path.startswith(API_PREFIX) or scheme.lower() != "bearer" or not token:
        return None
    return owner_of(token, utc_now())


def owner_of(token: str, now: datetime) -> SignedIn | None:
    row = db.session.execute(
        select(*PERSON_COLUMNS)
        .join(ApiToken, ApiToken.employee_id == Employee.id)
        .where(
            ApiToken.token_hash == hash_token(token.strip()),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
            Employee.deactivated_at.is_(None),
        )
    ).first()
    return SignedIn(PersonRow(*row), token) if row else None
