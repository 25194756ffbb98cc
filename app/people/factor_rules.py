"""Decisions about second factors: which code counts, what recovery codes look like, how often somebody may try. Pure."""

import hmac
import re
import secrets
from datetime import datetime, timedelta

import pyotp

from app.people.rules import Throttle, hash_token

STEP_SECONDS = 30
# The code of the step before counts as well: whoever reads it in its last seconds has still to type it.
STEPS_BACK = 1
STEP_UP_LASTS = timedelta(minutes=5)
HALF_SIGNED_IN_LASTS = timedelta(minutes=5)
ENROLMENT_LASTS = timedelta(minutes=15)

RECOVERY_CODES = 10
MARK_CHARACTERS = 4
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32 signs, without those that look alike on paper
_CODE = re.compile(r"\d{6}", re.ASCII)


def new_secret() -> str:
    """Make an authenticator's secret: 160 random bits in base32, as RFC 4226 recommends."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(now: datetime) -> int:
    """The 30-second step of an instant (RFC 6238)."""
    return int(now.timestamp()) // STEP_SECONDS


def clean_code(typed: str) -> str:
    """Take out what people put between the signs."""
    return re.sub(r"[\s\-·.]", "", typed).upper()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step whose code this is, the newest first; None for a wrong code.

    Source: RFC 6238 appendix B, cut to six digits. Worked value: the secret of 20 bytes "12345678901234567890" shows
    287082 at 59 s.
    """
    if not _CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(step_of(now) - STEPS_BACK, step_of(now) + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def new_recovery_code() -> str:
    """Make a code of 80 random bits, in four groups that can be read out."""
    signs = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(signs[start : start + 4] for start in range(0, 16, 4))


def is_recovery_code(code: str) -> bool:
    return len(code) == 16 and all(sign in _ALPHABET for sign in code)


# Source: reliability G16 (Warehouse's own numbers), since six digits can be guessed where tries are free.
CODE_THROTTLES = (
    Throttle(5, timedelta(minutes=5)),
    Throttle(20, timedelta(hours=1)),
    Throttle(50, timedelta(days=1)),
)
# Counted apart, so that somebody who knows only the pass phrase can't also use up the way back in.
RECOVERY_THROTTLE = Throttle(10, timedelta(hours=1))


def code_throttle_keys(employee_id: int, *, is_recovery: bool) -> dict[str, Throttle]:
    """Return the throttles of one try, by key; they hold wherever the tries come from."""
    if is_recovery:
        return {hash_token(f"recovery|{employee_id}"): RECOVERY_THROTTLE}
    return {hash_token(f"code|{employee_id}|{place}"): one for place, one in enumerate(CODE_THROTTLES)}
