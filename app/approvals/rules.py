"""Who may decide an exception; pure, so that the inbox, the page and the deed give the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from flask_babel import lazy_gettext as _l

from app.approvals.matrix_rules import DEFAULT_WHO, RouteStep, can_be_staffed, is_named

# What the customer feels runs on the wall; what is asked of people runs while their site is staffed.
# An hour is our choice.
ANSWER_MINUTES = 60
STAND_IN_DAYS_MAX = 30


@dataclass(frozen=True, slots=True)
class Mandate:
    """What somebody may decide for an absent one: inside [from_at, to_at), up to an amount, at one site or all of theirs."""

    principal: "Decider"
    name: str
    from_at: datetime
    to_at: datetime
    amount_minor_max: int | None = None
    currency: str | None = None
    site_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decider:
    """Who wants to decide. scope: how far `exceptions.decide` reaches for this person, or None without it.

    human: the person behind the account (None: the account itself). mandates: only what absent people gave directly;
    what those hold for others is never passed on.
    """

    id: int | None
    scope: str | None  # own | team | site | region | company
    site_id: int | None = None
    team_id: int | None = None
    email: str | None = None
    other_emails: tuple[str, ...] = ()  # of the same person's other accounts
    role: str = "supervisor"
    title: str = ""
    human: int | None = None
    mandates: tuple[Mandate, ...] = ()
    is_away: bool = False
    site_ids: tuple[int, ...] = ()  # of a region

    @property
    def person(self) -> int | None:
        return self.human if self.human is not None else self.id


@dataclass(frozen=True, slots=True)
class StepFacts:
    """The step that is open. is_raised: nobody answered in time, so that who comes next may answer too."""

    number: int = 1
    of: int = 1
    who: tuple[str, ...] = DEFAULT_WHO
    needed: int = 1
    said: int = 0
    is_raised: bool = False
    rest: tuple[tuple[tuple[str, ...], int], ...] = ()  # the later steps: who, and how many of them

    @property
    def open_to(self) -> tuple[str, ...]:
        """The names of who may answer; supervisors are followed by managers, and nobody comes after a name or a title."""
        return (*self.who, "role:manager") if self.is_raised and "role:supervisor" in self.who else self.who


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
    amount_minor: int = 0
    currency: str = ""
    step: StepFacts = StepFacts()
    acted: Mapping[int, int] = field(default_factory=dict)  # human → the step in which they have spoken already
    humans: Mapping[int, int] = field(default_factory=dict)  # second account → the account of the same person
    fallback_id: int | None = None  # set only while nobody of the step is there

    def human(self, identity: int | None) -> int | None:
        return None if identity is None else self.humans.get(identity, identity)


@dataclass(frozen=True, slots=True)
class Allowed:
    """This person may decide now; on_behalf_of_id: the absent one whose authority it takes."""

    on_behalf_of_id: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """This person may not; `reason` is a sentence for them, `code` its stable name."""

    code: str
    reason: Any  # lazy translation

    def __str__(self) -> str:
        return str(self.reason)


_LENDABLE = ("out-of-scope", "not-in-step")


def may_decide(decider: Decider, facts: RequestFacts, now: datetime) -> Allowed | Refused:
    """Tell whether somebody may decide a request: requester, beneficiary and all deciders differ at every amount.

    The order matters: what is true for everybody (ended, expired) comes after what concerns this person alone,
    so that the requester always reads that it is theirs. Whoever lacks authority of their own may have it from
    somebody absent; what bars a person from deciding at all is never lifted by that.
    """
    own = _with_own_right(decider, facts, now)
    if isinstance(own, Allowed) or own.code not in _LENDABLE:
        return own
    refused = None
    for mandate in decider.mandates:
        lent = _standing_in(decider, mandate, facts, now)
        if isinstance(lent, Allowed):
            return lent
        refused = refused or lent
    return refused or own


def _with_own_right(decider: Decider, facts: RequestFacts, now: datetime) -> Allowed | Refused:
    if decider.id is None or decider.scope is None:
        return Refused("no-authority", _l("Exceptions are decided by supervisors and managers."))
    if decider.person == facts.human(facts.requested_by_id):
        return Refused("own-request", _l("You asked for this, so somebody else decides it."))
    barred = _barred(decider, facts)
    # A fallback decider elsewhere in the company is one by name, wherever their own right reaches.
    if not _reaches(decider, facts) and decider.id != facts.fallback_id:
        return barred or Refused("out-of-scope", _l("This belongs to a site or team that isn't yours."))
    if barred is not None:
        return barred
    ended = _ended(facts, now)
    if ended is not None:
        return ended
    if decider.id != facts.fallback_id and not _is_of_step(decider, facts.step):
        return Refused(
            "not-in-step",
            _l("This step is decided by somebody else: the matrix names who decides such an amount here."),
        )
    return Allowed()


def _barred(decider: Decider, facts: RequestFacts) -> Refused | None:
    """What keeps a person from deciding this request with whatever authority."""
    if decider.person == facts.human(facts.handler_id):
        return Refused("own-case", _l("You own the case, so somebody else decides what is given in it."))
    if any(_same_address(email, facts.beneficiary_email) for email in (decider.email, *decider.other_emails)):
        return Refused("beneficiary", _l("You are the customer of this case, so somebody else decides it."))
    if facts.state == "waiting" and decider.person in facts.acted:
        return Refused("acted", _l("You have decided on this request already; every step needs somebody else."))
    return None


def _ended(facts: RequestFacts, now: datetime) -> Refused | None:
    if facts.state != "waiting":
        return Refused("ended", _l("This request has already ended."))
    if facts.expires_at <= now:
        return Refused("expired", _l("This request has expired. It can be asked again."))
    return None


def _standing_in(decider: Decider, mandate: Mandate, facts: RequestFacts, now: datetime) -> Allowed | Refused:
    """Decide with the authority of an absent one, who must themselves be free to decide it."""
    principal, name = mandate.principal, mandate.name
    if principal.person == decider.person:  # e.g. accounts that were found to be one person's after the absence was set
        return Refused("own-absence", _l("Nobody stands in for themselves."))
    barred = _barred(decider, facts)
    if barred is not None:
        return barred
    if not mandate.from_at <= now < mandate.to_at:
        return Refused("outside-period", _l("You don't stand in for %(name)s now.", name=name))
    if principal.person == facts.human(facts.requested_by_id) or _barred(principal, facts) is not None:
        return Refused(
            "principal-barred",
            _l("%(name)s has a part in this, so who stands in for them doesn't decide it.", name=name),
        )
    if mandate.site_id is not None and mandate.site_id != facts.site_id:
        return Refused("outside-scope", _l("You stand in for %(name)s at another site.", name=name))
    if mandate.amount_minor_max is not None and (
        mandate.currency != facts.currency or facts.amount_minor > mandate.amount_minor_max
    ):
        return Refused("outside-amount", _l("This is more than you may decide for %(name)s.", name=name))
    # Without the principal's own mandates: what they hold for somebody else is not theirs to lend.
    answer = _with_own_right(replace(principal, mandates=()), facts, now)
    if isinstance(answer, Refused):
        return Refused(answer.code, _l("%(name)s couldn't decide this either.", name=name))
    return Allowed(on_behalf_of_id=principal.id)


def _is_of_step(decider: Decider, step: StepFacts) -> bool:
    return any(is_named(name, role=decider.role, title=decider.title, identity=decider.id) for name in step.open_to)


def _reaches(decider: Decider, facts: RequestFacts) -> bool:
    if decider.scope == "company":
        return True
    if decider.scope == "region":
        return facts.site_id in decider.site_ids
    if decider.scope == "site":
        return decider.site_id is not None and decider.site_id == facts.site_id
    return decider.scope == "team" and decider.team_id is not None and decider.team_id == facts.team_id


def _same_address(one: str | None, other: str | None) -> bool:
    return bool(one and other) and str(one).strip().casefold() == str(other).strip().casefold()


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody who holds the right to decide, as of one moment. leads: team → its supervisor; fallbacks: site → decider."""

    deciders: tuple[Decider, ...]
    humans: Mapping[int, int]
    leads: Mapping[int, int]
    fallbacks: Mapping[int, int]

    def with_fallback(self, facts: RequestFacts, now: datetime) -> RequestFacts:
        """Open the step to the site's fallback decider while nobody of the step is there, and nobody stands in."""
        facts = replace(facts, humans=self.humans, fallback_id=None)
        if facts.state == "waiting" and not self.present(facts, now):
            return replace(facts, fallback_id=self.fallbacks.get(facts.site_id))
        return facts

    def able(self, facts: RequestFacts, now: datetime) -> list[Decider]:
        """Return who may decide, nearest first."""
        return [one for one in self.nearest(facts) if isinstance(may_decide(one, facts, now), Allowed)]

    def nearest(self, facts: RequestFacts) -> list[Decider]:
        """Return everybody who holds the right, whoever stands nearest to the request first."""
        lead = self.leads.get(facts.team_id or 0)
        return sorted(self.deciders, key=lambda one: _distance(one, facts, lead))

    def present(self, facts: RequestFacts, now: datetime) -> list[Decider]:
        """Return who may decide and isn't away."""
        return [one for one in self.able(facts, now) if not one.is_away]

    def lent_sites(self, identity: int | None, sites: Sequence[int]) -> frozenset[int]:
        """Return the sites where somebody might decide for an absent one, or as the fallback decider."""
        found = {site for site, decider in self.fallbacks.items() if decider == identity}
        for mandate in self.decider(identity).mandates:
            principal = mandate.principal
            reach = set(sites) if principal.scope == "company" else set(principal.site_ids) or {principal.site_id or 0}
            found |= reach if mandate.site_id is None else reach & {mandate.site_id}
        return frozenset(found)

    def decider(self, identity: int | None) -> Decider:
        """Describe one person; who doesn't hold the right is without scope."""
        return next((one for one in self.deciders if one.id == identity), Decider(id=identity, scope=None))


