"""Which purse a rule draws from, and in which order purses are taken. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.policies.rules import UNITS, Rule


@dataclass(frozen=True, slots=True)
class Spending:
    """What a spend touches: the case, its customer if known, who gives, and the pool of the team."""

    case_id: int
    customer_id: int | None
    employee_id: int | None
    site_id: int
    team_id: int | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class PurseKey:
    """The purse of one rule for one spend. `period` is the calendar month in the site's zone, e.g. "2026-03"."""

    key: str
    unit: str
    period: str | None
    days: int | None
    currency: str


def month_of(at: datetime, time_zone: str) -> str:
    """Return the calendar month of an instant in a zone. Worked value: 2026-03-31 23:30 UTC in Tokyo is "2026-04"."""
    return at.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m")


def purse_key(rule: Rule, spending: Spending, at: datetime) -> PurseKey | None:
    """Return the purse that a rule draws from, or None when the spend has no such subject (no customer, no team)."""
    month = month_of(at, spending.time_zone)
    subject: int | None
    period: str | None = month
    if rule.unit == "incident":
        subject, period = spending.case_id, None
    elif rule.unit == "customer_days":
        subject, period = spending.customer_id, None
    elif rule.unit == "employee_month":
        subject = spending.employee_id
    else:
        subject = spending.team_id
    if subject is None:
        return None
    parts = [rule.unit, str(rule.days or ""), str(subject), period or "", rule.currency]
    return PurseKey(":".join(parts), rule.unit, period, rule.days, rule.currency)


def in_order(units: Iterable[str]) -> list[str]:
    """Sort units from the coolest to the hottest, the one order in which every transaction takes them."""
    return sorted(units, key=UNITS.index)
