"""What the judge answers: an outcome with its reason, and every window's limit, use and headroom. Pure values."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from app.kernel.money import Money

Unit = Literal[
    "remedy", "incident", "customer_incident", "customer_cause", "customer_day", "customer_days", "employee_month",
    "team_month", "site_month",
]  # fmt: skip
Measure = Literal["amount", "count"]
Outcome = Literal["allowed", "needs_approval", "refused"]
Why = Literal[
    "within", "no_money", "redress", "over_limit", "hard_cap", "old_rate", "no_rule", "no_customer", "bad_amount",
    "unknown_currency", "not_theirs", "above_owed",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """One window's part of the answer; all figures in minor units of one currency, or in pieces where it counts.

    rule_id: negative where the window follows from a rule (its id negated) instead of being named by it.
    """

    rule_id: int
    unit: Unit
    days: int | None
    clause: str
    currency: str
    limit_minor: int
    settled_minor: int
    reserved_minor: int
    requested_minor: int
    hard: bool
    approved_minor: int = 0  # the part of the limit that exceptions have added
    measure: Measure = "amount"
    kind: str | None = None  # the only kind that is counted
    pool: str = ""  # "gesture": the purse of kind gestures
    rate_on: date | None = None  # the day of the rate by which the request was converted

    @property
    def left_minor(self) -> int:
        """What may still be given before this offer; never below zero."""
        return max(0, self.limit_minor - self.settled_minor - self.reserved_minor)

    @property
    def headroom_minor(self) -> int:
        """What would be left after this offer; negative by how far it is exceeded."""
        return self.limit_minor - self.settled_minor - self.reserved_minor - self.requested_minor

    @property
    def is_exceeded(self) -> bool:
        return self.requested_minor > 0 and self.headroom_minor < 0

    @property
    def is_lowered(self) -> bool:
        """More was given than the limit is by now: it was lowered since, and nothing new fits."""
        return self.settled_minor + self.reserved_minor > self.limit_minor

    @property
    def over_minor(self) -> int:
        return max(0, -self.headroom_minor)

    def json(self) -> dict[str, Any]:
        """The window as the API, the receipt and the request of an exception keep it."""

        def money(minor: int) -> dict[str, str]:
            return Money(minor, self.currency).json()

        return {
            "unit": self.unit,
            "days": self.days,
            "measure": self.measure,
            "kind": self.kind,
            "pool": self.pool,
            "clause": self.clause,
            "limit": money(self.limit_minor),
            "used": money(self.settled_minor + self.reserved_minor),
            "settled": money(self.settled_minor),
            "reserved": money(self.reserved_minor),
            "requested": money(self.requested_minor),
            "headroom": money(self.headroom_minor),
            "exceeded": self.is_exceeded,
            "lowered": self.is_lowered,
            "rate_on": self.rate_on.isoformat() if self.rate_on else None,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The judge's answer with its reason."""

    outcome: Outcome
    why: Why
    clause: str
    allowed_now: Money
    windows: tuple[WindowAnswer, ...]

    @property
    def exceeded(self) -> tuple[WindowAnswer, ...]:
        return tuple(window for window in self.windows if window.is_exceeded)

    def without_request(self) -> "Decision":
        """The windows as they stand, with nothing asked of them."""
        windows = tuple(replace(window, requested_minor=0) for window in self.windows)
        return replace(self, windows=windows)

    def json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reason": self.why,
            "clause": self.clause,
            "allowed_now": self.allowed_now.json(),
            "windows": [window.json() for window in self.windows],
        }
