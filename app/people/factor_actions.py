"""Add, prove and remove a second factor. A secret and recovery codes are shown once; each proof and failure is an entry."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.sealing import NotSealedHere, is_newest, seal, unseal
from app.kernel.time import iso, parse_instant
from app.kernel.transactions import transaction
from app.people import hooks
from app.people import throttle_actions as throttle
from app.people.factor_queries import factor_of
from app.people.factor_rules import (
    ENROLMENT_LASTS,
    MARK_CHARACTERS,
    RECOVERY_CODES,
    clean_code,
    code_throttle_keys,
    is_recovery_code,
    matching_step,
    new_recovery_code,
    new_secret,
    provisioning_uri,
)
from app.people.models import Employee, Passkey, RecoveryCode, SecondFactor
from app.people.pass_phrases import hash_phrase, is_phrase
from app.people.permissions import require
from app.people.session_actions import came_in_lately, end_all_sessions, renew_session
from config import Settings

FACTOR_ADDED = audit.declare("person:factor-add", "sessions_ended", sentence=_l("added a second factor"))
FACTOR_REMOVED = audit.declare("person:factor-remove", "sessions_ended", sentence=_l("removed a second factor"))
CODES_MADE = audit.declare("person:recovery-codes", "count", sentence=_l("made new recovery codes"))
PROVED = audit.declare("session:prove", "way", "why", sentence=_l("proved a second factor"))
PROOF_FAILED = audit.declare("session:prove-fail", "way", "why", sentence=_l("gave a wrong code"))

ISSUER = "Makegood"


class WrongCode(Refusal):
    status = 422
    code = "wrong-code"
    sentence = _l("This code isn't right. Type the one that the app shows now.")


class CodeUsed(Refusal):
    status = 422
    code = "code-used"
    sentence = _l("This code was used already. Wait for the next one.")


class FactorThere(Refusal):
    code = "factor-there"
    sentence = _l("You have a second factor already. Remove it first if you want another.")


class NoFactor(Refusal):
    code = "no-factor"
    sentence = _l("There is no second factor.")


class LastFactor(Refusal):
    code = "last-factor"
    sentence = _l("Your role must have a second factor, and this is your last one. Add another first.")


class FactorUnreadable(Refusal):
    """The secret was sealed under a key that is no longer configured."""

    code = "factor-unreadable"
    sentence = _l("Codes of your app can't be checked here any more. Use a recovery code, or ask your administrator.")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret on offer: kept nowhere until its first code is typed. `sealed` comes back with the form."""

    secret: str
    sealed: str
    uri: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved: `way` is code or recovery; codes_left counts the recovery codes that still work."""

    way: str
    codes_left: int


def offer_enrolment(*, employee_id: int, account: str, now: datetime, sealed: str | None = None) -> Enrolment:
    """Make a secret to enrol with, or show the one offered before again; writes nothing."""
    secret = _offered(sealed, employee_id, now) if sealed else None
    if secret is None:
        secret = new_secret()
        sealed = seal(f"{iso(now + ENROLMENT_LASTS)} {secret}", about=_about_offer(employee_id), secrets_=_secrets())
    assert sealed is not None
    return Enrolment(secret, sealed, provisioning_uri(secret, account=account, issuer=ISSUER))


def add_factor(
    *,
    sealed: str,
    code: str,
    phrase: str,
    session_id: int,
    keep_token: str,
    replaces: bool = False,
    actor: Actor,
    now: datetime,
) -> tuple[str, list[str]]:
    """Take the authenticator once its first code is right; returns the session's new token and the recovery codes.

    replaces: the one before, if any, goes. Codes are made with the first factor only, else there are none to return.
    The person's other sessions end. Raises BadInput, TooManyAttempts, FactorThere.
    """
    require(actor, "profile.write", owner_id=actor.id)
    owner = db.session.get(Employee, actor.id)
    assert owner is not None and actor.id is not None
    owner_id, email, kept = owner.id, owner.email, owner.password_hash
    throttle.count_attempt(email=email, address=actor.address, now=now)
    if kept is None and not came_in_lately(owner_id, now):
        raise BadInput({"proof_code": [_("Sign in again with the company's account, then add it within ten minutes.")]})
    if kept is not None and not is_phrase(kept, phrase):
        raise BadInput({"proof_phrase": [_("This isn't your current pass phrase.")]})
    throttle.forgive(email=email, address=actor.address)
    secret = _offered(sealed, owner_id, now)
    if secret is None:
        raise BadInput({"proof_code": [_("This took too long. Scan the new picture, then type its code.")]})
    step = matching_step(secret, clean_code(code), now)
    if step is None:
        raise BadInput({"proof_code": [str(WrongCode.sentence)]})
    is_first = factor_of(owner_id) is None
    codes, rows = new_codes(owner_id, now) if is_first else ([], [])
    about = _about(owner_id)
    try:
        with transaction():
            if replaces:
                db.session.execute(delete(SecondFactor).where(SecondFactor.employee_id == owner_id))
            db.session.add(
                SecondFactor(
                    employee_id=owner_id,
                    secret=seal(secret, about=about, secrets_=_secrets()),
                    last_step=step,
                    added_at=now,
                )
            )
            db.session.flush()
            if is_first:
                keep_codes(owner_id, rows)
            ended = end_all_sessions(employee_id=owner_id, now=now, keep_token=keep_token)
            token = renew_session(session_id=session_id, now=now)
            audit.record(FACTOR_ADDED, subject=ref("employee", owner_id), actor=actor, at=now, sessions_ended=ended)
            hooks.tell_of_access("factor-added", owner_id, now)
    except IntegrityError as twice:
        raise FactorThere from twice
    return token, codes


def prove(*, employee_id: int, code: str, why: str, actor: Actor, now: datetime) -> Proof:
    """Check a code of the authenticator, or a recovery code, and use it up.

    why: sign-in or step-up, for the trail. Raises TooManyAttempts before looking at anything, WrongCode, CodeUsed.
    """
    code = clean_code(code)
    way = "recovery" if is_recovery_code(code) else "code"
    keys = code_throttle_keys(employee_id, is_recovery=way == "recovery")
    tries_left = throttle.count(keys, now)
    try:
        left = (_use_recovery_code if way == "recovery" else _use_code)(employee_id, code, why, actor, now)
    except (WrongCode, CodeUsed):
        _record_failure(way, why, tries_left == 0, employee_id, actor, now)
        raise
    throttle.take_back(keys)
    return Proof(way, left)


def step_up(*, session_id: int, code: str, actor: Actor, now: datetime) -> tuple[str, Proof]:
    """Prove the second factor inside a session; it remembers when, and gets a new token, which is returned."""
    assert actor.id is not None
    proof = prove(employee_id=actor.id, code=code, why="step-up", actor=actor, now=now)
    with transaction():
        return renew_session(session_id=session_id, now=now), proof


def remove_factor(*, employee_id: int, keep_token: str | None = None, actor: Actor, now: datetime) -> None:
    """Take one's own authenticator away, or, as an administrator, everything that somebody proves themselves with.

    Recovery codes go with the last factor. The person's sessions end, but for the one that did it, and they are told.
    Raises LastFactor for one's own where the role must have one.
    """
    if actor.id == employee_id:
        require(actor, "profile.write", owner_id=actor.id)
    else:
        require(actor, "people.write")
    is_own = actor.id == employee_id
    with transaction():
        if db.session.get(Employee, employee_id) is None:
            raise NotFound
        gone = db.session.execute(delete(SecondFactor).where(SecondFactor.employee_id == employee_id))
        count = gone.rowcount  # type: ignore[attr-defined]
        if not is_own:
            keys = db.session.execute(delete(Passkey).where(Passkey.employee_id == employee_id))
            count += keys.rowcount  # type: ignore[attr-defined]
        if count == 0:
            raise NoFactor
        if factor_of(employee_id) is None:
            if is_own:
                refuse_last_factor(employee_id)
            db.session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == employee_id))
        ended = end_all_sessions(employee_id=employee_id, now=now, keep_token=keep_token)
        audit.record(FACTOR_REMOVED, subject=ref("employee", employee_id), actor=actor, at=now, sessions_ended=ended)
        hooks.tell_of_access("factor-removed", employee_id, now)


def refuse_last_factor(employee_id: int) -> None:
    """Raise LastFactor when the company asks this person's own role, not one taken for a while, for a second factor."""
    settings: Settings = current_app.extensions["makegood_settings"]
    if db.session.get_one(Employee, employee_id).role in settings.second_factor_roles:
        raise LastFactor


