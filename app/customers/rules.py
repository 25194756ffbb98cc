"""How names, e-mail addresses and telephone numbers are compared. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from app.kernel.word_rules import fold, words_of

NAME_MAX = 120
EMAIL_MAX = 254
PHONE_MAX = 30
# From so many letters on a word is found by its beginning; beyond so many it is only compared.
BEGINNING_MIN, BEGINNING_MAX = 3, 8
DIGITS_MIN = 5


def name_key(name: str) -> str:
    """Fold a name to what typing is compared with. Worked value: "  Zoë  O'Neil " gives "zoe o'neil"."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(mark for mark in folded if not unicodedata.combining(mark))
    return " ".join(plain.split())[:160]


def email_key(email: str | None) -> str | None:
    """Fold an e-mail address; None for a blank one."""
    cleaned = (email or "").strip().casefold()
    return cleaned or None


def phone_key(phone: str | None) -> str | None:
    """Keep the digits and a leading plus; None when there are none. Worked value: "+44 (0)20 7946" gives "+440207946"."""
    cleaned = re.sub(r"[^0-9+]", "", (phone or "").strip())
    cleaned = cleaned[:1] + cleaned[1:].replace("+", "")
    return cleaned if any(mark.isdigit() for mark in cleaned) else None


def is_email(text: str) -> bool:
    """Tell an address from a name, loosely: enough to know what somebody is typing."""
    return bool(re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", text.strip()))


def search_parts(name: str, email: str | None, phone: str | None) -> frozenset[str]:
    """Return what a customer is found by while typing: of each word of name and address the beginnings from three letters
    (a shorter word whole), and every five digits in a row of the telephone number.

    Worked value: ("Li Cleo", None, "+123456") gives w:li, w:cle, w:cleo, d:12345 and d:23456.
    """
    parts: set[str] = set()
    for word in fold(f"{name} {email or ''}").split():
        parts.update(f"w:{word[:length]}" for length in range(BEGINNING_MIN, min(len(word), BEGINNING_MAX) + 1))
        if len(word) < BEGINNING_MIN:
            parts.add(f"w:{word}")
    return frozenset(parts) | _grams(_digits(phone))


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody types: `words` begin words of a name or address, `digits` stand in a telephone number; either may be it."""

    words: tuple[str, ...] = ()
    digits: str = ""

    @property
    def wanted(self) -> tuple[frozenset[str], ...]:
        """The parts, as `search_parts` gives them, of which a customer must have all of one set. Empty: too little was typed."""
        long = [word for word in self.words if len(word) >= BEGINNING_MIN]
        named = frozenset(f"w:{word[:BEGINNING_MAX]}" for word in (long or self.words))
        return tuple(found for found in (named, _grams(self.digits)) if found)

    @property
    def is_whole(self) -> bool:
        """Whether having all those parts is all that is asked, so that few need to be opened."""
        return not self.digits and all(BEGINNING_MIN <= len(word) <= BEGINNING_MAX for word in self.words)

    def means(self, name: str, email: str | None, phone: str | None) -> bool:
        """Tell whether a customer is one of those: every word begins one of theirs, or the number holds the digits."""
        if len(self.digits) >= DIGITS_MIN and self.digits in _digits(phone):
            return True
        theirs = fold(f"{name} {email or ''}").split()
        if not any(len(word) >= BEGINNING_MIN for word in self.words):
            return bool(self.words) and set(self.words) <= set(theirs)
        return all(any(word.startswith(begun) for word in theirs) for begun in self.words)


def typed(term: str) -> Typed:
    """Read what somebody types into a search field; only digits and what stands between them may be a telephone number."""
    digits = (phone_key(term) or "").lstrip("+0") if not any(mark.isalpha() or mark == "@" for mark in term) else ""
    return Typed(tuple(words_of(term)), digits)


def _digits(phone: str | None) -> str:
    return (phone or "").lstrip("+")


def _grams(digits: str) -> frozenset[str]:
    return frozenset(f"d:{digits[start : start + DIGITS_MIN]}" for start in range(len(digits) - DIGITS_MIN + 1))


def typed_parts(typed: str) -> tuple[str, str | None]:
    """Tell name and e-mail address apart in what somebody typed into one field.

    Worked values: "Cleo Marchetti <cleo@example.org>" gives ("Cleo Marchetti", "cleo@example.org"); an address alone
    gives its part before the @ as the name.
    """
    words = typed.replace("<", " ").replace(">", " ").replace(",", " ").split()
    address = next((word for word in words if is_email(word)), None)
    name = " ".join(word for word in words if word != address)
    if address and not name:
        name = address.split("@")[0]
    return name, email_key(address)
