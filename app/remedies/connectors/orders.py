"""What a connector is asked, and what it may answer. No database and no Flask in here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from app.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Order:
    """One payout to make. `key` names it for ever; `try_key` is new only after a definite refusal.

    is_repeat: it may have been sent before, so a connector looks first where it can.
    """

    payout: str
    remedy: str
    case: str
    kind: str
    amount: Money
    key: str
    round: int
    payment_ref: str | None
    is_repeat: bool
    now: datetime

    @property
    def try_key(self) -> str:
        return f"{self.key}-{self.round}"


@dataclass(frozen=True, slots=True)
class Paid:
    """The provider took it over; waiting: it will tell the end later."""

    reference: str
    state: Literal["confirmed", "waiting"]


class Refused(Exception):
    """A definite answer: nothing was paid, and asking the same again will not help."""


class Unclear(Exception):
    """No definite answer. acted: it may have been paid; not acted: surely not, e.g. nobody listened."""

    def __init__(self, reason: str, *, acted: bool) -> None:
        super().__init__(reason)
        self.acted = acted


class Connector(Protocol):
    """Pays orders. `missing` names the setting without which it can't, or is empty."""

    @property
    def missing(self) -> str: ...

    def pay(self, order: Order) -> Paid: ...


@runtime_checkable
class Looking(Protocol):
    """A connector that can be asked again how what it took over stands; `reference` is what it called it."""

    def look(self, order: Order, reference: str) -> Paid: ...
