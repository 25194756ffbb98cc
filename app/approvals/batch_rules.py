"""Which requests may be decided several at once, and how long somebody has to have looked at them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from app.kernel.money import Money

PICKS_MAX = 20
# A human floor: nobody has read a request in less. Source: ASVS 5.0, 2.4.2.
LOOK_LASTS = timedelta(seconds=1)


class Asked(Protocol):
    """What the question depends on."""

    @property
    def kind(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def over(self) -> list[dict[str, Any]]: ...
    @property
    def policy_version_id(self) -> int | None: ...
    @property
    def amount(self) -> Money: ...


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """What was exceeded: the same kind of remedy over the same clauses of the same policy version."""

    kind: str
    currency: str
    clauses: tuple[str, ...]
    policy_version_id: int


def rule_of(row: Asked) -> Rule:
    clauses = tuple(sorted({str(window.get("clause", "")) for window in row.over}))
    return Rule(row.kind, row.currency, clauses, row.policy_version_id or 0)


def grouped(items: Iterable[Any], caps: Mapping[str, Money]) -> dict[Rule, list[Any]]:
    """Return the items under one rule, each at or below its currency's cap, where two or more may be decided.

    items: requests (`row`) with what refuses each to the reader (`refused`); those stay in, to be shown with the reason.
    """
    groups: dict[Rule, list[Any]] = {}
    for item in items:
        cap = caps.get(item.row.currency)
        if cap is not None and item.row.amount <= cap:
            groups.setdefault(rule_of(item.row), []).append(item)
    return {
        rule: found[:PICKS_MAX]
        for rule, found in sorted(groups.items())
        if sum(item.refused is None for item in found[:PICKS_MAX]) > 1
    }


def wait_for(count: int, shown_at: datetime, now: datetime) -> timedelta:
    """How much longer somebody has to look at so many requests; zero when they have."""
    return max(timedelta(0), shown_at + count * LOOK_LASTS - now)


def are_of_one_rule(rows: Sequence[Asked]) -> bool:
    return len({rule_of(row) for row in rows}) == 1
