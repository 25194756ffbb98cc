"""The facts beside the buttons: what is exceeded, who the customer is, what the purse keeps. For pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.approvals import history_queries, queries, rules, step_queries
from app.approvals.history_queries import History
from app.approvals.queries import RequestRow
from app.approvals.step_queries import Line, StepRow
from app.kernel.actor import Actor
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.people import queries as people
from app.people.permissions import Scope
from app.policies.rules import Decision
from app.remedies import queries as remedies
from app.sla.queries import ClockView, clock_of_record

TURN_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Exceeded:
    """One window that the request goes beyond."""

    name: str
    clause: str
    limit: Money
    used: Money
    asked: Money

    @property
    def over(self) -> Money:
        return self.used + self.asked - self.limit


@dataclass(frozen=True, slots=True)
class Purse:
    """A window as it is and as it would be after an approval."""

    name: str
    limit: Money
    settled: Money
    reserved: Money
    asked: Money

    @property
    def left(self) -> Money:
        return self.limit - self.settled - self.reserved

    @property
    def left_after(self) -> Money:
        return self.left - self.asked


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that the decision page shows."""

    row: RequestRow
    names: dict[int, str]
    answer: rules.Allowed | rules.Refused
    place: int
    waiting: int
    exceeded: list[Exceeded]
    history: History
    given: Money
    steps: tuple[StepRow, ...]
    lines: tuple[Line, ...]
    turn: str
    category: str
    kind: str
    zone: str
    clock: ClockView | None

    @property
    def may_decide(self) -> bool:
        return isinstance(self.answer, rules.Allowed)

    @property
    def total(self) -> Money:
        """What the customer would have in this case after an approval of the whole."""
        return self.given + (self.row.granted or self.row.amount)

    @property
    def loss(self) -> Money | None:
        """What the customer says they lost."""
        return None if self.row.loss_minor is None else Money(self.row.loss_minor, self.row.currency)

    def name(self, identity: int | None) -> str:
        return self.names.get(identity or 0, "–")


def sheet_for(row: RequestRow, scope: Scope, actor: Actor, now: datetime) -> Sheet:
    """Gather the page's facts; the number of queries is the same for every request."""
    history = history_queries.history_of(row.customer_id, row.case_id) if row.customer_id else History()
    around = history_queries.place_of(row)
    written, lines = step_queries.written([row.id]), step_queries.thread(row.id)
    steps = step_queries.steps_of(row.id, written)
    standing = queries.standing([row], now, written=written if row.is_waiting else None)
    turn = standing.asked_ids(row.id)[:TURN_SHOWN] if row.is_waiting else []
    said = [one for step in steps for one in step.said]
    place, waiting = queries.neighbours(row, scope, actor.id) if row.is_waiting else (0, 0)
    names = people.names(
        [
            *(row.requested_by_id, row.handler_id, row.decided_by_id, row.on_behalf_of_id, row.ended_by_id, *turn),
            *(identity for one in said for identity in (one.by_id, one.on_behalf_of_id)),
            *(line.author_id for line in lines),
        ]
    )
    return Sheet(
        row=row,
        names=names,
        answer=standing.answer(row.id, actor),
        place=place,
        waiting=waiting,
        exceeded=[_exceeded(window, row.currency) for window in row.over],
        history=history,
        given=Money(row.given_minor, row.currency),
        steps=steps,
        lines=lines,
        turn=", ".join(names[one] for one in turn if one in names),
        category=around.category,
        kind=around.kind,
        zone=around.zone,
        clock=clock_of_record(row.ref, now),
    )


def unit_words(unit: str, days: int | None) -> str:
    """Name a window for the one who decides."""
    if unit == "customer_days":
        return _("This customer, any %(days)d days", days=days or 0)
    return {
        "remedy": _("Any one remedy"),
        "incident": _("Any one incident"),
        "customer_incident": _("This customer, this incident"),
        "customer_cause": _("This customer, this cause, 72 hours"),
        "customer_day": _("This customer, one day"),
        "employee_month": _("The asker's month"),
        "site_month": _("The site's month"),
        "team_month": _("The team's pool, this month"),
    }.get(unit, unit)


def _exceeded(window: dict[str, Any], currency: str) -> Exceeded:
    def money(name: str) -> Money:
        return Money(int(window.get(name, 0)), str(window.get("currency", currency)))

    return Exceeded(
        name=unit_words(str(window.get("unit", "")), window.get("days")),
        clause=str(window.get("clause", "")),
        limit=money("limit"),
        used=money("used"),
        asked=money("requested"),
    )


@dataclass(frozen=True, slots=True)
class Keeps:
    """What an approval would take and leave, and what the asker may give at once of a waiting request."""

    purses: list[Purse]
    part: Money | None


def keeps(row: RequestRow, now: datetime) -> Keeps:
    """Judge a waiting request as if the asker gave it now; of one that has ended there is nothing to say."""
    decision = _judged(row, now) if row.is_waiting else None
    return Keeps(_purses(decision) if decision else [], _part_of(decision, row))


def part_now(row: RequestRow, now: datetime) -> Money | None:
    """What the asker may give at once of a waiting request, the rest going on; None when that is nothing."""
    return _part_of(_judged(row, now), row)


def _part_of(decision: Decision | None, row: RequestRow) -> Money | None:
    if decision is None or row.remedy_id is None or decision.outcome != "needs_approval":
        return None
    part = decision.allowed_now
    return part if 0 < part.minor < row.amount_minor else None


def _judged(row: RequestRow, now: datetime) -> Decision | None:
    """Judge the request as if the asker gave it now."""
    asker = people.person(row.requested_by_id)
    if asker is None:
        return None
    try:
        return remedies.can_i(
            case_id=row.case_id, kind=row.kind, amount=row.amount, actor=asker.actor, now=now
        ).decision
    except Refusal:  # the asker has moved on; what the purse would keep is then told by the decision itself
        return None


def _purses(decision: Decision) -> list[Purse]:
    """The team's pool that an approval takes from."""
    return [
        Purse(
            name=unit_words(window.unit, window.days),
            limit=Money(window.limit_minor, window.currency),
            settled=Money(window.settled_minor, window.currency),
            reserved=Money(window.reserved_minor, window.currency),
            asked=Money(window.requested_minor, window.currency),
        )
        for window in decision.windows
        if window.unit == "team_month"
    ]
