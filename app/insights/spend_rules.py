"""When a pool is spent ahead of its month, and which narrow change would slow it down without cutting everybody. Pure.

Why (American Airlines' iSolve, 2018 to 2020): a tool that was tightened for all after overspend was soon withdrawn; what helps is one
rule for what the money goes to, tried on the past before it is in force.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from app.insights.rules import COUNT_MIN
from app.policies.rules import Rule, narrowness

USED_MIN = 0.5
SINGLE = ("remedy", "incident")  # windows that bound a single gift; a customer's day holds several
KEPT_SHARE = 0.75  # of the gifts of a band, as many stay within the lower limit


@dataclass(frozen=True, slots=True)
class Given:
    """One goodwill gift in money of this month."""

    kind: str
    category_id: int
    role: str
    currency: str
    minor: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What alike gifts took together. limit_minor: under which three of four of them stay; None below COUNT_MIN."""

    kind: str
    category_id: int
    role: str
    currency: str
    count: int
    minor: int
    share: float
    limit_minor: int | None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.category_id}:{self.role}:{self.currency}"


def is_ahead(used_minor: int, limit_minor: int, elapsed: float) -> bool:
    """Tell whether a pool runs dry before its month ends at this pace: half is gone, and more than the month has gone by.

    elapsed: the share of the month, 0 to 1. Worked values: 60 of 100 at .4 is ahead; at .7 it isn't; 40 of 100 never is.
    """
    used = used_minor / limit_minor if limit_minor else 1.0
    return used >= USED_MIN and used > elapsed


def heaviest(given: Iterable[Given]) -> tuple[Spent, ...]:
    """Group gifts by remedy, category, role and currency; what took most of its currency first."""
    groups: dict[tuple[str, int, str, str], list[int]] = {}
    totals: dict[str, int] = {}
    for one in given:
        groups.setdefault((one.kind, one.category_id, one.role, one.currency), []).append(one.minor)
        totals[one.currency] = totals.get(one.currency, 0) + one.minor
    found = []
    for (kind, category_id, role, currency), amounts in groups.items():
        whole = sum(amounts)
        place = ceil(KEPT_SHARE * len(amounts)) - 1
        limit = sorted(amounts)[place] if len(amounts) >= COUNT_MIN else None
        found.append(Spent(kind, category_id, role, currency, len(amounts), whole, whole / totals[currency], limit))
    return tuple(sorted(found, key=lambda one: (-one.share, one.key)))


def lowered(rules: Sequence[Rule], spent: Spent, site_id: int) -> tuple[Rule, ...] | None:
    """The rules with a lower limit on a single gift for exactly this, at one site; None where none would be lower.

    Beside each rule that lets such a gift through stands a narrower one, never above it: a narrow rule sets wider ones aside,
    and so would lift a lower limit beside it. What everybody else may give stays as it is.
    Worked value: 100 for all remedies, 20 for refunds; under a limit of 40 for refunds nothing is lower, so None.
    """
    if spent.limit_minor is None:
        return None
    sources: dict[tuple[object, ...], Rule] = {}
    for rule in sorted(rules, key=lambda one: (narrowness(one), -one.limit_minor)):
        if _lets_through(rule, spent, site_id):
            sources[_window(rule)] = rule  # of one window the narrowest counts, and of those the lowest
    if not any(rule.limit_minor > spent.limit_minor for rule in sources.values()):
        return None
    twins = tuple(
        replace(
            rule, kind=spent.kind, category_id=spent.category_id, role=spent.role, site_id=site_id,
            limit_minor=min(rule.limit_minor, spent.limit_minor),
        )
        for rule in sources.values()
    )  # fmt: skip
    kept = [rule for rule in rules if not any(replace(rule, limit_minor=twin.limit_minor) == twin for twin in twins)]
    return (*kept, *twins)


def _window(rule: Rule) -> tuple[object, ...]:
    return (
        rule.unit, rule.days, rule.team_id, rule.level_min, rule.certificate, rule.segment, rule.severity_min,
        rule.severity_max, rule.valid_from, rule.valid_to,
    )  # fmt: skip


def _lets_through(rule: Rule, spent: Spent, site_id: int) -> bool:
    return (
        rule.measure == "amount"
        and not rule.hard
        and rule.unit in SINGLE
        and rule.currency == spent.currency
        and rule.kind in (None, spent.kind)
        and rule.category_id in (None, spent.category_id)
        and rule.role in (None, spent.role)
        and rule.site_id in (None, site_id)
    )