def make_codes(*, actor: Actor, now: datetime) -> list[str]:
    """Make new recovery codes; the ones before stop working."""
    require(actor, "profile.write", owner_id=actor.id)
    assert actor.id is not None
    codes, rows = new_codes(actor.id, now)
    with transaction():
        if factor_of(actor.id) is None:
            raise NoFactor
        keep_codes(actor.id, rows)
        audit.record(CODES_MADE, subject=ref("employee", actor.id), actor=actor, at=now, count=len(codes))
        hooks.tell_of_access("codes-made", actor.id, now)
    return codes


def _use_code(employee_id: int, code: str, why: str, actor: Actor, now: datetime) -> int:
    kept = db.session.execute(select(SecondFactor.secret).where(SecondFactor.employee_id == employee_id)).first()
    if kept is None:
        raise WrongCode
    about = _about(employee_id)
    try:
        secret = unseal(kept.secret, about=about, secrets_=_secrets())
    except NotSealedHere as lost:
        raise FactorUnreadable from lost
    step = matching_step(secret, code, now)
    if step is None:
        raise WrongCode
    is_current = is_newest(kept.secret, about=about, secrets_=_secrets())
    sealed = kept.secret if is_current else seal(secret, about=about, secrets_=_secrets())
    with transaction():
        taken = db.session.execute(
            update(SecondFactor)
            .where(SecondFactor.employee_id == employee_id, SecondFactor.last_step < step)
            .values(last_step=step, secret=sealed)
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            raise CodeUsed
        audit.record(PROVED, subject=ref("employee", employee_id), actor=actor, at=now, way="code", why=why)
        return _codes_left(employee_id)


def _use_recovery_code(employee_id: int, code: str, why: str, actor: Actor, now: datetime) -> int:
    live = (RecoveryCode.employee_id == employee_id) & RecoveryCode.used_at.is_(None)
    kept = db.session.execute(
        select(RecoveryCode.id, RecoveryCode.code_hash).where(live, RecoveryCode.mark == code[:MARK_CHARACTERS])
    ).first()
    db.session.rollback()  # no snapshot is held while the hash is computed
    if not is_phrase(kept.code_hash if kept else None, code):
        raise WrongCode
    assert kept is not None
    with transaction():
        taken = db.session.execute(update(RecoveryCode).where(live, RecoveryCode.id == kept.id).values(used_at=now))
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            raise CodeUsed
        audit.record(PROVED, subject=ref("employee", employee_id), actor=actor, at=now, way="recovery", why=why)
        left = _codes_left(employee_id)
        hooks.tell_of_access("code-used", employee_id, now, left=left)
        return left


def _record_failure(way: str, why: str, is_last_try: bool, employee_id: int, actor: Actor, now: datetime) -> None:
    """Write a wrong code down; whoever gives one has had the pass phrase, so the person is told when tries are used up."""
    with transaction():
        audit.record(PROOF_FAILED, subject=ref("employee", employee_id), actor=actor, at=now, way=way, why=why)
        if is_last_try:
            hooks.tell_of_access("codes-guessed", employee_id, now)


def _codes_left(employee_id: int) -> int:
    return (
        db.session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.employee_id == employee_id, RecoveryCode.used_at.is_(None))
        )
        or 0
    )


