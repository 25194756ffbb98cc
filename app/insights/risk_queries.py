"""What the risk score is worked out of, in one statement: the switch, the consent, and what happened to each customer.

Only cases that the reader may open count. A customer is everybody they were merged of. Nothing is kept; while the score is
off, or the customer said no to automatic suggestions, nothing is worked out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, Select, cast, func, literal, null, or_, select, true, union_all

from app.cases import queries as cases
from app.cases.models import Case, CaseEvent
from app.cases.queries import Filters
from app.customers.care_rules import Said, consents
from app.customers.models import Customer, CustomerConsent, CustomerMerge
from app.insights.risk_models import RiskSwitch
from app.insights.risk_rules import LOOK_BACK, WORD_BACK, Score, Told, Turn, score, situation
from app.kernel.database import db
from app.people.models import Employee
from app.people.permissions import Scope
from app.promises.models import Promise
from app.sla.models import Clock

PURPOSE = "suggestions"
RANKED_MAX = 2_000
TURNS_MAX = 20
_CASE, _TURN, _MISSED, _SAID, _SWITCH, _OPEN = range(6)
_HOLDS = CustomerMerge.undone_at.is_(None)
_IS_ON: ColumnElement[bool] = func.coalesce(
    select(RiskSwitch.is_on).order_by(RiskSwitch.id.desc()).limit(1).scalar_subquery(),
    False,
    type_=RiskSwitch.is_on.type,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one customer. refused_at: when they said no to automatic suggestions; then there is no score."""

    score: Score | None
    refused_at: datetime | None = None


