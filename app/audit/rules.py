"""What an entry hashes to, and how the chain links; pure functions over bytes."""

import hashlib
from typing import Any

import orjson

GENESIS = "0" * 64


class NotCanonical(ValueError):
    """An entry holds something whose canonical form is not certain: a float or a key outside ASCII."""


def canonical(value: Any) -> bytes:
    """Write JSON with sorted keys and no blanks: the same bytes as RFC 8785 for what entries may hold.

    Floats and keys outside ASCII are refused, since there the two differ. Worked value: {"b": 1, "a": "é"} gives {"a":"é","b":1}.
    """
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(f"key {key!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif not (value is None or isinstance(value, bool | int | str)):
        raise NotCanonical(f"{type(value).__name__} in an audit entry")


def content_hash(content: bytes) -> str:
    """Hash an entry's stored bytes (never a re-serialised row)."""
    return hashlib.sha256(b"\x00" + content).hexdigest()


def commitment(salt: bytes, payload: bytes) -> str:
    """Bind the readable payload without revealing it; salt: 32 random bytes. Emptying both leaves the entry whole."""
    return hashlib.sha256(salt + payload).hexdigest()


def chain_hash(previous: str, number: int, entry_id: int, content: str) -> str:
    """Link one seal to the one before. All hashes are 64 hexadecimal digits; the first link's previous is GENESIS."""
    return hashlib.sha256(f"{previous}:{number}:{entry_id}:{content}".encode()).hexdigest()


CLAUSE_LENGTH_MAX = 40


def clauses_in(value: Any, keys: frozenset[str] = frozenset({"clause"})) -> set[str]:
    """The clauses that a payload names, at whatever depth.

    Worked value: {"decision": {"windows": [{"clause": "4.2"}, {"clause": None}]}} gives {"4.2"}.
    """
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys and isinstance(inner, str):
                found |= {inner} if 1 <= len(inner) <= CLAUSE_LENGTH_MAX else set()
            else:
                found |= clauses_in(inner, keys)
    elif isinstance(value, list | tuple):
        for inner in value:
            found |= clauses_in(inner, keys)
    return found