def new_codes(employee_id: int, now: datetime) -> tuple[list[str], list[RecoveryCode]]:
    """Make codes and their rows; hashing takes its time, so it is done before the transaction."""
    codes: list[str] = []
    while len(codes) < RECOVERY_CODES:
        code = new_recovery_code()
        if all(code[:MARK_CHARACTERS] != other[:MARK_CHARACTERS] for other in codes):
            codes.append(code)
    rows = [
        RecoveryCode(
            employee_id=employee_id, mark=code[:MARK_CHARACTERS], code_hash=hash_phrase(clean_code(code)), made_at=now
        )
        for code in codes
    ]
    return codes, rows


def keep_codes(employee_id: int, rows: list[RecoveryCode]) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == employee_id))
    db.session.add_all(rows)


def _offered(sealed: str | None, employee_id: int, now: datetime) -> str | None:
    """Return the secret that was offered, or None when it is too old or was offered to somebody else."""
    try:
        until, _sep, secret = unseal(sealed or "", about=_about_offer(employee_id), secrets_=_secrets()).partition(" ")
    except NotSealedHere:
        return None
    return secret if now < parse_instant(until) else None


def _about(employee_id: int) -> str:
    return f"second_factor.secret|{ref('employee', employee_id)}"


def _about_offer(employee_id: int) -> str:
    return f"second factor on offer|{ref('employee', employee_id)}"


def _secrets() -> tuple[str, ...]:
    settings: Settings = current_app.extensions["makegood_settings"]
    return settings.secrets
