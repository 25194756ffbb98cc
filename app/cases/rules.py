"""The states of a case and what may follow what. Pure."""

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
    "reopened", "closed", "remedy", "exception", "clock",
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


def search_text(
    summary: str, description: str, customer_name: str | None, reference: str, source_ref: str | None
) -> str:
    """Return what a case is found by."""
    return "\n".join(part for part in (reference, source_ref, customer_name, summary, description) if part)


def search_words(term: str) -> tuple[str, ...]:
    """Cut what somebody typed into at most eight words of letters and digits; operators and quotes fall away."""
    words: list[str] = []
    word = ""
    for mark in term[:200] + " ":
        if mark.isalnum():
            word += mark
        elif word:
            words.append(word[:40])
            word = ""
    return tuple(words[:8])
