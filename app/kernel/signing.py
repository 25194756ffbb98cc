"""Signed texts for links and forms: for one purpose, readable with the newest secret and the ones before. Pure.

The payload says its purpose and audience, so that a text signed for one thing is nothing for another.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.kernel.sealing import key_id, keys_for

_CHARACTERS_MAX = 1_000


class NotSignedHere(Exception):
    """The text was changed, was signed for another purpose or by an unknown key."""


def sign(
    purpose: str, audience: str, said: Mapping[str, Any], *, expires_at: datetime | None, secrets_: Sequence[str]
) -> str:
    """Sign what is said for one purpose and one audience, until an instant or for good: HMAC-SHA-256, fit for an address."""
    key = keys_for("sign", secrets_)[0]
    until = int(expires_at.timestamp()) if expires_at else None
    payload = {"p": purpose, "a": audience, "x": until, "k": key_id(key).hex(), "s": dict(said)}
    body = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return f"{_encoded(body)}.{_encoded(hmac.digest(key, body, hashlib.sha256))}"


class Signed(tuple[str, Mapping[str, Any], int | None]):
    """(audience, what is said, second at which it expires)."""

    __slots__ = ()

    @property
    def audience(self) -> str:
        return self[0]

    @property
    def said(self) -> Mapping[str, Any]:
        return self[1]

    def is_over(self, now: datetime) -> bool:
        return self[2] is not None and now.timestamp() >= self[2]


def verify(token: str, purpose: str, *, secrets_: Sequence[str]) -> Signed:
    """Return what was signed for this purpose, also when its time is over; raises NotSignedHere."""
    body_text, dot, mac_text = token.partition(".")
    if not dot or len(token) > _CHARACTERS_MAX:
        raise NotSignedHere
    try:
        body, mac = _decoded(body_text), _decoded(mac_text)
    except ValueError as mistake:
        raise NotSignedHere from mistake
    if not any(hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), mac) for key in keys_for("sign", secrets_)):
        raise NotSignedHere
    payload = orjson.loads(body)
    if payload["p"] != purpose:
        raise NotSignedHere
    return Signed((payload["a"], payload["s"], payload["x"]))


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs whole numbers for one audience, the address under which the product is reached. The first secret signs."""

    audience: str
    secrets: tuple[str, ...]

    def token(self, purpose: str, *numbers: int) -> str:
        """Sign numbers for good; what they stand for says when it is over."""
        return sign(purpose, self.audience, {"n": numbers}, expires_at=None, secrets_=self.secrets)

    def read(self, purpose: str, token: str) -> tuple[int, ...] | None:
        """Return the numbers of a token of this purpose and audience, or None for anything else."""
        try:
            found = verify(token, purpose, secrets_=self.secrets)
        except NotSignedHere:
            return None
        return tuple(found.said["n"]) if found.audience == self.audience else None


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encoded(raw) != text:
        raise ValueError("more than one spelling")
    return raw
