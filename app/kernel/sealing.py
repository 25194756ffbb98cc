"""Sealed fields. The keys come from the configuration, never from the database.

Every purpose has keys of its own (HKDF-SHA256 of each secret). The newest secret seals and signs; older ones still open
and verify, so that a secret can be changed without losing what was sealed under it.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class NotSealedHere(Exception):
    """No key that is configured opens this, or it was sealed for something else, or it was changed."""


def seal(text: str, *, about: str, secrets_: Sequence[str]) -> str:
    """Encrypt a text with AES-256-GCM: key id ‖ nonce ‖ ciphertext, in base64.

    about: what it belongs to, e.g. "second_factor.secret|EM-5"; a value moved to another row or column doesn't open.
    """
    key = keys_for("seal", secrets_)[0]
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), about.encode())
    return base64.b64encode(key_id(key) + nonce + sealed).decode()


def unseal(sealed: str, *, about: str, secrets_: Sequence[str]) -> str:
    """Decrypt what `seal` made; raises NotSealedHere."""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except ValueError as mistake:
        raise NotSealedHere from mistake
    if base64.b64encode(raw).decode() != sealed:  # more than one spelling
        raise NotSealedHere
    named, nonce, body = raw[:1], raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
    for key in keys_for("seal", secrets_):
        if key_id(key) == named:
            try:
                return AESGCM(key).decrypt(nonce, body, about.encode()).decode()
            except (InvalidTag, ValueError):
                continue
    raise NotSealedHere


def is_newest(sealed: str, *, about: str, secrets_: Sequence[str]) -> bool:
    """Tell whether a text is sealed under the key that seals now; its name of one byte may be another's, so it is opened."""
    try:
        unseal(sealed, about=about, secrets_=secrets_[:1])
    except NotSealedHere:
        return False
    return True


def keys_for(purpose: str, secrets_: Sequence[str]) -> list[bytes]:
    """Derive one key of 256 bits from each secret, newest first."""
    return [
        HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"makegood {purpose}".encode()).derive(
            secret.encode()
        )
        for secret in secrets_
    ]


def key_id(key: bytes) -> bytes:
    """Name a key by one byte that tells nothing about it; one of 256 others has the same name."""
    return hashlib.sha256(b"key id" + key).digest()[:1]
