"""Which entries of the trail say words about somebody, and how a text is freed of a name. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

ERASED = "[erased]"
# Keys whose value is a person's name, contact or free words, whatever they say.
_WORDS = frozenset(
    {
        "name", "email", "phone", "summary", "note", "text", "what", "told_to", "description", "desired_outcome", "wishes",
        "resolution_note", "address", "comment", "action", "message", "contact", "recipient",
    }
)  # fmt: skip
# Keys that hold free words in some entries and a code in others: words when there is more than one, or an address.
_PERHAPS = frozenset({"reason", "before", "after", "facts", "customer", "person", "cause", "said", "answers"})
_CODE = re.compile(r"[\w.:+-]*", re.ASCII)


def says_words(payload: Mapping[str, Any], *, by_customer: bool) -> bool:
    """Tell whether an entry about somebody's case says words that have to go with them. Amounts, codes and dates stay.

    by_customer: they did it themselves, so its network address is theirs.
    """
    if by_customer and payload.get("_address"):
        return True
    return any(_has_words(key, value) for key, value in payload.items() if not key.startswith("_"))


def _has_words(key: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(
            _has_words(inner, one) if inner in _WORDS | _PERHAPS else _has_words(key, one)
            for inner, one in value.items()
        )
    if isinstance(value, list):
        return any(_has_words(key, one) for one in value)
    if not isinstance(value, str) or not value:
        return False
    return key in _WORDS or (key in _PERHAPS and not _CODE.fullmatch(value))


def without(text: str, tokens: Sequence[str]) -> str:
    """Put ERASED in place of every token that stands by itself, whatever its case.

    Worked values: ("for ANN LEE.", ["Ann Lee"]) gives "for [erased]."; "Joann Lee" stays, being somebody else.
    """
    for token in sorted(tokens, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(token)}(?!\w)", ERASED, text, flags=re.IGNORECASE)
    return text


def sure_part(token: str) -> str:
    """Return the longest part of a token that every database folds alike, in small letters: SQLite knows only ASCII.

    Worked value: "Zoë Marchetti" gives " marchetti".
    """
    return max(re.findall(r"[\x00-\x7f]*", token), key=len).lower()


def blanked(value: Any) -> Any:
    """Put ERASED in place of every free word inside a JSON value; codes, numbers and references stay."""
    if isinstance(value, Mapping):
        return {
            key: blanked(one) if key not in _WORDS or not isinstance(one, str) or not one else ERASED
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [blanked(one) for one in value]
    return ERASED if isinstance(value, str) and not _CODE.fullmatch(value) and not _INSTANT.fullmatch(value) else value


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T0-9:.Z+ -]*")
