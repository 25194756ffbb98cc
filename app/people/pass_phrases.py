"""Hash and check pass phrases with argon2id; at most two at once, since each takes memory."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from app.kernel.gate import FairGate
from app.people.rules import PASS_PHRASE_MAX, normal_phrase
from config import Settings

_GATE = FairGate(2)


@lru_cache(maxsize=2)
def _hasher(is_fast: bool) -> PasswordHasher:
    if is_fast:
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP: argon2id, 19 MiB, 2, 1


@lru_cache(maxsize=2)
def _nobodys_hash(is_fast: bool) -> str:
    return _hasher(is_fast).hash("nobody has this pass phrase")


def _is_fast() -> bool:
    settings: Settings = current_app.extensions["makegood_settings"]
    return settings.argon2_fast


def hash_phrase(phrase: str) -> str:
    with _GATE.hold():
        return _hasher(_is_fast()).hash(normal_phrase(phrase))


def is_phrase(kept: str | None, phrase: str) -> bool:
    """Tell whether the phrase is the kept one; without a kept one it works as long and says no."""
    is_fast = _is_fast()
    with _GATE.hold():
        try:
            matches = _hasher(is_fast).verify(
                kept or _nobodys_hash(is_fast), normal_phrase(phrase[: PASS_PHRASE_MAX * 4])
            )
        except (VerificationError, InvalidHashError):
            return False
    return matches and kept is not None
