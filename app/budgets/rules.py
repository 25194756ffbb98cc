"""Which purse a rule draws from, and in which order purses are taken. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

# From the coolest window to the hottest: the one order in which every transaction takes them, so that none waits in a ring.
UNITS = (
    "incident", "customer_incident", "customer_cause", "customer_day", "customer_days", "employee_month", "team_month",
    "site_month",
)  # fmt: skip
# Windows that reach back from the moment of asking, instead of lying on the calendar.
ROLLING = ("customer_cause", "customer_days")


class Windowed(Protocol):
    """Whatever names a window: an authority rule, or a claim."""

    @property
    def unit(self) -> str: ...
    @property
    def days(self) -> int | None: ...
    @property
    def currency(self) -> str: ...
    @property
    def counted_kind(self) -> str | None: ...
    @property
    def pool(self) -> str: ...


class Limiting(Windowed, Protocol):
    """A window with an identity, by which its usage is answered."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """What a spend asks of one window: its own limit, or (hard) the cap of everything. `said` is shown on a refusal.

    asked_minor: what it takes, in the window's own currency or pieces; None for the amount of the spend itself.
    """

    unit: str
    days: int | None
    currency: str
    limit_minor: int
    hard: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    asked_minor: int | None = None
    counted_kind: str | None = None
    pool: str = ""


def window_name(window: Windowed) -> str:
    """Name a window whoever its subject is, e.g. "customer_days:30:GBP" or "customer_days:30:XXX:upgrade"."""
    parts = [window.unit, *([str(window.days)] if window.days else []), window.currency]
    return ":".join(parts + [part for part in (window.counted_kind, window.pool) if part])


@dataclass(frozen=True, slots=True)
class Usage:
    """What a window holds, in minor units; `approved` is the part that stands on exceptions."""

    settled_minor: int = 0
    reserved_minor: int = 0
    approved_minor: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """What a spend touches: the case, its customer if known, who gives, the pool of the team, and what it is given for.

    numbers: all that the customer is known by, where several customers were found to be one; their windows count together.
    """

    case_id: int
    customer_id: int | None
    employee_id: int | None
    site_id: int
    team_id: int | None
    time_zone: str
    cause: str | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PurseKey:
    """The purse of one rule for one spend. `period`: the calendar month or day in the site's zone, e.g. "2026-03"."""

    key: str
    unit: str
    period: str | None
    days: int | None
    currency: str

    @property
    def is_rolling(self) -> bool:
        return self.unit in ROLLING


def month_of(at: datetime, time_zone: str) -> str:
    """Return the calendar month of an instant in a zone. Worked value: 2026-03-31 23:30 UTC in Tokyo is "2026-04"."""
    return at.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m")


def day_of(at: datetime, time_zone: str) -> str:
    """Return the calendar day of an instant in a zone. Worked value: 2026-03-31 23:30 UTC in Tokyo is "2026-04-01"."""
    return at.astimezone(ZoneInfo(time_zone)).date().isoformat()


def purse_key(rule: Windowed, spending: Spending, at: datetime) -> PurseKey | None:
    """Return the purse that a rule draws from; None when the spend has no such subject (no customer, no team).

    A single remedy is bounded by itself, so it has no purse either.
    """
    period: str | None = None
    subject: object = None
    customer = spending.customer_id
    match rule.unit:
        case "incident":
            subject = spending.case_id
        case "customer_incident":
            subject = customer and f"{customer}/{spending.case_id}"
        case "customer_cause":
            subject = customer and spending.cause and f"{customer}/{spending.cause}"
        case "customer_day":
            subject, period = customer, day_of(at, spending.time_zone)
        case "customer_days":
            subject = customer
        case "employee_month" | "team_month" | "site_month":
            subjects = {
                "employee_month": spending.employee_id, "team_month": spending.team_id, "site_month": spending.site_id,
            }  # fmt: skip
            subject, period = subjects[rule.unit], month_of(at, spending.time_zone)
    if subject is None:
        return None
    parts = [rule.unit, str(rule.days or ""), str(subject), period or "", rule.currency]
    parts += [part for part in (rule.counted_kind, rule.pool) if part]
    return PurseKey(":".join(parts), rule.unit, period, rule.days, rule.currency)


def keys_beside(rule: Windowed, spending: Spending, at: datetime) -> tuple[PurseKey, ...]:
    """Return the same window's purses under the customer's other numbers: what they hold counts, nothing is put into them."""
    if not rule.unit.startswith("customer_") or spending.customer_id is None:
        return ()
    others = (number for number in spending.numbers if number != spending.customer_id)
    found = (purse_key(rule, replace(spending, customer_id=number), at) for number in others)
    return tuple(key for key in found if key is not None)
