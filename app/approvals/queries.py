"""Reads of exceptions: who may decide one now, the inbox, one request, and how long an answer takes here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, tuple_

from app.approvals import roster_queries, rules, step_queries
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant
from app.people.permissions import Scope, sites_of
from app.people.scope_queries import at_sites

WAIT_DAYS = 90
WAIT_ROWS_MAX = 500
COUNT_MIN = 10  # below this many no time is said
_DECIDED = ("approved", "declined")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request with the case it is about and its decision, if any."""

    id: int
    case_id: int
    remedy_id: int | None
    requested_by_id: int
    kind: str
    amount_minor: int
    currency: str
    reason: str
    over: list[dict[str, Any]]
    policy_version_id: int | None
    terms_hash: str
    site_id: int
    team_id: int | None
    asked_at: datetime
    due_at: datetime
    expires_at: datetime
    state: str
    ended_at: datetime | None
    ended_by_id: int | None
    case_summary: str
    severity: int
    handler_id: int | None
    customer_id: int | None
    customer_name: str | None
    customer_email: str | None
    category_id: int
    attribution: str
    occurred_at: datetime
    loss_minor: int | None
    case_state: str
    given_minor: int
    decided_by_id: int | None
    decided_at: datetime | None
    decision_reason: str | None
    granted_minor: int | None
    on_behalf_of_id: int | None

    @property
    def ref(self) -> str:
        return ref("exception", self.id)

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def granted(self) -> Money | None:
        return None if self.granted_minor is None else Money(self.granted_minor, self.currency)

    @property
    def is_waiting(self) -> bool:
        return self.state == "waiting"

    @property
    def facts(self) -> rules.RequestFacts:
        """What the question who may decide depends on."""
        return rules.RequestFacts(
            requested_by_id=self.requested_by_id,
            handler_id=self.handler_id,
            site_id=self.site_id,
            team_id=self.team_id,
            state=self.state,
            expires_at=self.expires_at,
            beneficiary_email=self.customer_email,
            amount_minor=self.amount_minor,
            currency=self.currency,
        )


