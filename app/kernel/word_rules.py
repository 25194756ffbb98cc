"""How texts become the words that they are found by. Pure, the same before either database sees them."""

import re
import unicodedata

WORD_LENGTH_MAX = 40
WORDS_MAX = 8
# PostgreSQL refuses a text search vector above one mebibyte.
BODY_LENGTH_MAX = 200_000
_WORD = re.compile(rf"[^\W_]{{1,{WORD_LENGTH_MAX}}}")


def fold(body: str) -> str:
    """Reduce a text to plain lower-case words. Worked value: "Zoë’s step-free" gives "zoe s step free"."""
    plain = body[:BODY_LENGTH_MAX]
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain.casefold())
        plain = "".join(mark for mark in parts if not unicodedata.combining(mark))
    return " ".join(_WORD.findall(plain.lower()))


def words_of(term: str) -> list[str]:
    """Cut what somebody typed into its first WORDS_MAX words; quotes and operators fall away."""
    return fold(term[:500]).split()[:WORDS_MAX]
