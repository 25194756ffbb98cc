"""The states of a case and what may follow what. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

STATES = ("open", "waiting", "resolved", "closed")
CHANNELS = ("desk", "phone", "email", "web", "chat", "letter", "other")
STAGES = ("booking", "arrival", "stay", "departure", "after", "other")
ATTRIBUTIONS = ("company", "customer", "third_party", "unknown")
WAITING_FOR = ("customer", "third_party")
OUTCOMES = ("made_good", "explained", "declined", "withdrawn", "unreachable")
CAUSES = ("process", "equipment", "staffing", "training", "supplier", "information", "weather", "guest", "unknown")
EVENT_KINDS = (
    "logged", "note", "acknowledged", "replied", "assigned", "changed", "waiting", "resumed", "resolved",
    "reopened", "closed", "remedy", "exception", "clock", "promise", "wrote", "file", "payout", "mail", "survey", "cause",
)  # fmt: skip
SUMMARY_MAX = 120
TEXT_MAX = 20_000

# Where a case with nothing due stands in the queue: after everything that is due.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

_NEXT: dict[str, dict[str, str]] = {
    "open": {"wait": "waiting", "resolve": "resolved"},
    "waiting": {"resume": "open", "wait": "waiting", "resolve": "resolved"},
    "resolved": {"reopen": "open", "close": "closed"},
    "closed": {"reopen": "open"},
}


def next_state(state: str, deed: str) -> str | None:
    """Return the state that a deed leads to, or None when it can't be done from here."""
    return _NEXT[state].get(deed)


def deeds(state: str) -> tuple[str, ...]:
    """Return what can be done from a state, for the buttons of the page."""
    return tuple(_NEXT[state])


def site_word(site_id: int) -> str:
    """Return the word that every case of a site is found by, so that a scope narrows a search inside the index."""
    return f"site{site_id}only"


def name_and_story(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The ways in which typed words may be a customer's name and words of their story: one or two words at either end are the name.

    Worked value: "lamp", "broke", "hill" gives hill + lamp broke, lamp + broke hill, broke hill + lamp, lamp broke + hill.
    """
    found: dict[tuple[str, str], None] = {}
    for size in range(1, min(2, len(words) - 1) + 1):
        found[" ".join(words[-size:]), " ".join(words[:-size])] = None
        found[" ".join(words[:size]), " ".join(words[size:])] = None
    return tuple(found)


def search_text(summary: str, description: str, reference: str, source_ref: str | None, site_id: int) -> str:
    """Return what a case is found by."""
    parts = (site_word(site_id), reference, source_ref, summary, description)
    return "\n".join(part for part in parts if part)
