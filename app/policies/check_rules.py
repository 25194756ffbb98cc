"""What is wrong with a policy, or probably not meant. Pure; each finding names rules and what to do about them.

Errors are wrong in themselves and block review and publication. Warnings do what they say, which is perhaps not what was meant.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel.numbers import is_currency
from flask_babel import lazy_gettext as _l

from app.kernel.money import MINOR_MAX
from app.policies import reach_rules
from app.policies.document_rules import CLAUSE_MAX, PERIODS, RULES_MAX, SINGLES, Document, scope_of, window_of
from app.policies.known_rules import GIVING_ROLES, Known
from app.policies.rules import GRANTING, NO_CURRENCY, UNITS, Rule, narrowness

LEVEL_MAX, DAYS_MAX, CODE_MAX = 9, 3_660, 40
# A cap on the second holds for a limit on the first: whatever is given in the first is given in the second.
_INSIDE = {
    "remedy": UNITS,
    "incident": ("incident", "customer_incident"),
    "customer_incident": ("incident", "customer_incident"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. code: a key of finding_words; places: the rules it is about, from 1."""

    code: str
    is_error: bool = False
    places: tuple[int, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def findings(document: Document, known: Known) -> tuple[Finding, ...]:
    """Look a policy over: errors first, then in the order of the rules."""
    rules = document.rules
    if not rules:
        return (Finding("no-rules", True),)
    rivals = reach_rules.rivals_of(rules)
    twins = _twins(rules, rivals)
    found = [
        *_words(document),
        *(finding for rule in rules for finding in _names(rule, document, known)),
        *twins,
        *_caps(rules),
        *_reach(rules, rivals, twins, known),
        *_rates(rules, rivals, known),
        *_periods(rules, known),
        *_gaps(rules, known),
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_error, one.places or (RULES_MAX + 1,))))


RANK_LAST = 10**9


def _words(document: Document) -> list[Finding]:
    """Words that are missing around the rules."""
    silent = [clause.code for clause in document.clauses if not clause.title and not clause.text]
    found = [Finding("clause-silent", values={"clauses": ", ".join(silent)})] if silent else []
    if not document.rationale:
        found.append(Finding("no-rationale"))
    if not any(rule.unit in GRANTING and rule.measure == "amount" and not rule.hard for rule in document.rules):
        found.append(Finding("no-single", True))
    if not any(rule.hard for rule in document.rules):
        found.append(Finding("no-cap"))
    return found


def _names(rule: Rule, document: Document, known: Known) -> list[Finding]:
    """What a rule names, against what exists."""
    here = (rule.id,)
    found: list[Finding] = []

    def note(code: str, is_error: bool = True, **values: Any) -> None:
        found.append(Finding(code, is_error, here, values))

    if not rule.clause:
        note("no-clause")
    elif document.clause(rule.clause) is None:
        note("unknown-clause", clause=rule.clause)
    if rule.role is not None and rule.role not in GIVING_ROLES:
        note("role-gives-nothing", role=rule.role)
    site = known.sites.get(rule.site_id) if rule.site_id is not None else None
    if rule.site_id is not None and site is None:
        note("unknown-site")
    team = known.teams.get(rule.team_id) if rule.team_id is not None else None
    if rule.team_id is not None and team is None:
        note("unknown-team")
    elif team and rule.site_id is not None and team.site_id != rule.site_id:
        note("team-elsewhere", team=team.name)
    if rule.category_id is not None:
        category = known.categories.get(rule.category_id)
        if category is None:
            note("unknown-category")
        elif not category.active:
            note("category-retired", False, category=category.name)
    if rule.certificate is not None and rule.certificate not in known.certificates:
        note("unknown-certificate", certificate=rule.certificate)
    found += _kind(rule, known) + _currency(rule)
    return found


def _kind(rule: Rule, known: Known) -> list[Finding]:
    if rule.kind is None:
        return []
    kind = known.kinds.get(rule.kind)
    if kind is None:
        return [Finding("unknown-kind", True, (rule.id,), {"kind": rule.kind})]
    if not kind.monetary and rule.measure == "amount":
        return [Finding("kind-not-money", True, (rule.id,), {"kind": kind.name})]
    return [] if kind.active else [Finding("kind-retired", False, (rule.id,), {"kind": kind.name})]


def _currency(rule: Rule) -> list[Finding]:
    if rule.measure == "count":
        return []
    values = {"currency": rule.currency}
    if not is_currency(rule.currency) or rule.currency == NO_CURRENCY:
        return [Finding("unknown-currency", True, (rule.id,), values)]
    return []


def _rates(rules: Sequence[Rule], rivals: Mapping[int, list[Rule]], known: Known) -> list[Finding]:
    """Limits that hold where the money is another: said once for all that meet the same sites."""
    alike: dict[tuple[str, tuple[int, ...]], list[int]] = defaultdict(list)
    for rule in rules:
        abroad = reach_rules.held_abroad(rule, rivals[rule.id], known)
        if abroad:
            alike[rule.currency, abroad].append(rule.id)
    return [
        Finding(
            "currency-by-rate",
            places=tuple(places),
            values={"currency": currency, "sites": tuple(known.sites[one].name for one in abroad)},
        )
        for (currency, abroad), places in alike.items()
    ]


