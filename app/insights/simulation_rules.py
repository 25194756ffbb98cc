"""What a replay adds up to: answers, money, waiting, who is affected, and whether groups of customers fare alike. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from app.insights.equity_rules import Equity, Groups
from app.insights.rules import COUNT_MIN, Share, share
from app.policies.answer_rules import Outcome
from app.policies.replay_rules import Answer, Asked

# More changed answers than this are counted but not listed.
CHANGES_MAX = 2_000
Shift = Literal["freed", "restrained", "refused", "opened"]
SHIFTS: tuple[Shift, ...] = ("freed", "restrained", "refused", "opened")
# How customers are grouped, as far as the data say it.
GROUPINGS = ("site", "language", "segment")


@dataclass(frozen=True, slots=True)
class Change:
    """One answer that differs."""

    asked: Asked
    before: Answer
    after: Answer

    @property
    def shift(self) -> Shift:
        return shift_of(self.before.outcome, self.after.outcome)


def shift_of(before: Outcome, after: Outcome) -> Shift:
    """Name a difference: freed of asking, restrained to ask, refused, or opened where nothing was possible."""
    if after == "refused":
        return "refused"
    if before == "refused":
        return "opened"
    return "freed" if after == "allowed" else "restrained"


@dataclass(slots=True)
class Side:
    """How all answers add up under one policy; spend in minor units by currency."""

    allowed: int = 0
    needs_approval: int = 0
    refused: int = 0
    spend: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome, currency: str, given_minor: int) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.spend[currency] += given_minor

    @property
    def asked(self) -> int:
        return self.allowed + self.needs_approval + self.refused

    @property
    def at_once(self) -> Share:
        """The share that nobody has to wait for."""
        return share(self.allowed, self.asked)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waiting time of customers for approvals, in seconds.

    saved_seconds: what the freed requests waited then. The other two are counts that no wait was measured for; they
    stand at typical_seconds each, the median wait of the period, or at nothing while that can't be told.
    """

    saved_seconds: int
    saved_measured: int
    saved_unmeasured: int
    added: int
    typical_seconds: int | None

    @property
    def net_seconds(self) -> int | None:
        """What customers wait less under the draft (negative: more); None while it can't be told: too few waits are known."""
        if not (self.saved_measured or self.saved_unmeasured or self.added):
            return 0
        if self.typical_seconds is None:
            return None
        return self.saved_seconds + (self.saved_unmeasured - self.added) * self.typical_seconds


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a simulation says. then: as it was recorded. faithful: recorded answers that a replay gives again."""

    then: Side
    before: Side
    after: Side
    faithful: tuple[int, int]
    waiting: Waiting
    shifts: Mapping[str, int]
    roles: Mapping[str, Mapping[str, int]]
    sites: Mapping[int, Mapping[str, int]]
    cases: int
    customers: int
    changes: tuple[Change, ...]
    equity: tuple[Equity, ...]

    @property
    def changed(self) -> int:
        return sum(self.shifts.values())

    @property
    def is_enough(self) -> bool:
        """Fewer replayed answers give no figure at all: only what each single one would be."""
        return self.after.asked >= COUNT_MIN

    @property
    def spend_change(self) -> dict[str, int]:
        """By currency, how much more (negative: less) would have been given."""
        currencies = sorted({*self.before.spend, *self.after.spend})
        return {currency: self.after.spend[currency] - self.before.spend[currency] for currency in currencies}


class Tally:
    """Adds up a replay, one answer at a time."""

    def __init__(self) -> None:
        self._then, self._before, self._after = Side(), Side(), Side()
        self._faithful = 0
        self._waits: list[int] = []
        self._saved_seconds = self._saved_measured = self._saved_unmeasured = self._added = 0
        self._shifts: Counter[str] = Counter()
        self._roles: dict[str, Counter[str]] = {}
        self._sites: dict[int, Counter[str]] = {}
        self._cases: set[int] = set()
        self._customers: set[int] = set()
        self._changes: list[Change] = []
        self._groups = {by: (Groups(), Groups()) for by in GROUPINGS}

    def add(self, asked: Asked, *, before: Answer, after: Answer, then: Answer) -> None:
        """before: under the policy that the draft is compared with; then: a replay of the version in force at the time."""
        currency, money = asked.offer.amount.currency, int(asked.offer.is_monetary)  # a piece costs no money
        self._then.add(asked.outcome, currency, asked.given_minor * money)
        self._before.add(before.outcome, currency, before.given_minor * money)
        self._after.add(after.outcome, currency, after.given_minor * money)
        self._faithful += then.outcome == asked.outcome
        self._group(asked, before, after)
        waited = asked.exception.waited_seconds if asked.exception else None
        if waited is not None:
            self._waits.append(waited)
        if before.outcome == after.outcome:
            return
        self._wait(before, after, waited)
        self._affect(Change(asked, before, after))

    def _wait(self, before: Answer, after: Answer, waited: int | None) -> None:
        if after.outcome == "needs_approval":
            self._added += 1
        elif before.outcome == "needs_approval" and waited is not None:
            self._saved_seconds += waited
            self._saved_measured += 1
        elif before.outcome == "needs_approval":
            self._saved_unmeasured += 1

    def _affect(self, change: Change) -> None:
        asked, shift = change.asked, change.shift
        self._shifts[shift] += 1
        self._roles.setdefault(asked.holder.role or "", Counter())[shift] += 1
        self._sites.setdefault(asked.site_id, Counter())[shift] += 1
        self._cases.add(asked.case_id)
        if asked.customer_id is not None:
            self._customers.add(asked.customer_id)
        if len(self._changes) < CHANGES_MAX:
            self._changes.append(change)

    def _group(self, asked: Asked, before: Answer, after: Answer) -> None:
        currency, money = asked.offer.amount.currency, int(asked.offer.is_monetary)
        alike = (asked.offer.kind, asked.offer.category_id, asked.offer.severity)
        for by, group in (("site", asked.site_id), ("language", asked.language), ("segment", asked.offer.segment)):
            if group is None:
                continue
            for groups, answer in zip(self._groups[by], (before, after), strict=True):
                groups.add(group, answer.outcome == "allowed", currency, answer.given_minor * money, alike)

    def result(self) -> Result:
        typical = int(median(self._waits)) if len(self._waits) >= COUNT_MIN else None
        return Result(
            then=self._then,
            before=self._before,
            after=self._after,
            faithful=(self._faithful, self._then.asked),
            waiting=Waiting(self._saved_seconds, self._saved_measured, self._saved_unmeasured, self._added, typical),
            shifts={shift: self._shifts[shift] for shift in SHIFTS},
            roles=self._roles,
            sites=self._sites,
            cases=len(self._cases),
            customers=len(self._customers),
            changes=tuple(self._changes),
            equity=tuple(
                _equity(by, before, after) for by, (before, after) in self._groups.items() if len(before.answers) > 1
            ),
        )


def _equity(by: str, before: Groups, after: Groups) -> Equity:
    amounts = before.amount_gaps()
    same = before.amounts == after.amounts  # resampling the same once more says nothing new
    return Equity(by, before.gaps(), after.gaps(), amounts, amounts if same else after.amount_gaps())
