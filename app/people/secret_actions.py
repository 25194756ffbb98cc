"""Pass phrases, one-time links and API tokens. A secret is returned once and kept as a hash."""

from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import hooks
from app.people.breached import is_breached
from app.people.models import ApiToken, Employee, KnownDevice, OneTimeLink, Site
from app.people.pass_phrases import hash_phrase, is_phrase
from app.people.permissions import require
from app.people.queries import PersonRow, person_by_email
from app.people.rules import (
    INVITE_LASTS,
    PASS_PHRASE_MAX,
    PASS_PHRASE_MIN,
    RESET_LASTS,
    TOKEN_LASTS,
    clean_email,
    hash_token,
    new_token,
    phrase_weakness,
)
from app.people.session_actions import end_all_sessions, may_come_in
from app.people.throttle_actions import count_attempt, count_sign_in, forgive
from config import Settings

LINK_MADE = audit.declare("person:link", "purpose", sentence=_l("made a one-time link"))
PHRASE_CHOSEN = audit.declare("person:pass-phrase", "way", "sessions_ended", sentence=_l("chose a pass phrase"))
TOKEN_MADE = audit.declare("token:create", "name", "expires", sentence=_l("made an access token"))
TOKEN_REVOKED = audit.declare("token:revoke", "name", sentence=_l("revoked an access token"))

TOKEN_PREFIX = "mg_"  # noqa: S105 - lets secret scanners know a token that was committed somewhere
TOKENS_MAX = 20
LINKS_A_DAY = 5


class WrongCredentials(Refusal):
    status = 422
    code = "wrong-credentials"
    sentence = _l("This e-mail address and pass phrase don't belong together.")


class DeadLink(Refusal):
    status = 410
    code = "dead-link"
    sentence = _l("This link was used or is too old. Ask your administrator for a new one.")


class TooManyLinks(Refusal):
    status = 429
    code = "too-many-links"
    sentence = _l("This person got five links within a day. Wait until tomorrow, and ask them what is wrong.")


def check_credentials(
    *, email: str, phrase: str, address: str | None, now: datetime, device: str | None = None
) -> PersonRow:
    """Return whose credentials these are; the answer and the work are the same whoever is asked for.

    device: the browser's own cookie; one that the account was signed in from is held to its own failures alone.
    Raises TooManyAttempts before looking at anything, and WrongCredentials.
    """
    browser = device if _is_known(email, device) else None
    count_sign_in(email=email, address=address, now=now, browser=browser)
    kept = db.session.execute(
        select(Employee.password_hash, Employee.deactivated_at).where(Employee.email == clean_email(email))
    ).first()
    db.session.rollback()  # no snapshot is held while the hash is computed
    if not is_phrase(kept.password_hash if kept and kept.deactivated_at is None else None, phrase):
        raise WrongCredentials
    forgive(email=email, address=address, browser=browser)
    found = person_by_email(email)
    assert found is not None
    return found


def _is_known(email: str, device: str | None) -> bool:
    """Tell whether this account was signed in from this browser before; one question for known and unknown accounts."""
    wanted = select(KnownDevice.device_hash).join(Employee, Employee.id == KnownDevice.employee_id)
    wanted = wanted.where(Employee.email == clean_email(email), KnownDevice.device_hash == hash_token(device or ""))
    return db.session.execute(wanted).first() is not None


def make_link(*, employee_id: int, actor: Actor, now: datetime) -> tuple[str, datetime]:
    """Make the one-time link by which somebody chooses a pass phrase; returns its token and when it ends.

    An invitation while they have none (7 days), else a reset (60 minutes). Earlier links end.
    """
    require(actor, "people.write")
    with transaction():
        employee = db.session.get(Employee, employee_id, with_for_update=True)
        if employee is None or employee.deactivated_at is not None:
            raise NotFound
        _refuse_many_links(employee_id, actor, now)
        purpose = "reset" if employee.password_hash else "invite"
        expires_at = now + (RESET_LASTS if purpose == "reset" else INVITE_LASTS)
        _revoke_links(employee_id, now)
        token = new_token()
        db.session.add(
            OneTimeLink(
                employee_id=employee_id,
                purpose=purpose,
                token_hash=hash_token(token),
                made_at=now,
                expires_at=expires_at,
            )
        )
        audit.record(
            LINK_MADE,
            subject=ref("employee", employee_id),
            actor=actor,
            at=now,
            site_id=employee.site_id,
            purpose=purpose,
        )
    return token, expires_at


def _refuse_many_links(employee_id: int, actor: Actor, now: datetime) -> None:
    """Five links a day for one person: whoever needs more is being tricked, or tricks. A command has no such bound."""
    since = now - timedelta(days=1)
    made = select(func.count()).where(OneTimeLink.employee_id == employee_id, OneTimeLink.made_at > since)
    if actor.is_person and (db.session.scalar(made) or 0) >= LINKS_A_DAY:
        raise TooManyLinks


def link_owner(token: str, now: datetime) -> Employee:
    """Return whose link this is; raises DeadLink for a wrong, used, revoked or old one alike."""
    row = db.session.execute(_live_link(token, now)).first()
    if row is None:
        raise DeadLink
    owner: Employee = row.Employee
    return owner


def use_link(*, token: str, phrase: str, now: datetime) -> PersonRow:
    """Choose a pass phrase by a one-time link, which then is used up; ends the person's other sessions."""
    owner = link_owner(token, now)
    refuse_weak_phrase(phrase, owner)
    kept = hash_phrase(phrase)
    with transaction():
        row = db.session.execute(_live_link(token, now).with_for_update()).first()
        if row is None:
            raise DeadLink
        link, owner = row.OneTimeLink, row.Employee
        link.used_at = now
        owner.password_hash = kept
        _revoke_links(owner.id, now)
        _record_phrase(owner, link.purpose, end_all_sessions(employee_id=owner.id, now=now), None, now)
        email = owner.email
    found = person_by_email(email)
    assert found is not None
    return found


