"""Reads of what is owed: the rules, and what a case owes by them, in one query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, or_, select

from app.budgets import queries as budgets
from app.cases.models import Case
from app.kernel.database import db
from app.kernel.money import Money
from app.people.models import Site
from app.policies.rate_rules import NO_RATES, Rate, Rates
from app.remedies import redress_rules as rules
from app.remedies.models import Remedy
from app.remedies.redress_models import Entitlement, RedressFinding, RedressRemedy
from app.remedies.redress_rules import Facts

_COLUMNS = (
    Entitlement.id, Entitlement.code, Entitlement.name, Entitlement.source, Entitlement.kind, Entitlement.category_id,
    Entitlement.country, Entitlement.attribution, Entitlement.severity_min, Entitlement.formula, Entitlement.valid_from,
    Entitlement.retired_at,
)  # fmt: skip
STANDING = ("reserved", "settled")


@dataclass(frozen=True, slots=True)
class OwedLine:
    """What a case owes by one entitlement. amount: None while a fact is missing; given: offered or given for it already."""

    rule: rules.Entitlement
    amount: Money | None
    given: Money
    missing: str | None
    set_aside: str | None  # why nothing is owed after all

    @property
    def left(self) -> Money:
        """What must still be given; nothing where it was set aside."""
        if self.amount is None or self.set_aside is not None:
            return Money(0, self.given.currency)
        return Money(max(0, self.amount.minor - self.given.minor), self.given.currency)

    @property
    def is_open(self) -> bool:
        return self.set_aside is None and (self.amount is None or self.left.minor > 0)


def entitlements() -> tuple[rules.Entitlement, ...]:
    """Every rule of what is owed, those that hold now first."""
    order = (Entitlement.retired_at.is_not(None), Entitlement.code)
    return tuple(rules.Entitlement(*row) for row in db.session.execute(select(*_COLUMNS).order_by(*order)))


def _owed() -> Select[Any]:
    """Rules that may fit a case, each with what was found and given; put together once, since each look at a case asks it."""
    case_id = bindparam("case_id", type_=Case.id.type)
    newest = (
        select(func.max(RedressFinding.id))
        .where(RedressFinding.case_id == case_id, RedressFinding.entitlement_id == Entitlement.id)
        .correlate(Entitlement)
        .scalar_subquery()
    )
    given = (
        select(func.coalesce(func.sum(Remedy.amount_minor), 0))
        .join(RedressRemedy, RedressRemedy.remedy_id == Remedy.id)
        .where(RedressRemedy.entitlement_id == Entitlement.id, Remedy.case_id == case_id, Remedy.state.in_(STANDING))
        .correlate(Entitlement)
        .scalar_subquery()
    )
    found = (RedressFinding.outcome, RedressFinding.facts, RedressFinding.reason)
    return (
        select(*_COLUMNS, Site.currency, Site.country, Site.time_zone, given, *found)
        .select_from(Entitlement)
        .join(Site, Site.id == bindparam("site_id", type_=Site.id.type))
        .outerjoin(RedressFinding, RedressFinding.id == newest)
        .where(
            Entitlement.severity_min <= bindparam("severity"),
            or_(Entitlement.category_id.is_(None), Entitlement.category_id == bindparam("category_id")),
            Entitlement.valid_from <= bindparam("occurred_at"),
        )
        .order_by(Entitlement.code)
    )


_OWED = _owed()


def owed_in_case(case: Case, now: datetime) -> tuple[OwedLine, ...]:
    """What a case owes, line by line; one query, and one more where an amount stands in another currency."""
    asked = {
        "case_id": case.id, "site_id": case.site_id, "severity": case.severity, "category_id": case.category_id,
        "occurred_at": case.occurred_at,
    }  # fmt: skip
    rows = db.session.execute(_OWED, asked).all()
    found = [(rules.Entitlement(*row[: len(_COLUMNS)]), row[len(_COLUMNS) :]) for row in rows]
    fitting = [(rule, rest, facts) for rule, rest in found if rules.applies(rule, facts := _facts(case, rest))]
    rates = _rates({rule.formula.get("currency", rest[0]) for rule, rest, _ in fitting}, fitting, now)
    return tuple(_line(rule, rest, facts, rates) for rule, rest, facts in fitting)


def _facts(case: Case, rest: Any) -> Facts:
    currency, country, _zone, _given, _outcome, found, _reason = rest
    loss = Money(case.loss_minor, currency) if case.loss_minor is not None else None
    return Facts(
        case.category_id, country, case.attribution, case.severity, case.occurred_at, loss, currency, found or {}
    )


def _rates(currencies: set[str], fitting: list[Any], now: datetime) -> Rates:
    own = {rest[0] for _rule, rest, _facts in fitting}
    if currencies <= own:
        return NO_RATES
    day = now.astimezone(ZoneInfo(fitting[0][1][2])).date()
    rates = budgets.rates_on(own | currencies, day)
    return Rates(day, {code: Rate(*rate) for code, rate in rates.items()})


def _line(rule: rules.Entitlement, rest: Any, facts: Facts, rates: Rates) -> OwedLine:
    currency, _country, _zone, given_minor, outcome, _found, reason = rest
    amount = rules.owed(rule, facts, rates)
    missing = rules.missing_fact(rule, facts)
    return OwedLine(
        rule,
        amount,
        Money(int(given_minor), currency),
        missing if amount is None else None,
        reason if outcome == "not_owed" else None,
    )