_JOINED = 17  # the last fields of RequestRow come from the case, its customer and the decision
_REQUEST_COLUMNS = tuple(getattr(ExceptionRequest, name) for name in list(RequestRow.__dataclass_fields__)[:-_JOINED])
_ROWS: Any = (
    select(
        *_REQUEST_COLUMNS,
        Case.summary,
        Case.severity,
        Case.owner_id,
        Case.customer_id,
        Customer.name,
        Customer.email,
        Case.category_id,
        Case.attribution,
        Case.occurred_at,
        Case.loss_minor,
        Case.state,
        Case.given_minor,
        ExceptionDecision.decided_by_id,
        ExceptionDecision.at,
        ExceptionDecision.reason,
        ExceptionDecision.amount_minor,
        ExceptionDecision.on_behalf_of_id,
    )
    .join(Case, Case.id == ExceptionRequest.case_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
    .outerjoin(ExceptionDecision, ExceptionDecision.exception_id == ExceptionRequest.id)
)


def request_row(exception_id: int, scope: Scope | None = None) -> RequestRow | None:
    """Return one request, or None when there is none inside the scope."""
    statement = _ROWS.where(ExceptionRequest.id == exception_id)
    row = db.session.execute(_within(statement, scope) if scope else statement).first()
    return RequestRow(*row) if row else None


def request_rows(ids: Sequence[int]) -> list[RequestRow]:
    """Return these requests, in one query."""
    return [RequestRow(*row) for row in db.session.execute(_ROWS.where(ExceptionRequest.id.in_(ids)))]


def inbox(scope: Scope, tab: str, page: Page, lent: frozenset[int] = frozenset()) -> Slice[RequestRow]:
    """Read one page: `waiting` by the time an answer is due, `decided` newest first, `asked` by the reader, newest first.

    lent: sites outside the scope whose waiting requests the reader might decide for somebody else; whoever calls shows
    of those only what the reader may decide.
    """
    statement = _within(_ROWS, scope)
    if tab == "waiting":
        if lent and scope.kind in ("site", "region"):
            statement = _ROWS.where(ExceptionRequest.site_id.in_({*lent, *(sites_of(scope) or ())}))
        statement = statement.where(ExceptionRequest.state == "waiting")
        order = (ExceptionRequest.due_at, ExceptionRequest.id)
        if after := _after_instant(page):
            statement = statement.where(tuple_(*order) > tuple_(*after))
        statement = statement.order_by(*order)
        found = [RequestRow(*row) for row in db.session.execute(statement.limit(page.size + 1))]
        return slice_of(found, page, key=lambda row: (iso(row.due_at), row.id))
    if tab == "asked":
        statement = statement.where(ExceptionRequest.requested_by_id == scope.employee_id)
    else:
        statement = statement.where(ExceptionRequest.state != "waiting")
    after_id = page.after[0] if page.after and isinstance(page.after[0], int) else None
    if after_id is not None:
        statement = statement.where(ExceptionRequest.id < after_id)
    statement = statement.order_by(ExceptionRequest.id.desc()).limit(page.size + 1)
    found = [RequestRow(*row) for row in db.session.execute(statement)]
    return slice_of(found, page, key=lambda row: (row.id,))


def _after_instant(page: Page) -> tuple[datetime, int] | None:
    if page.after and len(page.after) == 2 and isinstance(page.after[0], str) and isinstance(page.after[1], int):
        try:
            return parse_instant(page.after[0]), page.after[1]
        except ValueError:
            return None
    return None


def _within(statement: Any, scope: Scope) -> Any:
    if scope.kind == "company":
        return statement
    if scope.kind in ("site", "region"):
        return statement.where(at_sites(ExceptionRequest.site_id, scope))
    if scope.kind == "team":
        return statement.where(ExceptionRequest.team_id == scope.team_id)
    return statement.where(ExceptionRequest.requested_by_id == scope.employee_id)


def exceptions_of_case(case_id: int, limit: int = 20) -> tuple[RequestRow, ...]:
    """Return a case's requests, newest first."""
    statement = _ROWS.where(ExceptionRequest.case_id == case_id).order_by(ExceptionRequest.id.desc()).limit(limit)
    return tuple(RequestRow(*row) for row in db.session.execute(statement))


def neighbours(row: RequestRow, scope: Scope, not_asked_by: int | None) -> tuple[int, int]:
    """Return the place of a waiting request among those that wait in scope, and their number, e.g. (1, 2)."""
    statement = _within(select(ExceptionRequest.due_at, ExceptionRequest.id), scope).where(
        ExceptionRequest.state == "waiting", ExceptionRequest.requested_by_id != not_asked_by
    )
    waiting = [(due, number) for due, number in db.session.execute(statement.limit(100))]
    place = sum((due, number) <= (row.due_at, row.id) for due, number in waiting)
    return place, len(waiting)


@dataclass(frozen=True, slots=True)
class Standing:
    """Requests as they stand now, and who may decide each: one answer for lists, the page and the deed."""

    roster: rules.Roster
    facts: dict[int, rules.RequestFacts]
    now: datetime

    def answer(self, exception_id: int, actor: Actor) -> rules.Allowed | rules.Refused:
        decider = self.roster.decider(actor.id if actor.is_person else None)
        return rules.may_decide(decider, self.facts[exception_id], self.now)

    def able_ids(self, exception_id: int) -> list[int]:
        """Who may decide, nearest first."""
        return [one.id for one in self.roster.able(self.facts[exception_id], self.now) if one.id is not None]

    def asked_ids(self, exception_id: int) -> list[int]:
        """Who is told: those who are there; if all are away, everybody who may decide."""
        present = [one.id for one in self.roster.present(self.facts[exception_id], self.now) if one.id is not None]
        return present or self.able_ids(exception_id)


def standing(
    rows: Sequence[RequestRow],
    now: datetime,
    but: int | None = None,
    roster: rules.Roster | None = None,
    written: step_queries.Written | None = None,
) -> Standing:
    """Read how these requests stand; the number of queries is the same for any number of them.

    but: somebody to count as gone already, e.g. because they are being deactivated. written: the steps, where known.
    """
    roster = roster or roster_queries.roster(now, but)
    ids = [row.id for row in rows if row.is_waiting]
    steps = step_queries.open_steps(written or step_queries.written(ids), roster.humans)
    facts = {}
    for row in rows:
        step, acted = steps.get(row.id, (rules.StepFacts(), {}))
        facts[row.id] = replace(row.facts, step=step, acted=acted)
    return Standing(roster, {number: roster.with_fallback(one, now) for number, one in facts.items()}, now)


def may_decide(exception_id: int, actor: Actor, now: datetime) -> rules.Allowed | rules.Refused:
    """Answer the question from what the database holds now."""
    row = request_row(exception_id)
    assert row is not None, exception_id
    return standing([row], now).answer(exception_id, actor)


def deciders_for(exception_id: int, now: datetime) -> list[int]:
    """Return who may decide a request, nearest first; computed when asked, so that nobody who left is among them."""
    row = request_row(exception_id)
    assert row is not None, exception_id
    return standing([row], now).able_ids(exception_id)


def waiting_rows(limit: int = 2_000) -> list[RequestRow]:
    """Return the requests that wait anywhere, oldest first."""
    statement = _ROWS.where(ExceptionRequest.state == "waiting").order_by(ExceptionRequest.id).limit(limit)
    return [RequestRow(*row) for row in db.session.execute(statement)]


def expired(now: datetime, limit: int) -> list[int]:
    """Return waiting requests whose time is over, oldest first."""
    return list(
        db.session.scalars(
            select(ExceptionRequest.id)
            .where(ExceptionRequest.state == "waiting", ExceptionRequest.expires_at <= now)
            .order_by(ExceptionRequest.expires_at, ExceptionRequest.id)
            .limit(limit)
        )
    )


@dataclass(frozen=True, slots=True)
class Waits:
    """How long an answer took here lately: wall-clock seconds from asking to deciding, over `count` decisions.

    Below COUNT_MIN decisions neither is said.
    """

    p50_seconds: int | None
    p90_seconds: int | None
    count: int

    @classmethod
    def of(cls, seconds: Iterable[int]) -> "Waits":
        took = sorted(seconds)
        if len(took) < COUNT_MIN:
            return cls(None, None, len(took))
        return cls(rules.quantile(took, 0.5), rules.quantile(took, 0.9), len(took))


def waits(site_ids: Sequence[int] | None, now: datetime) -> Waits:
    """Measure answers of the last WAIT_DAYS (at most WAIT_ROWS_MAX, newest first) at some sites, or everywhere."""
    statement = (
        select(ExceptionRequest.asked_at, ExceptionRequest.ended_at)
        .where(ExceptionRequest.state.in_(_DECIDED), ExceptionRequest.asked_at >= now - timedelta(days=WAIT_DAYS))
        .order_by(ExceptionRequest.asked_at.desc(), ExceptionRequest.id.desc())
        .limit(WAIT_ROWS_MAX)
    )
    if site_ids is not None:
        one = site_ids[0] if len(site_ids) == 1 else None
        column = ExceptionRequest.site_id
        statement = statement.where(column == one if one is not None else column.in_(site_ids))
    rows = db.session.execute(statement)
    return Waits.of(int((ended - asked).total_seconds()) for asked, ended in rows if ended)
