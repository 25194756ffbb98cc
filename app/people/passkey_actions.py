"""Add, use and remove passkeys (WebAuthn). A challenge is kept here, taken once, and belongs to one browser."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import factor_actions as factors
from app.people import hooks, queries
from app.people import throttle_actions as throttle
from app.people.challenge_actions import Question, ask, take
from app.people.factor_queries import factor_of
from app.people.models import Employee, Passkey, RecoveryCode
from app.people.pass_phrases import is_phrase
from app.people.passkey_rules import (
    ANSWER_MAX,
    CHALLENGE_LASTS,
    NAME_MAX,
    PASSKEYS_MAX,
    QUESTIONS,
    Place,
    clean_name,
    is_cloned,
    why_refused,
)
from app.people.permissions import require
from app.people.rules import ADDRESS, hash_token
from app.people.session_actions import came_in_lately, end_all_sessions, renew_session

ADDED = audit.declare("person:passkey-add", "name", "sessions_ended", sentence=_l("added a passkey"))
REMOVED = audit.declare("person:passkey-remove", "name", "sessions_ended", sentence=_l("removed a passkey"))
REFUSED = audit.declare("session:passkey-refuse", "why", "reason", sentence=_l("showed a passkey that was refused"))

SITE_NAME = "Makegood"
Answer = TypeVar("Answer", RegistrationCredential, AuthenticationCredential)


class PasskeyRefused(Refusal):
    """`details["reason"]` names why, for the trail and for tests; the sentence tells a stranger nothing."""

    status = 422
    code = "passkey-refused"
    sentence = _l("This passkey couldn't be checked. Try again, or use another way.")


class PasskeyCopied(PasskeyRefused):
    sentence = _l("This passkey seems to have been copied, so it isn't taken. Use another way, then remove it.")


def offer_new(*, phrase: str, bound_to: str, place: Place, actor: Actor, now: datetime) -> str:
    """Put the question with which a browser makes a passkey; returns it as JSON.

    phrase: asked of who has no second factor yet; all others have proved theirs to the view. Raises BadInput.
    """
    require(actor, "profile.write", owner_id=actor.id)
    assert actor.id is not None
    owner = db.session.get_one(Employee, actor.id)
    owner_id, email, shown, kept = owner.id, owner.email, owner.name, owner.password_hash
    if factor_of(owner_id) is None:
        throttle.count_attempt(email=email, address=actor.address, now=now)
        if kept is None and not came_in_lately(owner_id, now):
            again = _("Sign in again with the company's account, then add it within ten minutes.")
            raise BadInput({"proof_own_phrase": [again]})
        if kept is not None and not is_phrase(kept, phrase):
            raise BadInput({"proof_own_phrase": [_("This isn't your current pass phrase.")]})
        throttle.forgive(email=email, address=actor.address)
    known = db.session.execute(
        select(Passkey.credential_id, Passkey.user_handle).where(Passkey.employee_id == owner_id)
    ).all()
    if len(known) >= PASSKEYS_MAX:
        raise BadInput({"proof_name": [_("You have %(count)d passkeys. Remove one first.", count=PASSKEYS_MAX)]})
    handle = known[0].user_handle if known else bytes_to_base64url(secrets.token_bytes(32))
    challenge = ask("register", bound_to, owner_id, handle, now)
    options = generate_registration_options(
        rp_id=place.rp_id,
        rp_name=SITE_NAME,
        user_name=email,
        user_display_name=shown,
        user_id=base64url_to_bytes(handle),
        challenge=challenge,
        timeout=int(CHALLENGE_LASTS.total_seconds() * 1_000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_named(row.credential_id) for row in known],
    )
    return options_to_json(options)


def add(
    *,
    name: str,
    answer: str,
    session_id: int,
    keep_token: str,
    bound_to: str,
    place: Place,
    actor: Actor,
    now: datetime,
) -> tuple[str, list[str]]:
    """Keep a passkey that a browser made; returns the session's new token, and recovery codes with the first factor.

    With the first factor the person's other sessions end. Raises BadInput, PasskeyRefused.
    """
    require(actor, "profile.write", owner_id=actor.id)
    assert actor.id is not None
    owner_id, name = actor.id, clean_name(name)
    if not 2 <= len(name) <= NAME_MAX:
        raise BadInput({"proof_name": [_("Use 2 to 60 characters.")]})
    made = _parsed(answer, parse_registration_credential_json)
    asked = take("register", made, bound_to, now) if made else None
    if made is None or asked is None or asked.employee_id != owner_id:
        _refuse("unreadable" if made is None else "challenge", "register", owner_id, actor, now)
    try:
        found = verify_registration_response(
            credential=made,
            expected_challenge=asked.challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, IndexError) as wrong:
        _refuse(why_refused(str(wrong)), "register", owner_id, actor, now)
    is_first = factor_of(owner_id) is None
    codes, rows = factors.new_codes(owner_id, now) if is_first else ([], [])
    row = _row(owner_id, name, made, found, asked, now)
    try:
        with transaction():
            db.session.add(row)
            db.session.flush()
            if is_first:
                factors.keep_codes(owner_id, rows)
            ended = end_all_sessions(employee_id=owner_id, now=now, keep_token=keep_token) if is_first else 0
            token = renew_session(session_id=session_id, now=now)
            subject = ref("employee", owner_id)
            audit.record(ADDED, subject=subject, actor=actor, at=now, name=name, sessions_ended=ended)
            hooks.tell_of_access("passkey-added", owner_id, now, name=name)
    except IntegrityError as twice:
        raise BadInput({"proof_name": [_("This device has a passkey here already.")]}) from twice
    return token, codes


def _row(
    owner_id: int, name: str, made: RegistrationCredential, found: VerifiedRegistration, asked: Question, now: datetime
) -> Passkey:
    return Passkey(
        employee_id=owner_id,
        name=name,
        credential_id=bytes_to_base64url(found.credential_id),
        public_key=bytes_to_base64url(found.credential_public_key),
        user_handle=asked.user_handle,
        sign_count=found.sign_count,
        transports=",".join(sorted(kind.value for kind in made.response.transports or ()))[:100],
        added_at=now,
        used_at=None,
    )


def offer(
    *, purpose: str, bound_to: str, place: Place, employee_id: int | None, address: str | None, now: datetime
) -> str:
    """Put the question that a passkey answers, as JSON. purpose: sign-in or step-up.

    employee_id: who alone may answer; None lets the device say who it is (a discoverable credential).
    Strangers get so many an hour from one address; raises TooManyAttempts.
    """
    if employee_id is None:
        throttle.count({hash_token(f"question|{address}"): QUESTIONS}, now)
    challenge = ask(purpose, bound_to, employee_id, None, now)
    allowed = None
    if employee_id is not None:
        ids = db.session.scalars(select(Passkey.credential_id).where(Passkey.employee_id == employee_id))
        allowed = [_named(one) for one in ids]
    options = generate_authentication_options(
        rp_id=place.rp_id,
        challenge=challenge,
        timeout=int(CHALLENGE_LASTS.total_seconds() * 1_000),
        allow_credentials=allowed,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def prove(
    *,
    answer: str,
    why: str,
    bound_to: str,
    place: Place,
    actor: Actor | None,
    address: str | None,
    request_id: str | None,
    now: datetime,
) -> int:
    """Check a passkey's answer and return whose it is: possession and its own PIN or finger, so two factors at once.

    why: sign-in or step-up. actor: who is signed in, or has given their pass phrase; None where the passkey alone says
    who it is. Raises TooManyAttempts (by address, so that nobody is locked out elsewhere) and PasskeyRefused.
    """
    key = hash_token(f"address|{address}")
    throttle.count({key: ADDRESS}, now)
    shown = _parsed(answer, parse_authentication_credential_json)
    kept = _owned(shown)
    if actor is None and kept is None:
        raise PasskeyRefused(reason="unknown")  # nobody whom an entry could be about
    if kept is not None and actor is None:
        owner = queries.person(kept.employee_id)
        assert owner is not None
        actor = owner.actor.through(request_id or "", address)
    assert actor is not None and actor.id is not None
    asked = take(why, shown, bound_to, now) if shown else None
    if shown is None or kept is None or kept.employee_id != actor.id:
        _refuse("unreadable" if shown is None else "stranger", why, actor.id, actor, now)
    if asked is None:
        _refuse("challenge", why, actor.id, actor, now)
    _check(shown, asked, kept, place, why, actor, now)
    throttle.take_back([key])
    return kept.employee_id


def step_up(*, session_id: int, answer: str, bound_to: str, place: Place, actor: Actor, now: datetime) -> str:
    """Prove it inside a session, which gets a new token; the token is returned."""
    prove(
        answer=answer,
        why="step-up",
        bound_to=bound_to,
        place=place,
        actor=actor,
        address=actor.address,
        request_id=actor.request_id,
        now=now,
    )
    with transaction():
        return renew_session(session_id=session_id, now=now)


def remove(*, passkey_id: int, keep_token: str, actor: Actor, now: datetime) -> None:
    """Take one of the own passkeys away; the person's other sessions end, and they are told.

    Raises NotFound for somebody else's, and LastFactor where the role must have one.
    """
    require(actor, "profile.write", owner_id=actor.id)
    assert actor.id is not None
    with transaction():
        row = db.session.get(Passkey, passkey_id)
        if row is None or row.employee_id != actor.id:
            raise NotFound
        name = row.name
        db.session.delete(row)
        db.session.flush()
        if factor_of(actor.id) is None:
            factors.refuse_last_factor(actor.id)
            db.session.execute(delete(RecoveryCode).where(RecoveryCode.employee_id == actor.id))
        ended = end_all_sessions(employee_id=actor.id, now=now, keep_token=keep_token)
        audit.record(REMOVED, subject=ref("employee", actor.id), actor=actor, at=now, name=name, sessions_ended=ended)
        hooks.tell_of_access("passkey-removed", actor.id, now, name=name)


def _named(credential_id: str) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential_id))


def _parsed(answer: str, parse: Callable[[str], Answer]) -> Answer | None:
    if len(answer) > ANSWER_MAX:
        return None
    try:
        return parse(answer)
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _owned(shown: AuthenticationCredential | None) -> Any:
    """Find the passkey that an answer names, of somebody who still works here."""
    if shown is None:
        return None
    return db.session.execute(
        select(Passkey.id, Passkey.employee_id, Passkey.public_key, Passkey.user_handle, Passkey.sign_count)
        .join(Employee, Employee.id == Passkey.employee_id)
        .where(Passkey.credential_id == bytes_to_base64url(shown.raw_id), Employee.deactivated_at.is_(None))
    ).first()


def _check(
    shown: AuthenticationCredential,
    asked: Question,
    kept: Any,
    place: Place,
    why: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Check everything that § 7.2 of Web Authentication asks for, then note that the passkey was used."""
    handle = shown.response.user_handle
    if asked.employee_id not in (None, kept.employee_id) or (
        bytes_to_base64url(handle) != kept.user_handle if handle else asked.employee_id is None
    ):
        _refuse("stranger", why, kept.employee_id, actor, now)
    try:
        found = verify_authentication_response(
            credential=shown,
            expected_challenge=asked.challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            credential_public_key=base64url_to_bytes(kept.public_key),
            credential_current_sign_count=0,  # the counter is compared below: only a signed one tells anything
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError, IndexError) as wrong:
        _refuse(why_refused(str(wrong)), why, kept.employee_id, actor, now)
    if is_cloned(kept.sign_count, found.new_sign_count):
        _refuse("counter", why, kept.employee_id, actor, now)
    with transaction():
        taken = db.session.execute(
            update(Passkey)
            .where(Passkey.id == kept.id, Passkey.sign_count == kept.sign_count)
            .values(sign_count=found.new_sign_count, used_at=now)
        )
        if taken.rowcount:  # type: ignore[attr-defined]
            subject = ref("employee", kept.employee_id)
            audit.record(factors.PROVED, subject=subject, actor=actor, at=now, way="passkey", why=why)
            return
    _refuse("counter", why, kept.employee_id, actor, now)  # used elsewhere at the same time


def _refuse(reason: str, why: str, employee_id: int, actor: Actor, now: datetime) -> NoReturn:
    """Write the refusal down; a copied passkey is told to its owner."""
    with transaction():
        audit.record(REFUSED, subject=ref("employee", employee_id), actor=actor, at=now, why=why, reason=reason)
        if reason == "counter":
            hooks.tell_of_access("passkey-copied", employee_id, now)
    raise (PasskeyCopied if reason == "counter" else PasskeyRefused)(reason=reason)
