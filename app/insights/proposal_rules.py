"""Exceptions that argue for their own removal: where the answer is always yes, a higher limit would spare the question. Pure.

A band is one kind of remedy, category, role and range of amounts in one currency. It proposes higher limits when the Wilson
lower bound of the share granted in full reaches BOUND_MIN. Source of the bound: Wilson 1927.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from app.insights.rules import wilson_interval
from app.kernel.money import precision
from app.policies.rules import GRANTING, Rule, narrowness

BOUND_MIN = 0.95
MORE_MAX = 2_000
# What one gift or one customer may get. Months are budgets: they run out, and no single request says that they should grow.
LIMITS: tuple[str, ...] = (*GRANTING, "customer_days")
# Amounts are grouped by a 1 · 1.5 · 2 · 3 · 5 · 7.5 series in whole units of the currency.
_SERIES = (10, 15, 20, 30, 50, 75)
_EDGES = [step * 10**power // 10 for power in range(1, 10) for step in _SERIES if step * 10**power % 10 == 0]


@dataclass(frozen=True, slots=True)
class Need:
    """One limit that stood in the way, and what it would have had to be, in minor units."""

    unit: str
    days: int | None
    minor: int


@dataclass(frozen=True, slots=True)
class Decided:
    """One exception that somebody decided: what the limits in its way would have had to be, and what was granted."""

    kind: str
    category_id: int
    role: str
    currency: str
    needs: tuple[Need, ...]
    granted_minor: int | None
    asked_minor: int
    waited_seconds: int
    at: datetime

    @property
    def amount_minor(self) -> int:
        """What was at stake: the most that any limit in its way would have had to be."""
        return max(need.minor for need in self.needs)

    @property
    def is_granted(self) -> bool:
        """In full: who grants less has looked, and would be missed."""
        return self.granted_minor is not None and self.granted_minor >= self.asked_minor


@dataclass(frozen=True, slots=True)
class Band:
    """Where alike exceptions are counted together: above `over` and up to `up_to`, minor units, both of one currency."""

    kind: str
    category_id: int
    role: str
    currency: str
    over: int
    up_to: int

    @property
    def key(self) -> str:
        parts = (self.kind, self.category_id, self.role, self.currency, self.over, self.up_to)
        return ":".join(str(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a band stands on. needs: the limits under which none of its granted requests would have been asked."""

    band: Band
    granted: int
    decided: int
    needs: tuple[Need, ...]
    waited_seconds: int
    at_risk_minor: int

    @property
    def limit_minor(self) -> int:
        """Up to which amount the band would be answered at once."""
        return max((need.minor for need in self.needs), default=0)

    @property
    def low(self) -> float:
        return wilson_interval(self.granted, self.decided)[0]

    @property
    def high(self) -> float:
        return wilson_interval(self.granted, self.decided)[1]

    @property
    def is_enough(self) -> bool:
        """Worked values: 73 of 73 is enough; 72 of 72, 8 of 8 and 72 of 73 are not."""
        return self.low >= BOUND_MIN

    @property
    def more(self) -> int | None:
        """How many more, all granted, would be enough; None where it is more than MORE_MAX."""
        for count in range(MORE_MAX + 1):
            if wilson_interval(self.granted + count, self.decided + count)[0] >= BOUND_MIN:
                return count
        return None


def band_of(one: Decided) -> Band:
    """The band that a decided exception falls into. Worked value: 120.00 is above 100.00, up to 150.00."""
    scale = 10 ** precision(one.currency)
    place = bisect_left(_EDGES, ceil(one.amount_minor / scale))
    over = _EDGES[place - 1] * scale if place else 0
    up_to = _EDGES[place] * scale if place < len(_EDGES) else one.amount_minor
    return Band(one.kind, one.category_id, one.role, one.currency, over, up_to)


def evidence(decided: Iterable[Decided]) -> tuple[Evidence, ...]:
    """Count the bands; those with more behind them first, never those with a better share."""
    found: dict[Band, list[Decided]] = {}
    for one in decided:
        found.setdefault(band_of(one), []).append(one)
    rows = [_evidence(band, members) for band, members in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.decided, row.band.key)))


def _evidence(band: Band, members: Sequence[Decided]) -> Evidence:
    granted = [one for one in members if one.is_granted]
    needs: dict[tuple[str, int | None], int] = {}
    for need in (need for one in granted for need in one.needs):
        needs[need.unit, need.days] = max(need.minor, needs.get((need.unit, need.days), 0))
    return Evidence(
        band=band,
        granted=len(granted),
        decided=len(members),
        needs=tuple(Need(*place, minor) for place, minor in sorted(needs.items(), key=str)),
        waited_seconds=sum(one.waited_seconds for one in granted),
        at_risk_minor=sum(one.granted_minor or 0 for one in granted),
    )


def is_capped(rules: Sequence[Rule], band: Band, needs: Sequence[Need]) -> bool:
    """Tell whether a hard cap forbids one of these limits."""
    return any(
        rule.hard
        and rule.measure == "amount"
        and rule.currency == band.currency
        and (rule.unit, rule.days) == (need.unit, need.days)
        and rule.limit_minor < need.minor
        and _is_about(rule, band)
        for rule in rules
        for need in needs
    )


def raised(rules: Sequence[Rule], band: Band, needs: Sequence[Need]) -> tuple[Rule, ...] | None:
    """The rules with this band's limits raised, or None where no rule of them binds it or a cap forbids it.

    A rule that is about exactly this band is raised; beside each wider one stands a new, narrower one of the same clause.
    A wider rule with a higher limit, e.g. of a certificate, gets its narrow twin too: the new ones must not displace it.
    """
    if is_capped(rules, band, needs):
        return None
    changed: tuple[Rule, ...] | None = None
    for need in needs:
        changed = _raised(changed or tuple(rules), band, need) or changed
    return changed


def _raised(rules: tuple[Rule, ...], band: Band, need: Need) -> tuple[Rule, ...] | None:
    about = [rule for rule in rules if _limits(rule, band, need)]
    if all(rule.limit_minor >= need.minor for rule in about):
        return None
    kept = [rule for rule in rules if rule not in about or not _is_exactly(rule, band)]
    twins: dict[tuple[object, ...], Rule] = {}
    for rule in sorted(about, key=narrowness):  # of two at one place the narrower one holds today
        limit = max(rule.limit_minor, need.minor)
        twin = replace(rule, kind=band.kind, category_id=band.category_id, role=band.role, limit_minor=limit)
        place = (
            rule.site_id, rule.team_id, rule.level_min, rule.certificate, rule.segment,
            rule.severity_min, rule.severity_max, rule.valid_from, rule.valid_to,
        )  # fmt: skip
        twins[place] = twin
    return (*kept, *twins.values())


def _limits(rule: Rule, band: Band, need: Need) -> bool:
    is_limit = rule.measure == "amount" and not rule.hard and (rule.unit, rule.days) == (need.unit, need.days)
    return is_limit and rule.currency == band.currency and _is_about(rule, band)


def _is_exactly(rule: Rule, band: Band) -> bool:
    return (rule.kind, rule.category_id, rule.role) == (band.kind, band.category_id, band.role)


def _is_about(rule: Rule, band: Band) -> bool:
    return (
        rule.kind in (None, band.kind)
        and rule.category_id in (None, band.category_id)
        and rule.role in (None, band.role)
    )
