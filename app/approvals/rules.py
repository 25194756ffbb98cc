"""Who may decide an exception; pure, so that the inbox, the page and the deed give the same answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask_babel import lazy_gettext as _l

# Wall-clock, since that is what the customer feels. Source: domain anchors, approval target p90.
ANSWER_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Decider:
    """Who wants to decide. scope: how far `exceptions.decide` reaches for this person, or None without it."""

    id: int | None
    scope: str | None  # own | team | site | company
    site_id: int | None = None
    team_id: int | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the answer depends on, read at the moment of the decision."""

    requested_by_id: int
    handler_id: int | None  # the case's owner
    site_id: int
    team_id: int | None
    state: str
    expires_at: datetime
    beneficiary_email: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """This person may decide now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """This person may not; `reason` is a sentence for them, `code` its stable name."""

    code: str
    reason: Any  # lazy translation

    def __str__(self) -> str:
        return str(self.reason)


def may_decide(decider: Decider, facts: RequestFacts, now: datetime) -> Allowed | Refused:
    """Tell whether somebody may decide a request: requester, beneficiary and decider differ at every amount.

    The order matters: what is true for everybody (ended, expired) comes after what concerns this person alone,
    so that the requester always reads that it is theirs.
    """
    if decider.id is None or decider.scope is None:
        return Refused("no-authority", _l("Exceptions are decided by supervisors and managers."))
    if decider.id == facts.requested_by_id:
        return Refused("own-request", _l("You asked for this, so somebody else decides it."))
    if not _reaches(decider, facts):
        return Refused("out-of-scope", _l("This belongs to a site or team that isn't yours."))
    if decider.id == facts.handler_id:
        return Refused("own-case", _l("You own the case, so somebody else decides what is given in it."))
    if _same_address(decider.email, facts.beneficiary_email):
        return Refused("beneficiary", _l("You are the customer of this case, so somebody else decides it."))
    if facts.state != "waiting":
        return Refused("ended", _l("This request has already ended."))
    if facts.expires_at <= now:
        return Refused("expired", _l("This request has expired. It can be asked again."))
    return Allowed()


def _reaches(decider: Decider, facts: RequestFacts) -> bool:
    if decider.scope == "company":
        return True
    if decider.scope == "site":
        return decider.site_id is not None and decider.site_id == facts.site_id
    return decider.scope == "team" and decider.team_id is not None and decider.team_id == facts.team_id


def _same_address(one: str | None, other: str | None) -> bool:
    return bool(one and other) and str(one).strip().casefold() == str(other).strip().casefold()


def answer_due(asked_at: datetime) -> datetime:
    """When an answer is due: ANSWER_MINUTES of wall-clock time after the request."""
    return asked_at + timedelta(minutes=ANSWER_MINUTES)


def quantile(sorted_values: Sequence[int], share: float) -> int | None:
    """Return the order statistic at `share` in 0..1 (nearest rank) of ascending values, or None without any.

    Source: nearest-rank definition. Worked value: 0.9 of 1..10 is 9.
    """
    if not sorted_values:
        return None
    # Rounded first: 0.9 * 10 must be rank 9, not 10 by a last binary digit.
    rank = max(1, ceil(round(share * len(sorted_values), 9)))
    return sorted_values[rank - 1]