@dataclass(slots=True)
class Known:
    """What was read about one customer."""

    cases: dict[int, tuple[datetime, datetime, int]] = field(default_factory=dict)
    turns: dict[int, set[Turn]] = field(default_factory=lambda: defaultdict(set))
    was: dict[int, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    missed: list[datetime] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def standing(self, at: datetime) -> Standing:
        """The score of what was known just before `at`; the consent is what the customer says now."""
        stands = next(one for one in consents(self.said) if one.purpose == PURPOSE)
        if not stands.holds:
            return Standing(None, stands.last.said_at if stands.last else None)
        told = [
            Told(number, received, logged, severity, tuple(self.turns[number]), tuple(self.was[number]))
            for number, (received, logged, severity) in self.cases.items()
        ]
        return Standing(score(situation(told, self.missed, at)))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Open cases by risk. order: (points or -1, next due, case) of those looked at, as they stand. goes_on: there are more."""

    is_on: bool
    order: tuple[tuple[int, datetime, int], ...] = ()
    scores: dict[int, Score] = field(default_factory=dict)
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class TurnRow:
    """The score was turned on or off."""

    is_on: bool
    reason: str
    at: datetime
    by: str | None


def turns() -> tuple[TurnRow, ...]:
    """How the switch was turned, the newest first, at most TURNS_MAX."""
    rows = db.session.execute(
        select(RiskSwitch.is_on, RiskSwitch.reason, RiskSwitch.at, Employee.name)
        .outerjoin(Employee, Employee.id == RiskSwitch.by_id)
        .order_by(RiskSwitch.id.desc())
        .limit(TURNS_MAX)
    )
    return tuple(TurnRow(*row) for row in rows)


def is_on() -> bool:
    """Whether the company lets the score be worked out."""
    return bool(db.session.scalar(select(_IS_ON)))


def of_customer(numbers: Sequence[int], scope: Scope, now: datetime) -> Standing | None:
    """How it stands with one customer, or None while the score is off; one query."""
    her = select(Customer.id.label("customer_id")).where(Customer.id.in_(numbers), _IS_ON)
    _root, who = people_of(her.subquery())
    rows = db.session.execute(union_all(*facts(who, scope, now - LOOK_BACK), _switch()))
    switched, known, _open = gathered(rows)
    if not switched:
        return None
    return next(iter(known.values()), Known()).standing(now)


def ranked(scope: Scope, filters: Filters, *, me_id: int | None, team_id: int | None, now: datetime) -> Ranked:
    """The open cases of a queue, the customer most at risk first: the RANKED_MAX that are due first, in one query.

    Cases without a score (no customer known, or they said no) come after the others; none is left out.
    """
    where, values = cases.narrowed(scope, filters, me_id=me_id, team_id=team_id, now=now)
    found = (
        select(Case.id, Case.next_due_at, Case.customer_id)
        .where(*where, _IS_ON)
        .order_by(Case.next_due_at, Case.id)
        .limit(RANKED_MAX + 1)
        .cte("open_cases")
    )
    root, who = people_of(found)
    opened = select(
        literal(_OPEN), func.coalesce(root, 0), found.c.id, found.c.next_due_at, null(), null(), null()
    ).select_from(found.outerjoin(CustomerMerge, (CustomerMerge.customer_id == found.c.customer_id) & _HOLDS))
    rows = db.session.execute(union_all(*facts(who, scope, now - LOOK_BACK), _switch(), opened), values)
    switched, known, open_cases = gathered(rows)
    kept = sorted((due, number, theirs) for number, due, theirs in open_cases)[:RANKED_MAX]
    standings = {theirs: each.standing(now).score for theirs, each in known.items()}
    scores = {number: one for _due, number, theirs in kept if (one := standings.get(theirs)) is not None}
    order = sorted(
        ((scores[number].points if number in scores else -1, due, number) for due, number, _theirs in kept),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    return Ranked(switched, tuple(order), scores, len(open_cases) > RANKED_MAX)


def people_of(base: Any) -> tuple[ColumnElement[Any], CTE]:
    """Whom the customers of `base` count as, beside a table (root, number) of everybody who counts as one of them."""
    root = func.coalesce(CustomerMerge.root_id, base.c.customer_id)
    roots = (
        select(root.label("root"))
        .select_from(base.outerjoin(CustomerMerge, (CustomerMerge.customer_id == base.c.customer_id) & _HOLDS))
        .where(base.c.customer_id.is_not(None))
        .distinct()
        .cte("roots")
    )
    every = union_all(
        select(roots.c.root, roots.c.root.label("number")),
        select(CustomerMerge.root_id, CustomerMerge.customer_id)
        .join(roots, roots.c.root == CustomerMerge.root_id)
        .where(_HOLDS),
    )
    return root, every.cte("who")


def facts(who: CTE, scope: Scope, since: datetime) -> list[Select[Any]]:
    """(what, root, number, three instants, a figure) of everything that a score since then may hang on.

    The first names the types of the others: none of its columns is empty by itself.
    """
    seen = cases.visible_to(scope, are_named=True)
    lately = or_(Case.received_at > since, Case.resolved_at.is_(None), Case.resolved_at > since)
    theirs = (Case.customer_id == who.c.number, seen, lately)
    event, turns = CaseEvent, ("resolved", "reopened")
    is_end = cast(event.kind == "resolved", Integer)
    let_down = _missed(who, seen, since)
    return [
        select(literal(_CASE), who.c.root, Case.id, Case.received_at, Case.logged_at, Case.resolved_at, Case.severity)
        .select_from(who)
        .join(Case, true())
        .where(*theirs),
        select(literal(_TURN), who.c.root, Case.id, event.at, null(), null(), is_end)
        .select_from(who)
        .join(Case, true())
        .join(event, event.case_id == Case.id)
        .where(*theirs, event.kind.in_(turns)),
        *let_down,
        select(
            literal(_SAID), who.c.root, CustomerConsent.id, CustomerConsent.said_at, CustomerConsent.recorded_at, null(),
            cast(CustomerConsent.given, Integer),
        )
        .join(CustomerConsent, CustomerConsent.customer_id == who.c.number)
        .where(CustomerConsent.purpose == PURPOSE),
    ]  # fmt: skip


def _missed(who: CTE, seen: ColumnElement[bool], since: datetime) -> list[Select[Any]]:
    """Promises broken, and the case's own deadlines passed, the latter as they were noted."""
    after = since + (LOOK_BACK - WORD_BACK)
    kept = (Promise.kept_at.is_not(None)) & (Promise.kept_at <= Promise.due_at)
    taken_back = (Promise.withdrawn_at.is_not(None)) & (Promise.withdrawn_at < Promise.due_at)
    late = (Clock.breached_at > after, Clock.subject.is_(None), Clock.label.is_(None), Clock.historic.is_(False))
    found: list[Select[Any]] = []
    for at, record, where in (
        (Promise.due_at, Promise, (Promise.due_at > after, ~kept, ~taken_back)),
        (Clock.breached_at, Clock, late),
    ):
        found.append(
            select(literal(_MISSED), who.c.root, Case.id, at, null(), null(), null())
            .select_from(who)
            .join(Case, (Case.customer_id == who.c.number) & seen)
            .join(record, record.case_id == Case.id)
            .where(*where)
        )
    return found


def _switch() -> Any:
    return select(literal(_SWITCH), literal(0), literal(0), null(), null(), null(), cast(_IS_ON, Integer))


def gathered(rows: Iterable[Any]) -> tuple[bool, dict[int, Known], list[tuple[int, datetime, int]]]:
    """The switch, what is known of each customer, and the open cases (number, due, whose) that were asked about."""
    switched, known, open_cases = False, dict[int, Known](), list[tuple[int, datetime, int]]()
    for what, root, number, at, also_at, ended_at, figure in rows:
        if what == _SWITCH:
            switched = bool(figure)
        elif what == _OPEN:
            open_cases.append((number, at, root))
        else:
            _note(known.setdefault(root, Known()), what, number, at, also_at, ended_at, figure)
    return switched, known, open_cases


def _note(one: Known, what: int, number: int, at: datetime, also_at: Any, ended_at: Any, figure: Any) -> None:
    if what == _CASE:
        one.cases[number] = (at, also_at, figure)
        if ended_at is not None:  # imported history has no event of it
            one.turns[number].add(Turn(ended_at, True))
    elif what == _TURN:
        one.turns[number].add(Turn(at, bool(figure)))
    elif what == _MISSED:
        one.missed.append(at)
    else:
        one.said.append(Said(number, PURPOSE, bool(figure), at, "", also_at, None))
