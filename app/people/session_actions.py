"""Begin and end signed-in browsers."""

from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction
from app.people import hooks
from app.people.models import AccessStop, Employee, KnownDevice, SignInSession
from app.people.queries import PersonRow
from app.people.rules import hash_token, new_token
from app.people.words import browser_words
from config import Settings

SIGNED_IN = audit.declare("session:start", "browser", "way", sentence=_l("signed in"))
SIGNED_OUT = audit.declare("session:end", "why", "count", sentence=_l("ended sessions"))

_KEPT = timedelta(days=30)
_LATELY = timedelta(minutes=10)
DEVICE_KEPT = timedelta(days=400)  # as long as browsers keep a cookie
COMPANY = "company"  # the way of the company's own sign-in


class NoLongerLetIn(Refusal):
    status = 422
    code = "no-longer-let-in"
    sentence = _l("This account is closed. Ask your administrator if that is a mistake.")


class OnlyThroughCompany(Refusal):
    status = 422
    code = "only-through-company"
    sentence = _l("Your company lets people in through its own sign-in only. Go back and use that.")


def start_session(
    *,
    person: PersonRow,
    address: str | None,
    browser: str,
    now: datetime,
    is_proved: bool = False,
    device: str | None = None,
    way: str | None = None,
) -> str:
    """Begin a session and return its token, which is kept only as a hash.

    is_proved: a second factor was proved just now. device: the browser's own cookie; a new one is told to the person.
    way: what let them in, e.g. "company"; None: a pass phrase. Raises NoLongerLetIn and OnlyThroughCompany.
    """
    settings: Settings = current_app.extensions["makegood_settings"]
    token = new_token()
    actor = person.actor
    if settings.oidc_only and way != COMPANY and person.role != "admin":
        raise OnlyThroughCompany
    with transaction():
        # Read again: whoever proved who they are may have left in this very moment.
        if not may_come_in(person.id):
            raise NoLongerLetIn
        db.session.execute(delete(SignInSession).where(SignInSession.expires_at < now - _KEPT))
        db.session.add(
            SignInSession(
                employee_id=person.id,
                token_hash=hash_token(token),
                started_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=settings.session_absolute_hours),
                proved_at=now if is_proved else None,
                address=address,
                browser=browser[:200],
                way=way,
            )
        )
        audit.record(
            SIGNED_IN, subject=person.ref, actor=actor, at=now, site_id=person.site_id, browser=browser[:200], way=way
        )  # fmt: skip
        if device is not None:
            _note_device(person, hash_token(device), browser, now)
    return token


def may_come_in(employee_id: int) -> bool:
    """Tell whether somebody works here now and nobody has stopped their access."""
    stopped = select(AccessStop.employee_id).where(AccessStop.employee_id == Employee.id).exists()
    found = select(Employee.id).where(Employee.id == employee_id, Employee.deactivated_at.is_(None), ~stopped)
    return db.session.scalar(found.with_for_update(read=True, of=Employee)) is not None


def came_in_lately(employee_id: int, now: datetime) -> bool:
    """Tell whether somebody proved to the company's sign-in within the last minutes who they are.

    That is what stands for the pass phrase of whoever has none.
    """
    found = select(SignInSession.id).where(
        SignInSession.employee_id == employee_id,
        SignInSession.way == COMPANY,
        SignInSession.started_at > now - _LATELY,
        SignInSession.ended_at.is_(None),
    )
    return db.session.scalar(found.limit(1)) is not None


def _note_device(person: PersonRow, device_hash: str, browser: str, now: datetime) -> None:
    """Remember the browser; tell of one that is new, but for the very first."""
    db.session.execute(delete(KnownDevice).where(KnownDevice.seen_at < now - DEVICE_KEPT))
    known = db.session.get(KnownDevice, (person.id, device_hash))
    if known is not None:
        known.seen_at = now
        return
    count = select(func.count()).select_from(KnownDevice).where(KnownDevice.employee_id == person.id)
    has_others = bool(db.session.scalar(count))
    db.session.add(KnownDevice(employee_id=person.id, device_hash=device_hash, first_at=now, seen_at=now))
    if has_others:
        hooks.tell_of_access("new-device", person.id, now, browser=browser_words(browser) or "–")


def renew_session(*, session_id: int, now: datetime) -> str:
    """Give a session a new token after a second factor was proved in it, inside the deed; returns the token."""
    token = new_token()
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id)
        .values(token_hash=hash_token(token), proved_at=now, seen_at=now)
    )
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


def end_other_sessions(*, keep_token: str, person: PersonRow, actor: Actor, now: datetime) -> int:
    """End every session of the person but this one; returns how many."""
    with transaction():
        ended = end_all_sessions(employee_id=person.id, now=now, keep_token=keep_token)
        if ended:
            audit.record(SIGNED_OUT, subject=person.ref, actor=actor, at=now, why="revoked", count=ended)
    return ended


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
