"""Which purse a rule draws from, and in which order purses are taken. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

# From the coolest window to the hottest: the one order in which every transaction takes them, so that none waits in a ring.
UNITS = ("incident", "customer_days", "employee_month", "team_month")


class Windowed(Protocol):
    """Whatever names a window: an authority rule, or a claim."""

    @property
    def unit(self) -> str: ...
    @property
    def days(self) -> int | None: ...
    @property
    def currency(self) -> str: ...


class Limiting(Windowed, Protocol):
    """A window with an identity, by which its usage is answered."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What a spend asks of one window: its own limit, or (hard) the cap of everything. `said` is shown on a refusal."""

    unit: str
    days: int | None
    currency: str
    limit_minor: int
    hard: bool = False
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a window holds, in minor units; `approved` is the part that stands on exceptions."""

    settled_minor: int = 0
    reserved_minor: int = 0
    approved_minor: int = 0


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


def purse_key(rule: Windowed, spending: Spending, at: datetime) -> PurseKey | None:
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
