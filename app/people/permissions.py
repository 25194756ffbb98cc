"""Who may do what, and how far: the one permission table of the product. Pure."""

from dataclasses import dataclass
from typing import Literal

from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotPermitted

ScopeKind = Literal["own", "team", "site", "region", "company"]

_EVERYONE = ("frontline", "supervisor", "manager", "hr", "auditor", "admin")
_DESK = (
    "cases.read",
    "cases.write",
    "customers.read",
    "customers.write",
    "decisions.ask",
    "remedies.give",
    "remedies.settle",
    "exceptions.ask",
    "exceptions.read",
    "clocks.read",
    "payouts.read",
    "payouts.prove",
    "attachments.read",
    "attachments.add",
    "mails.sort",
    "feedback.read",
)
_LEAD = (
    *_DESK,
    "payouts.decide",
    "exceptions.decide",
    "remedies.reverse",
    "audit.read",
    "metrics.read",
    "purses.read",
    "clocks.approve",
    "attachments.remove",
    "customers.merge",
)
_READS = (
    "cases.read",
    "customers.read",
    "exceptions.read",
    "purses.read",
    "clocks.read",
    "payouts.read",
    "audit.read",
    "metrics.read",
    "people.read",
    "policies.read",
    "ops.read",
    "attachments.read",
    "feedback.read",
)
_ADMIN = (
    "people.read",
    "people.write",
    "settings.write",
    "catalogue.write",
    "policies.read",
    "policies.write",
    "policies.review",
    "policies.publish",
    "cases.import",
    "ops.read",
)


def _grants() -> dict[str, dict[str, ScopeKind]]:
    table: dict[str, dict[str, ScopeKind]] = {}

    def grant(role: str, names: tuple[str, ...], scope: ScopeKind) -> None:
        for name in names:
            table.setdefault(name, {})[role] = scope

    for role in _EVERYONE:
        grant(
            role, ("home.read", "inbox.read", "profile.write", "tokens.write", "policies.follow", "pulse.answer"), "own"
        )
        grant(role, ("pulse.read",), "team")
    grant("frontline", _DESK, "site")
    grant("frontline", ("purses.read",), "own")
    grant("supervisor", _LEAD, "site")
    grant("supervisor", ("policies.read", "policies.review"), "company")
    grant("manager", (*_LEAD, "policies.read", "policies.write", "policies.review", "policies.publish"), "company")
    grant("hr", ("metrics.read", "policies.read", "people.read", "pulse.open"), "company")
    grant("auditor", (*_READS, "audit.verify"), "company")
    grant("admin", (*_ADMIN, "tokens.write"), "company")
    # What a policy would have answered: figures of the past, at the places that the reader may look at.
    grant("supervisor", ("policies.simulate",), "site")
    for role in ("manager", "hr", "auditor", "admin"):
        grant(role, ("policies.simulate",), "company")
    # What became of customers later: it tells no place, so it is for who reads the whole company; and every team's pulse.
    for role in ("manager", "hr", "auditor"):
        grant(role, ("outcomes.read", "pulse.read"), "company")
    # Mail: how sites write and what their templates say, and the inlet that mail servers hand mail to.
    for role in ("manager", "admin"):
        grant(role, ("mails.settings", "mails.deliver"), "company")
    # Reviews: everybody their own, HR everybody's; who reads a second time gets that one review, whatever the role.
    for role in _EVERYONE:
        grant(role, ("charter.read",), "company")
    for role in ("frontline", "supervisor", "manager", "hr"):
        grant(role, ("reviews.read", "reviews.write", "coaching.write"), "own")
    grant("hr", ("reviews.read", "reviews.write", "reviews.open", "charter.write", "fairness.read"), "company")
    grant("manager", ("charter.write", "fairness.read", "kudos.give"), "company")
    grant("manager", ("reviews.open",), "own")  # of people in HR whose manager they are
    grant("auditor", ("reviews.read", "fairness.read"), "company")
    for role in ("frontline", "supervisor"):
        grant(role, ("kudos.give",), "site")
    # Break-glass: a higher role for a short time; and who goes through what everybody may do, each quarter.
    for role in ("supervisor", "manager", "admin"):
        grant(role, ("raises.use",), "own")
    grant("supervisor", ("raises.read",), "own")
    for role in ("manager", "auditor", "admin"):
        grant(role, ("raises.read", "access.read"), "company")
    for role in ("manager", "admin"):
        grant(role, ("access.review",), "company")
    # What people ask about their own data: HR and auditors see that it is dealt with, managers and administrators do it.
    for role in ("hr", "auditor", "manager", "admin"):
        grant(role, ("privacy.read",), "company")
    for role in ("manager", "admin"):
        grant(role, ("privacy.handle",), "company")
    # Where the public may report an issue: the links and posters of a site.
    grant("supervisor", ("reports.write",), "site")
    for role in ("manager", "admin"):
        grant(role, ("reports.write",), "company")
    # Cases carried away in a file, with what customers told: for who leads, and who audits.
    grant("supervisor", ("cases.export",), "site")
    for role in ("manager", "auditor"):
        grant(role, ("cases.export",), "company")
    # Root causes: who hears of one opens it; who leads says that it is fixed, and tells the customers.
    for role in ("frontline", "supervisor"):
        grant(role, ("causes.read", "causes.write"), "site")
    grant("supervisor", ("causes.fix",), "site")
    grant("manager", ("causes.read", "causes.write", "causes.fix"), "company")
    grant("auditor", ("causes.read",), "company")
    return table


