"""Decisions about people and their secrets. Pure."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_WORDS = re.compile(r"[^\W_]+")

PASS_PHRASE_MIN = 15
PASS_PHRASE_MAX = 128
INVITE_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(minutes=60)
TOKEN_LASTS = timedelta(days=365)


def new_token() -> str:
    """Make a secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Hash a random secret for keeping. One round is enough, since 256 random bits can't be guessed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def clean_email(email: str) -> str:
    return email.strip().lower()


def makes_a_circle(person_id: int, manager_id: int | None, managers: Mapping[int, int | None]) -> bool:
    """Tell whether a manager line would lead back to the person. managers: everyone's manager, by id."""
    seen = {person_id}
    step = manager_id
    while step is not None:
        if step in seen:
            return True
        seen.add(step)
        step = managers.get(step)
    return False


def is_session_over(
    *, seen_at: datetime, expires_at: datetime, ended_at: datetime | None, idle_minutes: int, now: datetime
) -> bool:
    """Tell whether a session has ended: signed out, too long idle, or too old. At the very limit it has."""
    return ended_at is not None or now >= expires_at or now >= seen_at + timedelta(minutes=idle_minutes)


_COMMON = (
    "password",
    "passphrase",
    "passwort",
    "letmein",
    "welcome",
    "iloveyou",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwerty",
    "qwertz",
    "admin",
    "secret",
    "sunshine",
    "monkey",
    "dragon",
    "football",
    "correcthorsebatterystaple",
    "thequickbrownfoxjumpsoverthelazydog",
    "loremipsumdolorsitamet",
    "1234567890",
    "0123456789",
    "12345678",
    "abcdefghijklmnopqrstuvwxyz",
    "abcdefgh",
    "makegood",
)
_OWN_PART_MIN = 8  # characters that must remain once common and personal words are taken out


def normal_phrase(phrase: str) -> str:
    """Give a pass phrase one form, however a keyboard composed its letters."""
    return unicodedata.normalize("NFKC", phrase)


def phrase_weakness(phrase: str, about: Iterable[str] = ()) -> str | None:
    """Name what is wrong with a pass phrase: short, long, repeated, common; None when it is good enough.

    about: words of this person and place (name, e-mail address, site); a phrase made of them counts as common.
    """
    phrase = normal_phrase(phrase)
    if len(phrase) < PASS_PHRASE_MIN:
        return "short"
    if len(phrase) > PASS_PHRASE_MAX:
        return "long"
    left = "".join(letter for letter in phrase.casefold() if letter.isalnum()) or phrase
    if len(set(left)) < 6:
        return "repeated"
    words = {part for text in about for part in _WORDS.findall(text.casefold()) if len(part) >= 3}
    for word in sorted(words | set(_COMMON), key=len, reverse=True):
        left = left.replace(word, "")
    return "common" if len(left) < _OWN_PART_MIN or len(set(left)) < 5 else None


@dataclass(frozen=True, slots=True)
class Throttle:
    """How many failures one key may have within the window."""

    failures_max: int
    window: timedelta


ACCOUNT_HERE = Throttle(5, timedelta(minutes=15))  # one account from one address: a stranger elsewhere locks nobody out
ADDRESS = Throttle(60, timedelta(minutes=15))  # one address, whatever the account: an office may share one
# One account from everywhere, but for the browsers that its owner signed in from: they get in while others are guessing.
# Source: NIST SP 800-63B-4 § 3.2.2, at most 100 failures in a row.
ACCOUNT_ANYWHERE = Throttle(100, timedelta(days=1))


def throttle_keys(email: str, address: str | None, browser: str | None = None) -> dict[str, Throttle]:
    """Return the throttles of one attempt, by key; keys are hashed, so that the table tells no address.

    browser: one that the account's owner signed in from. It is counted alone: whoever guesses at the next desk, from the
    same address, doesn't lock it out.
    """
    if browser is not None:
        return {hash_token(f"browser|{clean_email(email)}|{browser}"): ACCOUNT_HERE}
    return {
        hash_token(f"account|{clean_email(email)}|{address}"): ACCOUNT_HERE,
        hash_token(f"address|{address}"): ADDRESS,
    }


def anywhere_key(email: str) -> str:
    return hash_token(f"anywhere|{clean_email(email)}")
