"""The sentences of the inbox: declared once by the room that writes them, said in the reader's language."""

from collections.abc import Mapping

SENTENCES: dict[str, object] = {}


def declare(key: str, sentence: object) -> str:
    """Declare a sentence (a lazy translation with %(name)s places) and return its key, e.g. "clock:soon"."""
    assert key not in SENTENCES, f"inbox sentence {key} is declared twice"
    SENTENCES[key] = sentence
    return key


def say(key: str, params: Mapping[str, object]) -> str:
    """Say a stored line; a value that is missing shows as a dash instead of failing the whole inbox."""
    return str(SENTENCES.get(key, key)) % _Places(params)


def is_local(url: str) -> bool:
    """A line leads only to a page of this product."""
    return url.startswith("/") and not url.startswith("//") and "\\" not in url


class _Places(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "–"
