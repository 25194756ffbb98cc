"""Keyset paging: a page starts after the last row seen, so depth costs nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

Row = TypeVar("Row")

SIZE_DEFAULT = 50
SIZE_MAX = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What to read: `size` rows after the key `after` (None: from the start)."""

    size: int = SIZE_DEFAULT
    after: tuple[object, ...] | None = None

    def __post_init__(self) -> None:
        assert 1 <= self.size <= SIZE_MAX

    @classmethod
    def of(cls, cursor: str | None, size: int = SIZE_DEFAULT) -> "Page":
        """Read a cursor from a URL; a malformed one starts from the beginning."""
        return cls(size=min(max(size, 1), SIZE_MAX), after=decode_cursor(cursor))


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows and the cursor of the next one, or None at the end."""

    rows: tuple[Row, ...]
    next_cursor: str | None


def slice_of(rows: Sequence[Row], page: Page, key: Callable[[Row], tuple[object, ...]]) -> "Slice[Row]":
    """Cut `page.size + 1` fetched rows into a page; `key` gives the sort key of a row (strings and integers)."""
    shown = tuple(rows[: page.size])
    more = len(rows) > page.size
    return Slice(shown, encode_cursor(key(shown[-1])) if more and shown else None)


def encode_cursor(key: tuple[object, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode_cursor(text: str | None) -> tuple[object, ...] | None:
    if not text or len(text) > 500:
        return None
    try:
        value = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    return tuple(value) if isinstance(value, list) and value else None
