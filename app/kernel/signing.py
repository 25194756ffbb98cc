"""Signed tokens for links: whole numbers for one purpose and one audience, readable with the newest key and the ones before. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

TOKEN_MAX = 200

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key and the short name by which a token says which key signed it."""

    name: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one audience (the address under which the product is reached) with the newest key, and reads all of them."""

    audience: str
    keys: tuple[Key, ...]

    def token(self, purpose: str, *numbers: int) -> str:
        """Sign whole numbers for one purpose; a token of one purpose is nothing for another."""
        key = self.keys[0]
        return ".".join((key.name, *map(str, numbers), _mac(key.secret, purpose, self.audience, numbers)))

    def read(self, purpose: str, token: str) -> tuple[int, ...] | None:
        """Return the numbers of a token of this purpose and audience, or None for anything else."""
        if len(token) > TOKEN_MAX or not token.isascii():
            return None
        name, *texts = token.split(".")
        if len(texts) < 2 or not all(_NUMBER.fullmatch(text) for text in texts[:-1]):
            return None
        numbers = tuple(int(text) for text in texts[:-1])
        for key in self.keys:
            if key.name == name and hmac.compare_digest(_mac(key.secret, purpose, self.audience, numbers), texts[-1]):
                return numbers
        return None


def signer(audience: str, secrets: Iterable[str]) -> Signer:
    """Make a signer; the first secret signs, the others are what was used before."""
    return Signer(audience, tuple(_key(secret) for secret in secrets))


def _key(secret: str) -> Key:
    derived = hmac.new(secret.encode(), b"makegood links 1", hashlib.sha256).digest()
    return Key(hashlib.sha256(derived).hexdigest()[:6], derived)


def _mac(secret: bytes, purpose: str, audience: str, numbers: tuple[int, ...]) -> str:
    signed = "\n".join((purpose, audience, *map(str, numbers))).encode()
    return base64.urlsafe_b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).rstrip(b"=").decode()
