"""The one judge: "Can I?", enforcement, replay and tests all ask this function. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from app.kernel.money import MINOR_MAX, Money
from app.kernel.money import NO_CURRENCY as NO_CURRENCY
from app.policies.answer_rules import Decision as Decision
from app.policies.answer_rules import Measure as Measure
from app.policies.answer_rules import Unit as Unit
from app.policies.answer_rules import WindowAnswer as WindowAnswer
from app.policies.rate_rules import NO_RATES, Rates, convert_up, most_within

# What a rule may name, from the coolest window to the hottest; ORDER has the windows that follow from rules too.
UNITS: tuple[Unit, ...] = (
    "remedy", "incident", "customer_incident", "customer_day", "customer_days", "employee_month", "team_month", "site_month",
)  # fmt: skip
# The units that give somebody authority; the others only bound what is given in sum.
GRANTING: tuple[Unit, ...] = ("remedy", "incident", "customer_incident", "customer_day")
OF_A_CUSTOMER: tuple[Unit, ...] = ("customer_incident", "customer_day", "customer_days")
# What one customer is given for one cause within 72 hours is counted together, however many cases it is split over.
CAUSE_DAYS = 3
ORDER: tuple[Unit, ...] = (
    "remedy", "incident", "customer_incident", "customer_cause", "customer_day", "customer_days", "employee_month",
    "team_month", "site_month",
)  # fmt: skip
# Redress takes from no window. A rule with its legal source computes it, or one of these roles names what it is owed by.
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

    @property
    def pool(self) -> str:
        """A rule for kind gestures alone (severity 0, nothing failed) counts in a purse of its own."""
        return "gesture" if self.severity_max == 0 else ""

    @property
    def counted_kind(self) -> str | None:
        """A count that names a kind counts that kind alone; an amount is of whatever was given in the window."""
        return self.kind if self.measure == "count" else None


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to give, to whom and when. The amount is in the site's currency, minor units >= 0.

    cause: what it is given for, counted together for one customer over cases; None leaves it out.
    at: when; None asks no rule for its validity. owed_minor: of redress, what a rule with its legal source has computed
    and is still to be given; None where no such rule was named.
    """

    amount: Money
    kind: str
    nature: str
    is_monetary: bool
    severity: int
    category_id: int | None
    segment: str | None = None
    cause: str | None = None
    has_customer: bool = True
    has_team: bool = True
    at: datetime | None = None
    owed_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who would give it. level: the highest that a valid certificate gives, 0 without one."""

    role: str | None
    site_id: int
    team_id: int | None = None
    level: int = 0
    certificates: frozenset[str] = frozenset()


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


def counted_kind(rule: Rule) -> str | None:
    return rule.counted_kind


def fits(rule: Rule, offer: Offer, holder: Holder) -> bool:
    """Tell whether a rule is about this offer by this holder; currencies are not asked about."""
    return (
        rule.role in (None, holder.role)
        and rule.site_id in (None, holder.site_id)
        and rule.team_id in (None, holder.team_id)
        and (rule.level_min is None or holder.level >= rule.level_min)
        and (rule.certificate is None or rule.certificate in holder.certificates)
        and rule.kind in (None, offer.kind)
        and rule.category_id in (None, offer.category_id)
        and rule.segment in (None, offer.segment)
        and rule.severity_min <= offer.severity <= rule.severity_max
        and (rule.measure == "count" or offer.is_monetary)
        and (offer.has_customer or rule.unit not in OF_A_CUSTOMER)
        and (offer.has_team or rule.unit != "team_month")
        and is_valid(rule, offer.at)
    )


def is_valid(rule: Rule, at: datetime | None) -> bool:
    """Tell whether a rule holds at an instant: from `valid_from` on, before `valid_to`."""
    if at is None:
        return True
    return (rule.valid_from is None or rule.valid_from <= at) and (rule.valid_to is None or at < rule.valid_to)


def narrowness(rule: Rule) -> tuple[bool, int, int, int]:
    """How much a rule names, to compare two of one window: for gestures alone, parts named, level, severities."""
    named = (
        rule.role, rule.site_id, rule.team_id, rule.level_min, rule.certificate, rule.kind, rule.category_id, rule.segment,
    )  # fmt: skip
    return (
        bool(rule.pool),
        sum(part is not None for part in named),
        rule.level_min or 0,
        rule.severity_min - rule.severity_max,
    )


def applicable(offer: Offer, holder: Holder, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules that this offer falls under, from the coolest unit to the hottest.

    Where two limits of one window apply, the narrower one (more of its parts named) holds; among equals the one in the
    offer's currency, then the lower. Hard caps stand beside, every one of them: no narrower rule displaces a cap.
    """
    currency = offer.amount.currency
    best: dict[tuple[object, ...], Rule] = {}
    for rule in rules:
        if not fits(rule, offer, holder):
            continue
        window = (rule.unit, rule.days, rule.measure, rule.counted_kind, rule.id if rule.hard else None)
        known = best.get(window)
        if known is None or _rank(rule, currency) > _rank(known, currency):
            best[window] = rule
    return tuple(sorted(best.values(), key=_order))


def _rank(rule: Rule, currency: str) -> tuple[object, ...]:
    return (*narrowness(rule), rule.currency == currency, -rule.limit_minor, -rule.id)


def _order(rule: Rule) -> tuple[int, int, bool, bool, int]:
    return ORDER.index(rule.unit), rule.days or 0, rule.measure == "count", rule.hard, rule.id


