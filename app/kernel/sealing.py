"""Sealed fields and signed texts. The keys come from the configuration, never from the database.

Every purpose has keys of its own (HKDF-SHA256 of each secret). The newest secret seals and signs; older ones still open
and verify, so that a secret can be changed without losing what was sealed under it.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_SIGNED_CHARACTERS_MAX = 1_000


class NotSealedHere(Exception):
    """No key that is configured opens this, or it was sealed for something else, or it was changed."""


class NotSignedHere(Exception):
    """The text was changed, was signed for another purpose or by an unknown key."""


def seal(text: str, *, about: str, secrets_: Sequence[str]) -> str:
    """Encrypt a text with AES-256-GCM: key id ‖ nonce ‖ ciphertext, in base64.

    about: what it belongs to, e.g. "second_factor.secret|EM-5"; a value moved to another row or column doesn't open.
    """
    key = _keys(secrets_, "seal")[0]
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), about.encode())
    return base64.b64encode(_key_id(key) + nonce + sealed).decode()


def unseal(sealed: str, *, about: str, secrets_: Sequence[str]) -> str:
    """Decrypt what `seal` made; raises NotSealedHere."""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except ValueError as mistake:
        raise NotSealedHere from mistake
    if base64.b64encode(raw).decode() != sealed:  # more than one spelling
        raise NotSealedHere
    key_id, nonce, body = raw[:1], raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
    for key in _keys(secrets_, "seal"):
        if _key_id(key) == key_id:
            try:
                return AESGCM(key).decrypt(nonce, body, about.encode()).decode()
            except (InvalidTag, ValueError):
                continue
    raise NotSealedHere


def is_newest(sealed: str, secrets_: Sequence[str]) -> bool:
    """Tell whether a text is sealed under the key that seals now."""
    return base64.b64decode(sealed)[:1] == _key_id(_keys(secrets_, "seal")[0])


def sign(purpose: str, audience: str, said: Mapping[str, Any], *, expires_at: datetime, secrets_: Sequence[str]) -> str:
    """Sign what is said for one purpose and one audience until an instant: HMAC-SHA-256, fit for an address."""
    key = _keys(secrets_, "sign")[0]
    payload = {"p": purpose, "a": audience, "x": int(expires_at.timestamp()), "k": _key_id(key).hex(), "s": dict(said)}
    body = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return f"{_encoded(body)}.{_encoded(hmac.digest(key, body, hashlib.sha256))}"


class Signed(tuple[str, Mapping[str, Any], int]):
    """(audience, what is said, second at which it expires)."""

    __slots__ = ()

    @property
    def audience(self) -> str:
        return self[0]

    @property
    def said(self) -> Mapping[str, Any]:
        return self[1]

    def is_over(self, now: datetime) -> bool:
        return now.timestamp() >= self[2]


def verify(token: str, purpose: str, *, secrets_: Sequence[str]) -> Signed:
    """Return what was signed for this purpose, also when its time is over; raises NotSignedHere."""
    body_text, dot, mac_text = token.partition(".")
    if not dot or len(token) > _SIGNED_CHARACTERS_MAX:
        raise NotSignedHere
    try:
        body, mac = _decoded(body_text), _decoded(mac_text)
    except ValueError as mistake:
        raise NotSignedHere from mistake
    if not any(hmac.compare_digest(hmac.digest(key, body, hashlib.sha256), mac) for key in _keys(secrets_, "sign")):
        raise NotSignedHere
    payload = orjson.loads(body)
    if payload["p"] != purpose:
        raise NotSignedHere
    return Signed((payload["a"], payload["s"], payload["x"]))


def _keys(secrets_: Sequence[str], purpose: str) -> list[bytes]:
    """Derive one key of 256 bits from each secret, newest first."""
    return [
        HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"makegood {purpose}".encode()).derive(
            secret.encode()
        )
        for secret in secrets_
    ]


def _key_id(key: bytes) -> bytes:
    """Name a key by one byte that tells nothing about it."""
    return hashlib.sha256(b"key id" + key).digest()[:1]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _encoded(raw) != text:
        raise ValueError("more than one spelling")
    return raw
