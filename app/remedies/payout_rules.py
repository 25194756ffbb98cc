"""How a payout stands after what was told about it, and which connector pays what. Pure.

Messages of a provider come twice and in any order, so the answer must not depend on their order: a success goes over
waiting, a failure of the same refund goes over its success, and nothing goes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flask_babel import lazy_gettext as _l

from app.kernel.errors import Refusal

CONNECTORS = ("manual", "webhook", "stripe")
STATES = ("pending", "sent", "confirmed", "failed", "given_up", "cancelled")
OPEN = ("pending", "sent", "failed")
# A silent payout is looked up at most this often, in about 40 days; after that a person has to.
LOOKS_MAX, LOOK_HOURS_MAX = 45, 24
Told = Literal["waiting", "confirmed", "failed"]
# Stripe's words → ours. Source: docs.stripe.com/api/refunds/object, `status`.
STRIPE_WORDS: dict[str, Told] = {
    "pending": "waiting",
    "requires_action": "waiting",
    "succeeded": "confirmed",
    "failed": "failed",
    "canceled": "failed",
}


class PayoutMoved(Refusal):
    """The payout is in a state in which this can't be done."""

    code = "payout-moved"
    sentence = _l("This payout has moved on. Look at its state, then decide again.")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payout stands. provider_ref: what the provider calls its own side of it, once known."""

    state: str
    is_unknown: bool
    by_hand: bool
    provider_ref: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """How it stands afterwards, and the line of the history; no `what` means that nothing is new."""

    state: str
    is_unknown: bool
    provider_ref: str | None
    what: str | None


def after_telling(now: Standing, told: Told, reference: str | None) -> Step:
    """Take in what a provider told about the current round. `twice`: it was paid in another way already."""
    is_same = not now.provider_ref or not reference or now.provider_ref == reference
    named = reference or now.provider_ref
    stays = Step(now.state, now.is_unknown, now.provider_ref, None)
    has_failed = now.state == "failed" and not now.is_unknown and bool(now.provider_ref)
    if told == "confirmed":
        if now.state == "confirmed":
            return Step("confirmed", False, now.provider_ref, "twice") if now.by_hand or not is_same else stays
        return stays if has_failed and is_same else Step("confirmed", False, named, "confirmed")
    if told == "failed":
        if now.by_hand or not is_same or has_failed or now.state in ("given_up", "cancelled"):
            return stays
        return Step("failed", False, named, "failed")
    if now.state in ("confirmed", "given_up", "cancelled") or has_failed:
        return stays
    return Step("sent", False, named, "waiting" if named != now.provider_ref or now.is_unknown else None)


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of remedy at a site goes this way; None means any."""

    id: int
    site_id: int | None
    kind: str | None
    connector: str


def choose(routes: Iterable[Route], site_id: int, kind: str) -> str:
    """Return the connector of the narrowest route; the site counts more than the kind; without any, by hand."""
    fitting = [route for route in routes if route.site_id in (None, site_id) and route.kind in (None, kind)]
    best = max(fitting, key=lambda route: (route.site_id is not None, route.kind is not None), default=None)
    return best.connector if best else "manual"


def route_key(site_id: int | None, kind: str | None) -> str:
    """One route for one place and kind."""
    return f"{site_id or '*'}:{kind or '*'}"


def next_look(count: int, now: datetime) -> datetime:
    """Say when to ask again after `count` looks: twice as long each time, at most a day. 1 gives 1 hour, 3 gives 4."""
    assert count >= 1
    return now + timedelta(hours=min(LOOK_HOURS_MAX, 2 ** min(count - 1, 10)))