def windows_of(offer: Offer, holder: Holder, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules whose windows an offer takes from: the applicable ones, and the one of its cause.

    The window of the cause has the limit of the incident, and the rule's id negated.
    """
    found = applicable(offer, holder, rules)
    if offer.cause is None or not offer.has_customer:
        return found
    incidents = [
        rule
        for rule in found
        if rule.unit in ("incident", "customer_incident") and rule.measure == "amount" and not rule.hard
    ]
    if not incidents:
        return found
    whole = incidents[-1]
    cause = replace(whole, id=-whole.id, unit="customer_cause", days=CAUSE_DAYS)
    return tuple(sorted((*found, cause), key=_order))


def judge(
    offer: Offer, holder: Holder, rules: Sequence[Rule], used: Mapping[int, Usage], rates: Rates = NO_RATES
) -> Decision:
    """Decide whether the holder may give the offer: allowed, needs an approval, or refused.

    used: rule id → what that rule's window holds now; a missing one holds nothing. rates: for limits in another
    currency than the offer's. Redress is owed by law or contract, so it takes from no window.
    Worked value: limit 2,000.00, used 0: 2,000.00 is allowed, 2,000.01 needs an approval.
    """
    currency = offer.amount.currency
    nothing = Money(0, currency)
    is_sound = 0 < offer.amount.minor <= MINOR_MAX if offer.is_monetary else offer.amount.minor == 0
    if not is_sound:
        return Decision("refused", "bad_amount", "", nothing, ())
    if offer.nature == "redress":
        return _judge_redress(offer, holder)
    fitting = windows_of(offer, holder, rules)
    if offer.is_monetary and not _is_granted(fitting):
        return Decision("refused", _why_nothing(offer, holder, rules), "", nothing, ())
    # A limit that can't be compared is not a limit to pass by: without a rate nothing is given.
    unknown = next((rule for rule in fitting if not _is_comparable(rule, currency, rates)), None)
    if unknown:
        return Decision("refused", "unknown_currency", unknown.clause, nothing, ())
    windows = tuple(_answer(rule, offer, used.get(rule.id, Used()), rates) for rule in fitting)
    left = Money(min((_most(window, offer, rates) for window in windows), default=0), currency)
    exceeded = [window for window in windows if window.is_exceeded]
    capped = next((window for window in exceeded if window.hard), None)
    if capped:
        return Decision("refused", "hard_cap", capped.clause, left, windows)
    if exceeded:
        return Decision("needs_approval", "over_limit", exceeded[0].clause, left, windows)
    clause = windows[0].clause if windows else ""
    old = next((rule for rule in fitting if rule.measure == "amount" and rates.is_old(currency, rule.currency)), None)
    if old:
        return Decision("needs_approval", "old_rate", old.clause, nothing, windows)
    return Decision("allowed", "within" if offer.is_monetary else "no_money", clause, offer.amount, windows)


def _judge_redress(offer: Offer, holder: Holder) -> Decision:
    """Redress takes from no window: a rule computes it, or whoever leads names what it is owed by."""
    currency = offer.amount.currency
    if not offer.is_monetary:
        return Decision("allowed", "no_money", "", offer.amount, ())
    if offer.owed_minor is None and holder.role not in REDRESS_ROLES:
        return Decision("refused", "not_theirs", "", Money(0, currency), ())
    if offer.owed_minor is not None and offer.amount.minor > offer.owed_minor:
        return Decision("refused", "above_owed", "", Money(offer.owed_minor, currency), ())
    return Decision("allowed", "redress", "", offer.amount, ())


def _is_granted(rules: Sequence[Rule]) -> bool:
    return any(rule.unit in GRANTING and rule.measure == "amount" and not rule.hard for rule in rules)


def _is_comparable(rule: Rule, currency: str, rates: Rates) -> bool:
    return rule.measure == "count" or rates.is_known(currency, rule.currency)


def _why_nothing(offer: Offer, holder: Holder, rules: Sequence[Rule]) -> Literal["no_rule", "no_customer"]:
    """Say what is missing where no rule gives any authority: a rule, or only the customer's name."""
    named = replace(offer, has_customer=True)
    return "no_customer" if _is_granted(applicable(named, holder, rules)) else "no_rule"


def _most(window: WindowAnswer, offer: Offer, rates: Rates) -> int:
    """The most that a window lets be given now, in the offer's currency; a count lets all or nothing."""
    if window.measure == "count":
        return MINOR_MAX * bool(window.left_minor) if offer.is_monetary else 0
    return most_within(window.left_minor, window.currency, offer.amount.currency, rates)


def _answer(rule: Rule, offer: Offer, used: Usage, rates: Rates) -> WindowAnswer:
    # What an exception granted is somebody else's authority: it leaves the giver's own limit as it was. A hard cap counts all.
    approved_minor = 0 if rule.hard else used.approved_minor
    is_count = rule.measure == "count"
    return WindowAnswer(
        rule_id=rule.id,
        unit=rule.unit,
        days=rule.days,
        clause=rule.clause,
        currency=rule.currency,
        limit_minor=rule.limit_minor + approved_minor,
        settled_minor=used.settled_minor,
        reserved_minor=used.reserved_minor,
        requested_minor=1 if is_count else convert_up(offer.amount, rule.currency, rates),
        hard=rule.hard,
        approved_minor=approved_minor,
        measure=rule.measure,
        kind=rule.counted_kind,
        pool=rule.pool,
        rate_on=None if is_count else rates.published_on(offer.amount.currency, rule.currency),
    )