def is_staffed(roster: Roster, facts: RequestFacts, now: datetime) -> bool:
    """Tell whether different people are left for every say that a waiting request still needs, or a fallback decider.

    Whoever is away counts: they come back, and the orphan monitor watches meanwhile.
    """
    step = facts.step
    left = ((step.open_to, step.needed - step.said), *step.rest)
    places = []
    for number, (who, needed) in enumerate(left, start=1):
        later = replace(facts, step=replace(step, who=who, is_raised=False), fallback_id=None)
        able = [one for one in roster.deciders if isinstance(may_decide(one, later, now), Allowed)]
        places.append(RouteStep(number, who, needed, tuple(one.id for one in able if one.id is not None)))
    humans = {one.id: one.person for one in roster.deciders if one.id is not None and one.person is not None}
    if can_be_staffed(places, humans):
        return True
    fallback = roster.decider(roster.fallbacks.get(facts.site_id))
    return isinstance(may_decide(fallback, replace(facts, fallback_id=fallback.id), now), Allowed)


def barred(roster: Roster, facts: RequestFacts) -> set[int]:
    """Return the people who have a part in a request: its requester, the case's owner, and the beneficiary."""
    facts = replace(facts, humans=roster.humans)
    parties = {facts.human(facts.requested_by_id), facts.human(facts.handler_id)}
    parties |= {one.person for one in roster.deciders if _barred(one, facts) is not None}
    return {person for person in parties if person is not None}


