"""Whom a rule reaches: which offers it decides, which rules hide it, and where no rule gives any authority. Pure.

Nothing here repeats the judge's order: every question is put to `applicable` or `fits` at chosen points. A point is an
offer by a holder; two points between which no rule can tell are tried once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice, product

from app.kernel.money import Money
from app.policies.known_rules import GIVING_ROLES, Known, KnownSite
from app.policies.rules import GRANTING, Holder, Offer, Rule, applicable, counted_kind, fits, narrowness

ANY_KIND = "~"  # a remedy in money that no rule names
SEVERITIES = (0, 1, 2, 3, 4)
# A rule whose scope needs more points than this is not searched further: it is taken to be reached.
POINTS_MAX = 20_000
_EVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a role at a site may give nothing. A part that is None is missing as a whole."""

    role: str
    site_id: int
    severities: tuple[int, ...] | None = None
    kinds: tuple[str, ...] | None = None
    category_ids: tuple[int, ...] | None = None


def meet(one: Rule, other: Rule) -> bool:
    """Tell whether one offer can fall under both rules; currencies are not asked about."""
    for part in ("role", "site_id", "team_id", "certificate", "kind", "category_id", "segment"):
        left, right = getattr(one, part), getattr(other, part)
        if left is not None and right is not None and left != right:
            return False
    if max(one.severity_min, other.severity_min) > min(one.severity_max, other.severity_max):
        return False
    begin = max(one.valid_from or _EVER, other.valid_from or _EVER)
    return begin < min(one.valid_to or _NEVER, other.valid_to or _NEVER)


