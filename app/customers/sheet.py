"""The page of one customer: everything that happened under any of her numbers, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _

from app.cases import due_queries
from app.cases import queries as cases
from app.cases import words as case_words
from app.cases.failure_queries import failures_of
from app.customers import care_queries, care_words, check_back_queries, queries
from app.customers.care_rules import Flag, consents, flags
from app.customers.merge_queries import merged_into
from app.customers.queries import CustomerRow
from app.insights import risk_queries, risk_words
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.messages import queries as messages
from app.people.access import can, my_scope
from app.people.permissions import Scope
from app.promises import queries as promises
from app.remedies import queries as remedies
from app.remedies import words as remedy_words


@dataclass(frozen=True, slots=True)
class FlagLine:
    """A flag in words, with the cases that raised it."""

    code: str
    is_up: bool
    title: Any
    reason: Any
    evidence: tuple[str, ...]


def card_of(ref: str, look: tuple[int, date] | None = None) -> CustomerRow:
    """The customer of an address within the reader's scope; anything else answers like one that doesn't exist."""
    identity = parse_ref("customer", ref)
    card = queries.card(identity, my_scope("customers.read"), look) if identity else None
    if card is None:
        raise NotFound
    return card


def sheet_of(card: CustomerRow, after: str | None, now: datetime) -> dict[str, Any]:
    """Return what the customer's page shows, in a number of queries that doesn't depend on how much there is."""
    scope, numbers = my_scope("cases.read"), card.numbers
    wishes, worth = care_queries.standing_of(numbers, card.id)
    found = cases.cases_of_customer(numbers, scope, Page.of(after, 20))
    totals = remedies.given_total(numbers, scope)
    return {
        "customer": card,
        "numbers": numbers,
        "language": language_word(card.language),
        "site": card.site,
        "cases": found,
        "is_first": not after,
        "dues": due_queries.dues(found.rows, now),
        "remedies": remedies.remedies_of_customer(numbers, scope),
        "remedy_states": remedy_words.STATES,
        "totals": [Money(minor, currency) for currency, minor in sorted(totals.items())],
        "promises": promises.of_customer(numbers, scope, now),
        "messages": messages.messages_of_customer(numbers, scope),
        "flags": flag_lines(numbers, scope, now),
        "risk": risk_words.line_of(risk_queries.of_customer(numbers, scope, now)),
        "consents": consents(care_queries.said_by(numbers)),
        "wishes": wishes,
        "worth": worth,
        "words": case_words,
        "care": care_words,
        "check_backs": check_back_queries.of_customer(numbers, my_scope("customers.read")),
        "merged": merged_into(card.id) if len(numbers) > 1 else (),
        "may_edit": can("customers.write"),
        "may_merge": can("customers.merge"),
        "now": now,
    }


def flag_lines(numbers: Sequence[int], scope: Scope, now: datetime) -> list[FlagLine]:
    return [_line(flag) for flag in flags(failures_of(numbers, scope), now)]


def _line(flag: Flag) -> FlagLine:
    up, down = care_words.FLAG_WORDS[flag.code]
    reason = care_words.FLAG_REASONS[flag.code]
    if flag.about:
        kind, _colon, name = flag.about.partition(":")
        named = case_words.CAUSE_WORDS.get(name, name) if kind == "cause" else name
        reason = _("%(reason)s: %(what)s", reason=reason, what=named)
    return FlagLine(flag.code, flag.is_up, up if flag.is_up else down, reason, flag.evidence[:5])


def language_word(code: str | None) -> str | None:
    """Name a language in the reader's own: "de" is German."""
    if not code:
        return None
    reader = get_locale() or Locale("en")
    return reader.languages.get(code.split("_")[0].split("-")[0]) or code