def _distance(one: Decider, facts: RequestFacts, lead: int | None) -> tuple[int, int]:
    if one.id == lead:
        return 0, one.id or 0
    if one.role == "supervisor" and one.site_id == facts.site_id:
        return 1, one.id or 0
    return (2 if one.site_id == facts.site_id else 3), one.id or 0


def answer_due(asked_at: datetime) -> datetime:
    """When an answer is due where every second counts: ANSWER_MINUTES after the request."""
    return asked_at + timedelta(minutes=ANSWER_MINUTES)


def settled(outcomes: Sequence[str], needed: int) -> str | None:
    """What the says of one step come to: "declined" by one alone, "approved" by `needed` of them, or None as yet."""
    if "declined" in outcomes:
        return "declined"
    return "approved" if len(outcomes) >= needed else None


def quantile(sorted_values: Sequence[int], share: float) -> int | None:
    """Return the order statistic at `share` in 0..1 (nearest rank) of ascending values, or None without any.

    Source: nearest-rank definition. Worked value: 0.9 of 1..10 is 9.
    """
    if not sorted_values:
        return None
    # Rounded first: 0.9 * 10 must be rank 9, not 10 by a last binary digit.
    rank = max(1, ceil(round(share * len(sorted_values), 9)))
    return sorted_values[rank - 1]