def rivals_of(rules: Sequence[Rule]) -> dict[int, list[Rule]]:
    """Return, for each place, the other rules that limit the same window of the same offers: only one of them holds."""
    windows: dict[tuple[object, ...], dict[int | None, list[Rule]]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        if not rule.hard:
            windows[rule.unit, rule.days, rule.measure, counted_kind(rule)][rule.site_id].append(rule)
    found: dict[int, list[Rule]] = {rule.id: [] for rule in rules}
    for by_site in windows.values():
        everywhere = by_site.get(None, [])
        for site_id, there in by_site.items():
            crowd = [one for some in by_site.values() for one in some] if site_id is None else [*there, *everywhere]
            for rule in there:
                found[rule.id] = [other for other in crowd if other.id != rule.id and meet(rule, other)]
    return found


def hidden_by(rule: Rule, rivals: Sequence[Rule], known: Known) -> tuple[int, ...]:
    """Return the places of the rules that together leave a rule nothing to decide; () while it decides something.

    The lower place wins between equals, so a rule may also be hidden by its twin.
    """
    rivals = [other for other in rivals if narrowness(other) >= narrowness(rule)]
    if not rivals:
        return ()
    winners: set[int] = set()
    tried = 0
    for offer, holder in islice(_points(rule, rivals, known), POINTS_MAX):
        tried += 1
        holding = {one.id for one in applicable(offer, holder, (rule, *rivals))}
        if rule.id in holding:
            return ()
        winners |= holding
    return tuple(sorted(winners)) if tried < POINTS_MAX else ()


def held_abroad(rule: Rule, rivals: Sequence[Rule], known: Known) -> tuple[int, ...]:
    """Return the sites at which a limit holds although their money is another, so that a rate decides it."""
    if rule.measure == "count":
        return ()
    abroad = [
        site for site in known.sites.values() if rule.site_id in (None, site.id) and site.currency != rule.currency
    ]
    return tuple(site.id for site in abroad if rule.hard or _holds_at(rule, rivals, site, known))


def _holds_at(rule: Rule, rivals: Sequence[Rule], site: KnownSite, known: Known) -> bool:
    here = replace(rule, site_id=site.id)
    crowd = [other for other in rivals if other.site_id in (None, site.id)]
    for offer, holder in islice(_points(here, crowd, known), POINTS_MAX):
        if rule.id in {one.id for one in applicable(offer, holder, (rule, *crowd))}:
            return True
    return False


def _points(rule: Rule, rivals: Sequence[Rule], known: Known) -> Iterator[tuple[Offer, Holder]]:
    """Every kind of offer that falls under a rule and that its rivals could tell apart."""
    everyone = (rule, *rivals)
    roles = [rule.role] if rule.role else list(GIVING_ROLES)
    levels = [rule.level_min] if rule.level_min else [0]
    levels += [one.level_min for one in rivals if one.level_min and one.level_min > levels[0]]
    certificates: list[str | None] = _values(everyone, rule, "certificate")
    for site in _sites(rule, rivals, known):
        teams = [team for team in _values(everyone, rule, "team_id") if _is_at(team, site, known)]
        for role, team, level, certificate, kind, category, severity, segment, at in product(
            roles, teams, sorted(set(levels)), certificates, _kinds(rule, rivals), _values(everyone, rule, "category_id"),
            range(rule.severity_min, rule.severity_max + 1), _values(everyone, rule, "segment"), _instants(everyone),
        ):  # fmt: skip
            offer = _offer(site, kind, severity, category, segment, at)
            holder = Holder(role, site.id, team, level or 0, frozenset((certificate,) if certificate else ()))
            if fits(rule, offer, holder):
                yield offer, holder


def _offer(
    site: KnownSite, kind: str, severity: int, category_id: int | None = None, segment: str | None = None,
    at: datetime | None = None,
) -> Offer:  # fmt: skip
    return Offer(Money(1, site.currency), kind, "goodwill", True, severity, category_id, segment=segment, at=at)


def _values(rules: Iterable[Rule], rule: Rule, part: str) -> list:  # type: ignore[type-arg]
    """The values of a part that can be told apart: the rule's own, or nobody's and each that is named."""
    own = getattr(rule, part)
    if own is not None:
        return [own]
    return [None, *dict.fromkeys(value for one in rules if (value := getattr(one, part)) is not None)]


def _kinds(rule: Rule, rivals: Sequence[Rule]) -> list[str]:
    return [kind or ANY_KIND for kind in _values((rule, *rivals), rule, "kind")]


def _is_at(team_id: int | None, site: KnownSite, known: Known) -> bool:
    team = known.teams.get(team_id) if team_id is not None else None
    return team_id is None or team is None or team.site_id == site.id


def _instants(rules: Sequence[Rule]) -> list[datetime | None]:
    """One instant in each stretch of time in which the same rules are valid."""
    edges = {edge for rule in rules for edge in (rule.valid_from, rule.valid_to) if edge is not None}
    return [None] if not edges else [_EVER, *sorted(edges)]


def _sites(rule: Rule, rivals: Sequence[Rule], known: Known) -> list[KnownSite]:
    """The rule's site, or those that rivals name and one other of each currency."""
    if rule.site_id is not None:
        site = known.sites.get(rule.site_id)
        return [site] if site else []
    named = {one.site_id for one in rivals if one.site_id is not None}
    others: dict[str, KnownSite] = {}
    for site in known.sites.values():
        if site.id not in named:
            others.setdefault(site.currency, site)
    return [site for site in known.sites.values() if site.id in named] + list(others.values())


def hold_together(one: Rule, other: Rule, rules: Sequence[Rule], known: Known) -> bool:
    """Tell whether there is an offer for which both rules hold at once."""
    if not meet(one, other):
        return False
    both = _narrowed(one, other)
    crowd = [rule for rule in rules if rule.id not in (one.id, other.id) and meet(rule, both)]
    for offer, holder in islice(_points(both, (other, *crowd), known), 200):
        holding = {rule.id for rule in applicable(offer, holder, rules)}
        if one.id in holding and other.id in holding:
            return True
    return False


def _narrowed(one: Rule, other: Rule) -> Rule:
    """A rule whose scope is what two rules have in common."""
    parts = ("role", "site_id", "team_id", "certificate", "kind", "category_id", "segment")
    named = {part: getattr(one, part) if getattr(one, part) is not None else getattr(other, part) for part in parts}
    return replace(
        one, **named, id=0,
        level_min=max(one.level_min or 0, other.level_min or 0) or None,
        severity_min=max(one.severity_min, other.severity_min),
        severity_max=min(one.severity_max, other.severity_max),
        valid_from=max((at for at in (one.valid_from, other.valid_from) if at), default=None),
        valid_to=min((at for at in (one.valid_to, other.valid_to) if at), default=None),
    )  # fmt: skip


def gaps(rules: Sequence[Rule], known: Known) -> list[Gap]:
    """Return, for each role and site, what somebody without any certificate may not give at all."""
    granting = [rule for rule in rules if rule.unit in GRANTING and rule.measure == "amount" and not rule.hard]
    found: list[Gap] = []
    for site in known.sites.values():
        there = [rule for rule in granting if rule.site_id in (None, site.id)]
        for role in GIVING_ROLES:
            theirs = [rule for rule in there if rule.role in (None, role)]
            gap = _gap(role, site, theirs)
            if gap:
                found.append(gap)
    return found


def _gap(role: str, site: KnownSite, rules: Sequence[Rule]) -> Gap | None:
    holder = Holder(role, site.id)
    kinds = [ANY_KIND, *dict.fromkeys(rule.kind for rule in rules if rule.kind)]
    categories = [None, *dict.fromkeys(rule.category_id for rule in rules if rule.category_id)]
    missing = {
        (severity, kind, category)
        for severity, kind, category in product(SEVERITIES, kinds, categories)
        if not any(fits(rule, _offer(site, kind, severity, category), holder) for rule in rules)
    }
    if not missing:
        return None
    if len(missing) == len(SEVERITIES) * len(kinds) * len(categories):
        return Gap(role, site.id)
    whole = len(kinds) * len(categories)
    severities = tuple(one for one in SEVERITIES if sum(point[0] == one for point in missing) == whole)
    rest = [point for point in missing if point[0] not in severities]
    return Gap(
        role, site.id,
        severities=severities or tuple(sorted({point[0] for point in rest})),
        kinds=None if severities else tuple(sorted({point[1] for point in rest})),
        category_ids=None if severities else tuple(sorted({point[2] for point in rest if point[2] is not None})),
    )  # fmt: skip
