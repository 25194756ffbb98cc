"""Who of a cause's customers gets the note that it is fixed, in which language, and why the others don't. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PURPOSE = "updates"
LANGUAGES = ("en", "de")
TITLE_MAX, TEXT_MAX, REASON_MAX = 120, 5_000, 300
LINKS_MAX = 5_000  # cases of one cause
TOLD_MAX = 500  # notes of one press of the button; the next one goes on
# Why somebody is left out, in the order in which it is asked.
LEFT_OUT = ("told", "on-its-way", "no-consent", "no-address")
# Notes that surely never went out: whoever was to get one may be told by a later one.
NEVER_WENT = ("withdrawn", "no-address", "undone")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of a cause. note: None without one, "queued", or how it ended; case_id: the newest of their cases."""

    customer_id: int
    case_id: int
    name: str
    email: str | None
    language: str | None
    site_locale: str
    agreed: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets a note, and the others by why they don't."""

    gets: tuple[Person, ...]
    left_out: Mapping[str, tuple[Person, ...]]


def why_not(person: Person) -> str | None:
    """Say why somebody gets no note now, as one of LEFT_OUT; None for whoever does. One that failed is tried by the outbox."""
    if person.note in ("sent", "failed"):
        return "told" if person.note == "sent" else "on-its-way"
    if person.note == "queued":
        return "on-its-way"
    if not person.agreed:
        return "no-consent"
    return None if person.email and person.email.isascii() else "no-address"


def audience(people: Iterable[Person]) -> Audience:
    """Part the customers of a cause into those who get a note and the others."""
    gets: list[Person] = []
    left_out: dict[str, list[Person]] = {}
    for person in people:
        why = why_not(person)
        if why is None:
            gets.append(person)
        else:
            left_out.setdefault(why, []).append(person)
    return Audience(tuple(gets), {why: tuple(left_out[why]) for why in LEFT_OUT if why in left_out})


def language_for(known: str | None, site_locale: str, words: Mapping[str, str]) -> str:
    """The language of a note: the customer's, else the site's, else the first there are words in; words has one at least.

    Worked values: a customer of "de_AT" with words in en alone is written to in "en"; nobody gets a mail half in each.
    """
    wanted = (known, site_locale, *LANGUAGES)
    codes = (one.replace("-", "_").split("_")[0] for one in wanted if one)
    return next(code for code in codes if words.get(code, "").strip())