def _twins(rules: Sequence[Rule], rivals: Mapping[int, list[Rule]]) -> list[Finding]:
    """Rules that say the same of the same, and rules between which only the lower limit decides."""
    alike: dict[tuple[Any, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        alike[window_of(rule), scope_of(rule)].append(rule)
    found = [Finding("twins", True, tuple(rule.id for rule in group)) for group in alike.values() if len(group) > 1]
    for rule in rules:
        for other in rivals[rule.id]:
            if (
                rule.id < other.id
                and rule.limit_minor != other.limit_minor
                and rule.currency == other.currency
                and scope_of(rule) != scope_of(other)
                and narrowness(rule) == narrowness(other)
            ):
                low, high = sorted((rule, other), key=lambda one: one.limit_minor)
                found.append(Finding("equally-narrow", False, (rule.id, other.id), {"low": low.id, "high": high.id}))
    return found


def _caps(rules: Sequence[Rule]) -> list[Finding]:
    """Limits above a hard cap, and a site's or role's own cap above the company's."""
    caps = [rule for rule in rules if rule.hard]
    found = []
    for rule in rules:
        for cap in caps:
            is_same_money = (cap.measure, cap.currency) == (rule.measure, rule.currency)
            if rule.id == cap.id or not is_same_money or rule.limit_minor <= cap.limit_minor:
                continue
            if not reach_rules.meet(rule, cap):
                continue
            values = {"cap": cap.id}
            same_window = (cap.unit, cap.days) == (rule.unit, rule.days)
            if rule.hard and same_window and narrowness(rule) > narrowness(cap):
                found.append(Finding("cap-widened", True, (rule.id, cap.id), values))
            elif not rule.hard and (same_window or cap.unit in _INSIDE.get(rule.unit, ())):
                found.append(Finding("above-cap", True, (rule.id, cap.id), values))
    return found


def _reach(
    rules: Sequence[Rule], rivals: Mapping[int, list[Rule]], twins: Sequence[Finding], known: Known
) -> list[Finding]:
    """Rules that never decide anything, since narrower ones always stand before them."""
    alike = {place for finding in twins if finding.code == "twins" for place in finding.places}
    found = []
    for rule in rules:
        hiding = () if rule.id in alike else reach_rules.hidden_by(rule, rivals[rule.id], known)
        if hiding:
            found.append(Finding("unreachable", False, (rule.id,), {"by": hiding}))
    return found


def _periods(rules: Sequence[Rule], known: Known) -> list[Finding]:
    """Period limits so low that a single limit can never be used in full."""
    singles = [rule for rule in rules if rule.unit in SINGLES and rule.measure == "amount" and not rule.hard]
    found = []
    for period in rules:
        if period.unit not in PERIODS or period.measure != "amount":
            continue
        above = [
            single
            for single in singles
            if single.currency == period.currency
            and single.limit_minor > period.limit_minor
            and reach_rules.hold_together(single, period, rules, known)
        ]
        if above:
            highest = max(above, key=lambda rule: rule.limit_minor)
            found.append(Finding("period-below-single", False, (period.id, highest.id), {"single": highest.id}))
    return found


def _gaps(rules: Sequence[Rule], known: Known) -> list[Finding]:
    """Where silence means no; roles and then sites that lack the same are said together."""
    roles: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for gap in reach_rules.gaps(rules, known):
        roles[gap.site_id, gap.severities, gap.kinds, gap.category_ids].append(gap.role)
    sites: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for (site_id, *missing), names in roles.items():
        sites[tuple(names), *missing].append(known.sites[site_id].name)
    return [
        Finding(
            "gap-site" if severities is None and len(names) == len(GIVING_ROLES) else "gap",
            values={
                "roles": names,
                "sites": tuple(places),
                "severities": severities,
                "kinds": kinds,
                "category_ids": category_ids,
            },
        )
        for (names, severities, kinds, category_ids), places in sites.items()
    ]


def shape_errors(rule: Rule) -> dict[str, list[str]]:
    """What no table would take: numbers out of bounds and parts that contradict each other, by field."""
    errors: dict[str, list[str]] = {}

    def refuse(part: str, sentence: object) -> None:
        errors.setdefault(part, []).append(str(sentence))

    if rule.unit not in UNITS:
        refuse("unit", _l("Choose what the limit is per."))
    if (rule.unit == "customer_days") != (rule.days is not None):
        refuse("days", _l("Give a number of days for a limit per customer in days, and only there."))
    elif rule.days is not None and not 1 <= rule.days <= DAYS_MAX:
        refuse("days", _l("Give 1 to 3,660 days."))
    if not 0 <= rule.limit_minor <= MINOR_MAX:
        refuse("limit", _l("Give a limit of at least zero."))
    if not 0 <= rule.severity_min <= rule.severity_max <= 4:
        refuse("severity_max", _l("Severities go from 0 to 4, the lower one first."))
    if rule.measure not in ("amount", "count") or (rule.measure == "count") != (rule.currency == NO_CURRENCY):
        refuse("measure", _l("A limit is an amount in a currency, or a number of remedies."))
    if len(rule.currency) != len(NO_CURRENCY):
        refuse("currency", _l("This currency is not known."))
    if len(rule.clause) > CLAUSE_MAX:
        refuse("clause", _l("Type at most 40 characters."))
    for part in ("certificate", "segment", "kind", "role"):
        if len(getattr(rule, part) or "") > CODE_MAX:
            refuse(part, _l("Type at most 40 characters."))
    if rule.level_min is not None and not 1 <= rule.level_min <= LEVEL_MAX:
        refuse("level_min", _l("A level is 1 to 9."))
    if rule.valid_from and rule.valid_to and rule.valid_from >= rule.valid_to:
        refuse("valid_to", _l("The end lies before the start."))
    return errors
