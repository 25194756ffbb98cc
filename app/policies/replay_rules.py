"""Replay what was asked in the past under other rules: the same judge, with every window rebuilt in the order of time. Pure.

What stays as it was: who asked for what and when, what other people decided then, and what became of it. Only the answers
and the windows' usage follow the rules that are tried. So a replay shows what a policy would have said, not how people
would have changed because of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from app.kernel.money import Money
from app.policies.answer_rules import Decision, Outcome
from app.policies.rate_rules import Rates
from app.policies.rules import Holder, Offer, Rule, Used, judge, windows_of


@dataclass(frozen=True, slots=True)
class End:
    """A later change of what windows count of a hold: settled (perhaps for less), given back or reversed."""

    at: datetime
    counted_minor: int


@dataclass(frozen=True, slots=True)
class Exceptional:
    """The exception that it was then. granted_minor: None unless somebody approved (1 for what isn't money); decided_at:
    None while undecided.
    """

    decided_at: datetime | None
    granted_minor: int | None
    waited_seconds: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that somebody wanted to give, as it stood then, and what became of it. `outcome`: the answer then.

    is_attempt: it was refused then and nothing came of it; under rules that allow it, it is taken to be given in full.
    """

    id: int
    at: datetime
    offer: Offer
    holder: Holder
    case_id: int
    customer_id: int | None
    employee_id: int | None
    site_id: int
    team_id: int | None
    time_zone: str
    outcome: Outcome
    exception: Exceptional | None = None
    ends: tuple[End, ...] = ()
    version_id: int | None = None
    language: str | None = None
    is_attempt: bool = False

    @property
    def whole_minor(self) -> int:
        """What was asked for; what isn't money is one piece."""
        return self.offer.amount.minor if self.offer.is_monetary else 1

    @property
    def held_minor(self) -> int:
        """What was held for it then."""
        if self.is_attempt:
            return 0
        if self.exception is None:
            return self.whole_minor
        return self.exception.granted_minor or 0

    @property
    def given_minor(self) -> int:
        """What was given in the end, or is still held."""
        return self.ends[-1].counted_minor if self.ends and self.held_minor else self.held_minor


@dataclass(frozen=True, slots=True)
class Window:
    """Where a rule counts. days: None for a window with a fixed place in time, else how far back it looks."""

    key: str
    days: int | None = None


class Counting(Protocol):
    """How windows are named: the same way in which enforcement names its purses."""

    def window(self, rule: Rule, asked: Asked, at: datetime) -> Window | None:
        """The window of a rule, or None when there is nothing that it could count, e.g. no customer."""

    def rates(self, rules: Sequence[Rule], asked: Asked, at: datetime) -> Rates:
        """The exchange rates of that moment, as far as these rules need any."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules answer, and what would have been given in the end under them, in minor units."""

    decision: Decision
    given_minor: int

    @property
    def outcome(self) -> Outcome:
        return self.decision.outcome


@dataclass(slots=True)
class _Hold:
    """One amount in all its windows."""

    whole_minor: int
    shares: list["_Share"]


@dataclass(slots=True)
class _Share:
    """What a hold has in one window, in the window's own currency or pieces, and whether an exception pays for it."""

    window: Window
    at: datetime
    whole: int
    is_granted: bool
    counted: int

    def take(self, counted_minor: int, whole_minor: int) -> int:
        """Count this part of the whole from now on; returns the difference."""
        before, self.counted = self.counted, -(-self.whole * counted_minor // whole_minor)
        return self.counted - before


@dataclass(slots=True)
class _Sum:
    counted: int = 0
    approved: int = 0


@dataclass(order=True, slots=True)
class _Later:
    """Something that is due later in the replay, in the order of time."""

    at: datetime
    number: int
    do: Callable[[], None] = field(compare=False)


class Windows:
    """Every window's usage, filled in the order of time."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sum] = {}
        self._rolling: dict[str, list[_Share]] = {}

    def used(self, window: Window, at: datetime) -> Used:
        """What a window holds; reserved and settled aren't told apart, since no answer depends on it."""
        if window.days is None:
            found = self._sums.get(window.key, _Sum())
            return Used(found.counted, 0, found.approved)
        since = at - timedelta(days=window.days)
        shares = [share for share in self._rolling.get(window.key, ()) if share.at > since]
        if window.key in self._rolling:
            self._rolling[window.key] = shares
        granted = sum(share.counted for share in shares if share.is_granted)
        return Used(sum(share.counted for share in shares), 0, granted)

    def recount(self, hold: _Hold, counted_minor: int) -> None:
        """Count another part of a hold from now on; a new one's shares count nothing yet."""
        for share in hold.shares:
            change = share.take(counted_minor, hold.whole_minor)
            if share.window.days is None:
                total = self._sums.setdefault(share.window.key, _Sum())
                total.counted += change
                total.approved += change if share.is_granted else 0

    def hold(self, hold: _Hold) -> None:
        for share in hold.shares:
            if share.window.days is not None:
                self._rolling.setdefault(share.window.key, []).append(share)
        self.recount(hold, hold.whole_minor)


class Replay:
    """One pass through the past under one set of rules; `ask` must be called in the order of (at, id).

    rules_for: the rules that hold for what was asked, e.g. always a draft's, or those of the version in force then.
    """

    def __init__(self, rules_for: Callable[[Asked], Sequence[Rule]], counting: Counting) -> None:
        self._rules_for = rules_for
        self._counting = counting
        self._windows = Windows()
        self._later: list[_Later] = []
        self._number = 0

    def ask(self, asked: Asked) -> Answer:
        """Answer as the judge would have at that moment, and let the windows fill as the answer has it."""
        while self._later and self._later[0].at <= asked.at:
            heappop(self._later).do()
        decision, windows = self._judge(asked, asked.offer, asked.at)
        if decision.outcome == "allowed":
            given_minor = _given_at_once(asked)
            ends = _ends_at_once(asked, given_minor)
            self._hold(asked.whole_minor, asked.at, decision, windows, ends)
            return Answer(decision, given_minor)
        held_minor = asked.whole_minor if asked.is_attempt else asked.held_minor
        if decision.outcome == "refused" or not held_minor:
            return Answer(decision, 0)
        if asked.exception is None or asked.exception.decided_at is None:
            # Nobody had to be asked then. Whoever would have been is taken to say yes, as nearly all are.
            self._hold(held_minor, asked.at, decision, windows, asked.ends)
        else:
            decided_at = asked.exception.decided_at
            self._after(decided_at, lambda: self._approve(asked, decided_at))
        return Answer(decision, held_minor if asked.is_attempt else asked.given_minor)

    def _approve(self, asked: Asked, at: datetime) -> None:
        offer = asked.offer
        if offer.is_monetary:
            offer = replace(offer, amount=Money(asked.held_minor, offer.amount.currency))
        self._hold(asked.held_minor, at, *self._judge(asked, offer, at), asked.ends)

    def _judge(self, asked: Asked, offer: Offer, at: datetime) -> tuple[Decision, dict[int, Window]]:
        rules = self._rules_for(asked)
        windows: dict[int, Window] = {}
        fitting = windows_of(offer, asked.holder, rules)
        for rule in fitting:
            window = self._counting.window(rule, asked, at)
            if window is not None:
                windows[rule.id] = window
        used = {rule_id: self._windows.used(window, at) for rule_id, window in windows.items()}
        return judge(offer, asked.holder, rules, used, self._counting.rates(fitting, asked, at)), windows

    def _hold(
        self, minor: int, at: datetime, decision: Decision, windows: Mapping[int, Window], ends: Iterable[End]
    ) -> None:
        granted = {windows[one.rule_id] for one in decision.exceeded if not one.hard and one.rule_id in windows}
        shares: dict[Window, _Share] = {}
        for answer in decision.windows:
            window = windows.get(answer.rule_id)
            if window is not None and answer.requested_minor:
                shares[window] = _Share(window, at, answer.requested_minor, window in granted, 0)
        hold = _Hold(minor, list(shares.values()))
        self._windows.hold(hold)
        for end in ends:
            self._after(end.at, lambda counted=end.counted_minor: self._windows.recount(hold, counted))  # type: ignore[misc]

    def _after(self, at: datetime, do: Callable[[], None]) -> None:
        self._number += 1
        heappush(self._later, _Later(at, self._number, do))


def _given_at_once(asked: Asked) -> int:
    """What is given in the end when nobody has to be asked: what was asked for, unless the customer took less or nothing."""
    if asked.is_attempt:
        return asked.whole_minor
    if asked.exception is None or asked.exception.granted_minor is None:
        return asked.given_minor if asked.exception is None else asked.whole_minor
    took_less = asked.given_minor < asked.held_minor
    return asked.given_minor if took_less else asked.whole_minor


def _ends_at_once(asked: Asked, given_minor: int) -> tuple[End, ...]:
    """The same later changes; where the whole of a smaller grant was taken, the whole of what was asked for is taken."""
    whole = asked.held_minor
    return tuple(End(end.at, given_minor if end.counted_minor == whole else end.counted_minor) for end in asked.ends)
