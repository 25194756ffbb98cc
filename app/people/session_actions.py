"""Begin and end signed-in browsers."""

from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.people.models import SignInSession
from app.people.queries import PersonRow
from app.people.rules import hash_token, new_token
from config import Settings

SIGNED_IN = audit.declare("session:start", "browser", sentence=_l("signed in"))
SIGNED_OUT = audit.declare("session:end", "why", "count", sentence=_l("ended sessions"))

_KEPT = timedelta(days=30)


def start_session(*, person: PersonRow, address: str | None, browser: str, now: datetime) -> str:
    """Begin a session and return its token, which is kept only as a hash."""
    settings: Settings = current_app.extensions["makegood_settings"]
    token = new_token()
    actor = person.actor
    with transaction():
        db.session.execute(delete(SignInSession).where(SignInSession.expires_at < now - _KEPT))
        db.session.add(
            SignInSession(
                employee_id=person.id,
                token_hash=hash_token(token),
                started_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=settings.session_absolute_hours),
                address=address,
                browser=browser[:200],
            )
        )
        audit.record(SIGNED_IN, subject=person.ref, actor=actor, at=now, site_id=person.site_id, browser=browser[:200])
    return token


def end_session(*, token: str, person: PersonRow, now: datetime) -> None:
    """Sign out one browser."""
    with transaction():
        ended = _end(SignInSession.token_hash == hash_token(token), now)
        if ended:
            audit.record(SIGNED_OUT, subject=person.ref, actor=person.actor, at=now, why="signed-out", count=ended)


def end_own_session(*, session_id: int, person: PersonRow, actor: Actor, now: datetime) -> None:
    """End one of the person's own sessions; someone else's is left untouched."""
    with transaction():
        ended = _end((SignInSession.id == session_id) & (SignInSession.employee_id == person.id), now)
        if ended:
            audit.record(SIGNED_OUT, subject=person.ref, actor=actor, at=now, why="revoked", count=ended)


def end_all_sessions(*, employee_id: int, now: datetime, keep_token: str | None = None) -> int:
    """End every session of a person inside the caller's deed, whose entry says why; returns how many."""
    condition = SignInSession.employee_id == employee_id
    if keep_token:
        condition = condition & (SignInSession.token_hash != hash_token(keep_token))
    return _end(condition, now)


def touch_session(*, session_id: int, now: datetime) -> None:
    """Remember that a session was used; a technical note, at most once a minute."""
    with transaction():
        db.session.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=now))


def _end(condition: object, now: datetime) -> int:
    result = db.session.execute(
        update(SignInSession).where(condition, SignInSession.ended_at.is_(None)).values(ended_at=now)  # type: ignore[arg-type]
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
