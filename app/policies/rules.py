"""The one judge: "Can I?", enforcement, replay and tests all ask this function. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from app.kernel.money import MINOR_MAX, Money

Unit = Literal[
    "remedy", "incident", "customer_incident", "customer_day", "customer_days", "employee_month", "team_month", "site_month"
]  # fmt: skip
# From the coolest window to the hottest: the order in which enforcement takes them.
UNITS: tuple[Unit, ...] = (
    "remedy", "incident", "customer_incident", "customer_day", "customer_days", "employee_month", "team_month", "site_month",
)  # fmt: skip
Measure = Literal["amount", "count"]
# ISO 4217's code for "no currency": what a window of counts is in.
NO_CURRENCY = "XXX"
Outcome = Literal["allowed", "needs_approval", "refused"]
Why = Literal[
    "within", "no_money", "redress", "over_limit", "hard_cap", "no_rule", "bad_amount", "unknown_currency", "not_theirs"
]  # fmt: skip
# Redress takes from no window, so no limit would hold it: until rules with their legal source do, these roles record it.
REDRESS_ROLES = ("supervisor", "manager")


@dataclass(frozen=True, slots=True)
class Rule:
    """One authority rule of a policy version: who × what × unit and window × limit × clause × validity. None means any.

    Who: role, site_id, team_id, level_min (a level that certificates give), certificate (its code). What: kind,
    category_id, severity_min..max (inclusive), segment of the customer. measure "count": `limit_minor` is a number of
    remedies and `currency` is XXX. valid_from inclusive, valid_to exclusive. hard: nobody may exceed or approve beyond it.
    """

    id: int
    role: str | None
    site_id: int | None
    kind: str | None
    category_id: int | None
    severity_min: int
    severity_max: int
    unit: Unit
    days: int | None
    limit_minor: int
    currency: str
    clause: str
    hard: bool = False
    measure: Measure = "amount"
    team_id: int | None = None
    level_min: int | None = None
    certificate: str | None = None
    segment: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to give. The amount is in the site's currency, minor units >= 0."""

    amount: Money
    kind: str
    nature: str
    is_monetary: bool
    severity: int
    category_id: int | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who would give it."""

    role: str | None
    site_id: int


class Usage(Protocol):
    """What a window already holds, in minor units. `approved`: the part of it that stands on exceptions."""

    @property
    def settled_minor(self) -> int: ...
    @property
    def reserved_minor(self) -> int: ...
    @property
    def approved_minor(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Used:
    """A window's usage as a value, e.g. of a simulation; Used() is an untouched one."""

    settled_minor: int = 0
    reserved_minor: int = 0
    approved_minor: int = 0


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """One window's part of the answer; all figures in minor units of one currency."""

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
        return self.headroom_minor < 0

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
            "clause": self.clause,
            "limit": money(self.limit_minor),
            "used": money(self.settled_minor + self.reserved_minor),
            "settled": money(self.settled_minor),
            "reserved": money(self.reserved_minor),
            "requested": money(self.requested_minor),
            "headroom": money(self.headroom_minor),
            "exceeded": self.is_exceeded,
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


def applicable(offer: Offer, holder: Holder, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules that this offer falls under, from the coolest unit to the hottest.

    Where two limits of one unit and length apply, the narrower one (more of its parts named) holds; among equals the
    lower. A hard cap stands beside the limit of its unit and is never displaced by it.
    """
    best: dict[tuple[str, int | None, bool], Rule] = {}
    for rule in rules:
        fits = (
            rule.role in (None, holder.role)
            and rule.site_id in (None, holder.site_id)
            and rule.kind in (None, offer.kind)
            and rule.category_id in (None, offer.category_id)
            and rule.severity_min <= offer.severity <= rule.severity_max
            and rule.currency == offer.amount.currency
        )
        if not fits:
            continue
        known = best.get((rule.unit, rule.days, rule.hard))
        if known is None or (_narrowness(rule), -rule.limit_minor) > (_narrowness(known), -known.limit_minor):
            best[(rule.unit, rule.days, rule.hard)] = rule
    return tuple(sorted(best.values(), key=lambda rule: (UNITS.index(rule.unit), rule.days or 0, rule.hard, rule.id)))


def _narrowness(rule: Rule) -> int:
    named = (rule.role, rule.site_id, rule.kind, rule.category_id)
    return sum(part is not None for part in named) * 10 - (rule.severity_max - rule.severity_min)


def judge(offer: Offer, holder: Holder, rules: Sequence[Rule], used: Mapping[int, Usage]) -> Decision:
    """Decide whether the holder may give the offer: allowed, needs an approval, or refused.

    used: rule id → what that rule's window holds now; a missing one holds nothing. Redress is owed by law or contract,
    so it takes from no window, and only REDRESS_ROLES record it.
    Worked value: limit 2,000.00, used 0: 2,000.00 is allowed, 2,000.01 needs an approval.
    """
    currency = offer.amount.currency
    nothing = Money(0, currency)
    if offer.amount.minor < 0 or offer.amount.minor > MINOR_MAX:
        return Decision("refused", "bad_amount", "", nothing, ())
    if not offer.is_monetary:
        if offer.amount.minor:
            return Decision("refused", "bad_amount", "", nothing, ())
        return Decision("allowed", "no_money", "", nothing, ())
    if offer.amount.minor == 0:
        return Decision("refused", "bad_amount", "", nothing, ())
    if offer.nature == "redress":
        if holder.role not in REDRESS_ROLES:
            return Decision("refused", "not_theirs", "", nothing, ())
        return Decision("allowed", "redress", "", offer.amount, ())
    fitting = applicable(offer, holder, rules)
    if not any(rule.unit == "incident" and not rule.hard for rule in fitting):
        known = any(rule.currency == currency for rule in rules)
        return Decision("refused", "no_rule" if known else "unknown_currency", "", nothing, ())
    windows = tuple(_answer(rule, offer, used.get(rule.id, Used())) for rule in fitting)
    left = Money(min(window.left_minor for window in windows), currency)
    exceeded = [window for window in windows if window.is_exceeded]
    if not exceeded:
        return Decision("allowed", "within", windows[0].clause, offer.amount, windows)
    capped = next((window for window in exceeded if window.hard), None)
    if capped:
        return Decision("refused", "hard_cap", capped.clause, left, windows)
    return Decision("needs_approval", "over_limit", exceeded[0].clause, left, windows)


def _answer(rule: Rule, offer: Offer, used: Usage) -> WindowAnswer:
    # What an exception granted is somebody else's authority: it leaves the giver's own limit as it was. A hard cap counts all.
    approved_minor = 0 if rule.hard else used.approved_minor
    return WindowAnswer(
        rule_id=rule.id,
        unit=rule.unit,
        days=rule.days,
        clause=rule.clause,
        currency=rule.currency,
        limit_minor=rule.limit_minor + approved_minor,
        settled_minor=used.settled_minor,
        reserved_minor=used.reserved_minor,
        requested_minor=offer.amount.minor,
        hard=rule.hard,
        approved_minor=approved_minor,
    )
