"""Signatures over a timestamp and a body, as Stripe writes them; ours have the same form.

Source: docs.stripe.com/webhooks (verify webhook signatures manually): "t=…,v1=…", HMAC-SHA256 over "timestamp.body".
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The message isn't from who shares the secret, or it is too old or from the future."""


def sign(secret: str, body: bytes, now: datetime) -> str:
    """Sign a body: "t=1700000000,v1=hex"."""
    at = int(now.timestamp())
    return f"t={at},v1={_digest(secret, at, body)}"


def verify(header: str, secrets: Sequence[str], body: bytes, now: datetime, tolerance: int = TOLERANCE_SECONDS) -> None:
    """Raise BadSignature unless one of the signatures was made with one of the secrets within `tolerance` seconds.

    Several secrets let one be replaced while messages are under way.
    """
    pairs = [part.split("=", 1) for part in header.split(",") if "=" in part]
    times = [value for name, value in pairs if name.strip() == "t"]
    given = [value for name, value in pairs if name.strip() == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or len(times[0]) > 12 or not given:
        raise BadSignature("malformed")
    at = int(times[0])
    wanted = [_digest(secret, at, body) for secret in secrets if secret]
    # Every pair is compared, so that the time it takes tells nothing.
    fits = sum(hmac.compare_digest(one.encode(), two.encode()) for one in wanted for two in given)
    if not fits:
        raise BadSignature("no signature fits")
    if abs(now.timestamp() - at) > tolerance:
        raise BadSignature("too old")


def _digest(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