# What a customer does with her own case, through the portal; the portal sees to it that the case is hers.
CUSTOMERS = frozenset({"cases.read", "cases.write", "customers.read", "customers.write", "remedies.settle"})
PERMISSIONS: dict[str, dict[str, ScopeKind]] = _grants()
"""Permission → role → how far it reaches. A role that is not named has nothing."""

# What a manager keeps who leads a region. What is in neither list, as what tells no place or changes the whole company, is
# left to the others: a new grant reaches no region before its room is known to keep to one.
_PLACED = frozenset(
    {
        *_LEAD,
        "cases.export",
        "causes.fix",
        "causes.read",
        "causes.write",
        "kudos.give",
        "policies.simulate",
        "pulse.read",
        "reports.write",
    }
)
_PLACELESS = frozenset({"charter.read", "policies.read", "policies.review"})


def _regional(table: dict[str, dict[str, ScopeKind]]) -> dict[str, ScopeKind]:
    held = {name: grants["manager"] for name, grants in table.items() if "manager" in grants}
    return {
        name: "region" if name in _PLACED else kind
        for name, kind in held.items()
        if kind == "own" or name in _PLACED or name in _PLACELESS
    }


REGIONAL: dict[str, ScopeKind] = _regional(PERMISSIONS)
"""Permission → how far it reaches for a manager who leads a region."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a permission reaches for one person; the ids are that person's own."""

    kind: ScopeKind
    site_id: int | None = None
    team_id: int | None = None
    employee_id: int | None = None
    site_ids: tuple[int, ...] = ()  # of a region

    @property
    def is_wide(self) -> bool:
        """Tell whether several sites may lie inside, so that lists name them and offer them as filters."""
        return self.kind in ("company", "region")

    def covers(self, *, site_id: int | None = None, team_id: int | None = None, owner_id: int | None = None) -> bool:
        """Tell whether an object lies inside. A part that is not given is not asked about."""
        if self.kind == "company":
            return True
        if self.kind == "site":
            return site_id is None or site_id == self.site_id
        if self.kind == "region":
            return site_id is None or site_id in self.site_ids
        if self.kind == "team":
            return team_id is None or team_id == self.team_id
        return owner_id is None or owner_id == self.employee_id


COMPANY = Scope("company")


def sites_of(scope: Scope) -> tuple[int, ...] | None:
    """Return the sites within a scope; None for the whole company. Of one's own and a team's it is the site they are at."""
    if scope.kind == "company":
        return None
    if scope.kind == "region":
        return scope.site_ids
    return () if scope.site_id is None else (scope.site_id,)


def scope_of(actor: Actor, permission: str) -> Scope | None:
    """Return how far the permission reaches for this actor, or None. Commands and rules act on the whole company."""
    grants = PERMISSIONS[permission]
    if actor.kind == "customer":
        return Scope("site", actor.site_id) if permission in CUSTOMERS else None
    if not actor.is_person:
        return COMPANY
    led = actor.region_site_ids
    if actor.role == "manager" and led is not None:
        regional = REGIONAL.get(permission)
        home = actor.site_id if actor.site_id in led else None
        return Scope(regional, home, actor.team_id, actor.id, led) if regional else None
    kind = grants.get(actor.role or "")
    return Scope(kind, actor.site_id, actor.team_id, actor.id) if kind else None


def has(actor: Actor, permission: str) -> bool:
    """Tell whether the actor's role includes the permission at all."""
    return scope_of(actor, permission) is not None


def require(
    actor: Actor,
    permission: str,
    *,
    site_id: int | None = None,
    team_id: int | None = None,
    owner_id: int | None = None,
) -> Scope:
    """Refuse a deed that the actor may not do; returns the scope.

    Raises NotPermitted when the role lacks the permission and NotFound when the object is out of scope,
    so that a stranger's object answers like one that doesn't exist.
    """
    scope = scope_of(actor, permission)
    if scope is None:
        raise NotPermitted
    if not scope.covers(site_id=site_id, team_id=team_id, owner_id=owner_id):
        raise NotFound
    return scope


_REACH: tuple[ScopeKind, ...] = ("own", "team", "site", "region", "company")


def only_takes_away(before: str, after: str) -> bool:
    """Tell whether a change of role gives nothing that wasn't there before, nor a wider reach.

    Becoming frontline always counts as that: it is what everybody begins with.
    """
    if after == "frontline":
        return True
    return all(
        before in grants and _REACH.index(grants[before]) >= _REACH.index(grants[after])
        for grants in PERMISSIONS.values()
        if after in grants
    )
