"""Questions that only a passkey can answer: each is put to one browser, is good once, and for five minutes."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticationCredential, RegistrationCredential

from app.kernel.database import db
from app.kernel.transactions import transaction
from app.people.models import PasskeyChallenge
from app.people.passkey_rules import CHALLENGE_BYTES, CHALLENGE_LASTS
from app.people.rules import hash_token


@dataclass(frozen=True, slots=True)
class Question:
    challenge: bytes
    employee_id: int | None
    user_handle: str | None


def ask(purpose: str, bound_to: str, employee_id: int | None, handle: str | None, now: datetime) -> bytes:
    """Keep a new challenge by its hash; those that are over go with it, so that the table stays small."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    with transaction():
        db.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))
        db.session.add(
            PasskeyChallenge(
                challenge_hash=hash_token(bytes_to_base64url(challenge)),
                purpose=purpose,
                bound_to=hash_token(bound_to),
                employee_id=employee_id,
                user_handle=handle,
                expires_at=now + CHALLENGE_LASTS,
            )
        )
    return challenge


def take(
    purpose: str, shown: RegistrationCredential | AuthenticationCredential, bound_to: str, now: datetime
) -> Question | None:
    """Use up the question that an answer belongs to; None when it was never put to this browser, or is over."""
    try:
        challenge = parse_client_data_json(shown.response.client_data_json).challenge
    except (WebAuthnException, ValueError, TypeError, KeyError):
        return None
    with transaction():
        row = db.session.execute(
            delete(PasskeyChallenge)
            .where(
                PasskeyChallenge.challenge_hash == hash_token(bytes_to_base64url(challenge)),
                PasskeyChallenge.purpose == purpose,
                PasskeyChallenge.bound_to == hash_token(bound_to),
            )
            .returning(PasskeyChallenge.employee_id, PasskeyChallenge.user_handle, PasskeyChallenge.expires_at)
        ).first()
    if row is None or row.expires_at <= now:
        return None
    return Question(challenge, row.employee_id, row.user_handle)
