"""Letters: which parts each kind must have, and how it reads as plain text. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.messages.template_rules import PLACES, fill, places_in, unknown_places

KINDS: dict[str, object] = {
    "final": _l("Final response"),
    "summary": _l("Summary of what was settled"),
    "holding": _l("Holding letter"),
    "receipt": _l("Receipt"),
}
PARTS: dict[str, object] = {
    "decision": _l("Our decision"),
    "reason": _l("Why"),
    "remedy": _l("What you receive"),
    "next_step": _l("What happens next"),
    "disagree": _l("If you don't agree"),
}
# FCA DISP 1.6.2R and 1.5.4R: a final response says decision, reason and redress, a summary that it is resolved, a holding
# response why there is none yet and when; each says where she can turn to.
REQUIRED: dict[str, tuple[str, ...]] = {
    "final": tuple(PARTS),
    "summary": ("decision", "disagree"),
    "holding": ("reason", "next_step", "disagree"),
    "receipt": ("remedy",),
}
SUBJECT_MAX = 200
PART_MAX = 6_000
_UNSEEN = re.compile(r"[\s\x00-\x1f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff]+")


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a letter, or in the words that it begins from. A part that isn't needed may be empty."""

    subject: str = ""
    opening: str = ""
    decision: str = ""
    reason: str = ""
    remedy: str = ""
    next_step: str = ""
    disagree: str = ""

    def part(self, name: str) -> str:
        return str(getattr(self, name))


NAMES: tuple[str, ...] = tuple(one.name for one in fields(Words))


def is_blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen."""
    return not _UNSEEN.sub("", text)


def faults(kind: str, words: Words) -> dict[str, list[str]]:
    """What keeps a letter from being sent, beside its fields; empty when it may go."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        text = words.part(name)
        left = [str(PLACES.get(place, place)) for place in places_in(text)]
        if name in ("subject", "opening", *REQUIRED[kind]) and is_blank(text):
            found[name] = [_("This letter can't go without it.")]
        elif left:
            found[name] = [_("Fill in what is still missing: %(places)s.", places=", ".join(left))]
        elif len(text) > (SUBJECT_MAX if name == "subject" else PART_MAX):
            longest = SUBJECT_MAX if name == "subject" else PART_MAX
            found[name] = [_("Keep this to %(count)d characters.", count=longest)]
    return found


def faults_of_text(words: Words) -> dict[str, list[str]]:
    """What is wrong with words to begin from: places that nobody can fill, too long, no greeting."""
    found: dict[str, list[str]] = {}
    for name in NAMES:
        text = words.part(name)
        longest = SUBJECT_MAX if name == "subject" else PART_MAX
        if unknown := unknown_places([text]):
            places = ", ".join("{{" + place + "}}" for place in unknown)
            found[name] = [_("Nothing can be filled in for: %(places)s.", places=places)]
        elif name in ("subject", "opening") and is_blank(text):
            found[name] = [_("Write the text as well.")]
        elif len(text) > longest:
            found[name] = [_("Keep this to %(count)d characters.", count=longest)]
    return found


def filled(words: Words, values: Mapping[str, str]) -> tuple[Words, tuple[str, ...]]:
    """Fill the places of a letter's words from a case; returns them and the places that it has nothing for."""
    said: dict[str, str] = {}
    missing: list[str] = []
    for name in NAMES:
        one = fill("", words.part(name), values)
        said[name] = one.text
        missing += one.missing
    return Words(**said), tuple(dict.fromkeys(missing))


def shown_parts(words: Words) -> tuple[tuple[str, str], ...]:
    """(heading, text) of the parts that say something, in the order in which they are read."""
    return tuple((str(title), words.part(name)) for name, title in PARTS.items() if not is_blank(words.part(name)))


def as_text(words: Words, signed: Sequence[str]) -> str:
    """The letter as plain text, for the mail and the customer's page. signed: the lines below it."""
    parts = [words.opening, *(f"{title}\n{text}" for title, text in shown_parts(words)), "\n".join(signed)]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def paragraphs(text: str) -> list[list[str]]:
    """Lines by paragraph: blank lines stand between paragraphs."""
    return [part.splitlines() for part in re.split(r"\n[ \t]*\n+", text.strip("\n")) if part.strip()]
