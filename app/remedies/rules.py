"""The states of a remedy, the refusals about it, and the fingerprint of what somebody meant. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.audit.rules import canonical
from app.kernel.errors import BadInput, Refusal
from app.policies.rules import Decision, WindowAnswer

# Deed → (the state that it expects, the state that it leads to).
MOVES = {
    "accept": ("reserved", "settled"),
    "decline": ("reserved", "declined"),
    "withdraw": ("reserved", "withdrawn"),
    "release": ("reserved", "released"),
    "expire": ("reserved", "expired"),
    "reverse": ("settled", "reversed"),
}


class NeedsApproval(Refusal):
    """Above the giver's own authority: an exception can be asked for. `details["decision"]` has every window."""

    status = 422
    code = "needs-approval"
    sentence = _l("This is above your own limit. Ask for an exception, or offer what you may give now.")


class Refused(Refusal):
    """No rule allows it to anybody here. receipt: the answer with all that it depended on, where the judge gave it."""

    receipt: dict[str, Any] | None = None
    status = 422
    code = "refused"
    sentence = _l("The policy doesn't allow this remedy here.")


class RemedyEnded(Refusal):
    """The remedy is in a state in which this can't be done."""

    code = "already-ended"
    sentence = _l("This remedy was settled, declined or taken back already.")


class OutsideRequest(Refusal):
    """A window that the request doesn't name has run out since; an approval reaches exactly what was asked."""

    code = "outside-request"
    sentence = _l(
        "Since this was asked, another window has run out. Decline it; it can then be asked again as it stands."
    )


def no_policy() -> Refused:
    return Refused(_l("No policy is in force yet. Ask your administrator to publish one."))


def unknown_kind() -> BadInput:
    return BadInput({"kind": [str(_l("Choose a remedy from the list."))]})


def wrong_currency(currency: str) -> BadInput:
    return BadInput({"amount": [str(_l("Amounts are in %(currency)s here.", currency=currency))]})


def refusal_of(decision: Decision, receipt: dict[str, Any] | None = None) -> Refusal:
    """Turn a negative decision into the refusal that a page or the API shows; receipt: what the attempt is kept by."""
    if decision.outcome == "needs_approval":
        return NeedsApproval(decision=decision.json())
    sentences = {
        "hard_cap": _l("This is above what anybody may give here. Nobody can approve it."),
        "no_customer": _l("Name the customer first: the limit counts what each customer is given."),
        "no_rule": _l("No rule of the policy lets your role give this remedy here."),
        "unknown_currency": _l(
            "No exchange rate is stored by which the limit could be compared. Ask your administrator."
        ),
        "not_theirs": _l("What is owed by law or contract is recorded by a supervisor. Ask one, or offer goodwill."),
        "above_owed": _l("That is more than is owed. Give what is owed, and offer the rest as goodwill."),
        "bad_amount": _l("Type an amount above zero; a remedy that isn't money takes none."),
    }
    refusal = Refused(sentences.get(decision.why), decision=decision.json())
    refusal.receipt = receipt
    return refusal


def fingerprint(**content: Any) -> str:
    """Hash what somebody meant, so that the same key with other content is seen."""
    return hashlib.sha256(canonical(content)).hexdigest()


def over_of(windows: tuple[WindowAnswer, ...]) -> list[dict[str, Any]]:
    """Name the windows that are exceeded, and by how much, in minor units; the cause only where it adds to the incident."""
    over = {window.rule_id: window.over_minor for window in windows}
    return [
        {
            "clause": window.clause,
            "unit": window.unit,
            "days": window.days,
            "measure": window.measure,
            "kind": window.kind,
            "pool": window.pool,
            "currency": window.currency,
            "limit": window.limit_minor,
            "used": window.settled_minor + window.reserved_minor,
            "requested": window.requested_minor,
            "over": window.over_minor,
        }
        for window in windows
        if window.is_exceeded
        and not (window.unit == "customer_cause" and over.get(-window.rule_id) == window.over_minor)
    ]


def named_window(window: Mapping[str, Any]) -> tuple[Any, ...]:
    """Identify a window as a decision or a request keeps it; requests of older versions say less of it.

    Who approves an incident approves its cause with it: the limit is the same.
    """
    measure, kind, pool = window.get("measure", "amount"), window.get("kind"), window.get("pool", "")
    if window["unit"] in ("incident", "customer_incident", "customer_cause") and measure == "amount":
        return "incident", None, measure, kind, pool
    return window["unit"], window["days"], measure, kind, pool