def change_pass_phrase(*, current: str, phrase: str, keep_token: str | None, actor: Actor, now: datetime) -> None:
    """Choose another pass phrase, knowing the current one; the person's other sessions end."""
    require(actor, "profile.write", owner_id=actor.id)
    owner = db.session.get(Employee, actor.id)
    assert owner is not None
    count_attempt(email=owner.email, address=actor.address, now=now)
    if not is_phrase(owner.password_hash, current):
        raise BadInput({"current": [_("This isn't your current pass phrase.")]})
    forgive(email=owner.email, address=actor.address)
    refuse_weak_phrase(phrase, owner)
    kept = hash_phrase(phrase)
    with transaction():
        owner.password_hash = kept
        _revoke_links(owner.id, now)
        ended = end_all_sessions(employee_id=owner.id, now=now, keep_token=keep_token)
        _record_phrase(owner, "change", ended, actor, now)


def set_pass_phrase(*, employee_id: int, phrase: str, actor: Actor, now: datetime) -> None:
    """Give somebody a pass phrase without a link; only commands may, e.g. for the demo company."""
    assert not actor.is_person, "a person sends a link and never chooses for somebody else"
    kept = hash_phrase(phrase)
    with transaction():
        owner = db.session.get(Employee, employee_id)
        if owner is None:
            raise NotFound
        owner.password_hash = kept
        _record_phrase(owner, "command", end_all_sessions(employee_id=employee_id, now=now), actor, now)


def refuse_weak_phrase(phrase: str, owner: Employee) -> None:
    """Raise BadInput for the field `phrase` when it is too weak for this person."""
    site = db.session.get(Site, owner.site_id)
    about = (owner.name, owner.email.split("@")[0], site.name if site else "")
    weakness = phrase_weakness(phrase, about)
    sentences = {
        "short": _(
            "Use at least %(count)d characters. A few words you can picture are easy to keep.", count=PASS_PHRASE_MIN
        ),
        "long": _("Use at most %(count)d characters.", count=PASS_PHRASE_MAX),
        "repeated": _("Use more different letters."),
        "common": _("This is easy to guess. Add words that have nothing to do with you or your work."),
    }
    if weakness:
        raise BadInput({"phrase": [sentences[weakness]]})
    settings: Settings = current_app.extensions["makegood_settings"]
    if settings.breached_hashes and is_breached(phrase, settings.breached_hashes):
        raise BadInput({"phrase": [_("This is known from a breach elsewhere. Choose other words.")]})


def make_token(*, name: str, actor: Actor, now: datetime, employee_id: int | None = None) -> tuple[str, ApiToken]:
    """Make an API token with its owner's permissions; returns it once. employee_id: for whom (default: the actor)."""
    owner_id = employee_id if employee_id is not None else actor.id
    require(actor, "tokens.write", owner_id=owner_id)
    name = " ".join(name.split())
    if not 2 <= len(name) <= 60:
        raise BadInput({"name": [_("Use 2 to 60 characters.")]})
    with transaction():
        owner = db.session.get(Employee, owner_id)
        if owner is None or not may_come_in(owner.id):
            raise NotFound
        live = db.session.scalar(
            select(func.count())
            .select_from(ApiToken)
            .where(ApiToken.employee_id == owner_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)
        )
        if (live or 0) >= TOKENS_MAX:
            raise BadInput({"name": [_("You have %(count)d tokens. Revoke one first.", count=TOKENS_MAX)]})
        secret = TOKEN_PREFIX + new_token()
        token = ApiToken(
            employee_id=owner.id, name=name, token_hash=hash_token(secret), made_at=now, expires_at=now + TOKEN_LASTS
        )
        db.session.add(token)
        db.session.flush()
        audit.record(
            TOKEN_MADE,
            subject=ref("token", token.id),
            actor=actor,
            at=now,
            site_id=owner.site_id,
            name=name,
            expires=iso(token.expires_at),
        )
    return secret, token


def revoke_token(*, token_id: int, actor: Actor, now: datetime) -> None:
    """End a token at once. A second time changes nothing."""
    with transaction():
        token = db.session.get(ApiToken, token_id)
        if token is None:
            raise NotFound
        require(actor, "tokens.write", owner_id=token.employee_id)
        if token.revoked_at is None:
            token.revoked_at = now
            audit.record(TOKEN_REVOKED, subject=ref("token", token.id), actor=actor, at=now, name=token.name)


def _live_link(token: str, now: datetime):  # type: ignore[no-untyped-def]
    return (
        select(OneTimeLink, Employee)
        .join(Employee, Employee.id == OneTimeLink.employee_id)
        .where(
            OneTimeLink.token_hash == hash_token(token),
            OneTimeLink.used_at.is_(None),
            OneTimeLink.revoked_at.is_(None),
            OneTimeLink.expires_at > now,
            Employee.deactivated_at.is_(None),
        )
    )


def _revoke_links(employee_id: int, now: datetime) -> None:
    db.session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.employee_id == employee_id, OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _record_phrase(owner: Employee, way: str, ended: int, actor: Actor | None, now: datetime) -> None:
    who = actor or Actor("person", ref("employee", owner.id), owner.id, owner.role, owner.site_id, owner.team_id)
    audit.record(
        PHRASE_CHOSEN,
        subject=ref("employee", owner.id),
        actor=who,
        at=now,
        site_id=owner.site_id,
        way=way,
        sessions_ended=ended,
    )
    if way != "invite" and who.is_person:
        hooks.tell_of_access("pass-phrase", owner.id, now)
