"""Reads of exceptions: who may decide one now, the inbox, one request, and how long an answer takes here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, tuple_

from app.approvals import rules
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant
from app.people import queries as people
from app.people.models import Site
from app.people.permissions import Scope, scope_of

WAIT_DAYS = 90
WAIT_ROWS_MAX = 500
PRECEDENT_ROWS_MAX = 2_000
PRECEDENT_SHOWN_MAX = 200
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
        )


_JOINED = 16  # the last fields of RequestRow come from the case, its customer and the decision
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


def inbox(scope: Scope, tab: str, page: Page) -> Slice[RequestRow]:
    """Read one page: `waiting` by the time an answer is due, `decided` newest first, `asked` by the reader, newest first."""
    statement = _within(_ROWS, scope)
    if tab == "waiting":
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
    if scope.kind == "site":
        return statement.where(ExceptionRequest.site_id == scope.site_id)
    if scope.kind == "team":
        return statement.where(ExceptionRequest.team_id == scope.team_id)
    return statement.where(ExceptionRequest.requested_by_id == scope.employee_id)


def exceptions_of_case(case_id: int, limit: int = 20) -> tuple[RequestRow, ...]:
    """Return a case's requests, newest first."""
    statement = _ROWS.where(ExceptionRequest.case_id == case_id).order_by(ExceptionRequest.id.desc()).limit(limit)
    return tuple(RequestRow(*row) for row in db.session.execute(statement))


def waiting_count(scope: Scope, not_asked_by: int | None, most: int = 100) -> int:
    """Count what waits inside the scope, without the reader's own requests; stops at `most`."""
    statement = select(ExceptionRequest.id).where(ExceptionRequest.state == "waiting")
    if not_asked_by is not None:
        statement = statement.where(ExceptionRequest.requested_by_id != not_asked_by)
    return db.session.scalar(select(func.count()).select_from(_within(statement, scope).limit(most).subquery())) or 0


def neighbours(row: RequestRow, scope: Scope, not_asked_by: int | None) -> tuple[int, int]:
    """Return the place of a waiting request among those that wait in scope, and their number, e.g. (1, 2)."""
    statement = _within(select(ExceptionRequest.due_at, ExceptionRequest.id), scope).where(
        ExceptionRequest.state == "waiting", ExceptionRequest.requested_by_id != not_asked_by
    )
    waiting = [(due, number) for due, number in db.session.execute(statement.limit(100))]
    place = sum((due, number) <= (row.due_at, row.id) for due, number in waiting)
    return place, len(waiting)


def decider(actor: Actor) -> rules.Decider:
    """Describe an actor as somebody who wants to decide; e-mail is read now, as rights are."""
    scope = scope_of(actor, "exceptions.decide") if actor.is_person else None
    person = people.person(actor.id) if actor.id is not None else None
    return rules.Decider(
        id=actor.id,
        scope=scope.kind if scope and person and person.is_active else None,
        site_id=actor.site_id,
        team_id=actor.team_id,
        email=person.email if person else None,
    )


def may_decide(exception_id: int, actor: Actor, now: datetime) -> rules.Allowed | rules.Refused:
    """Answer the question from what the database holds now."""
    row = request_row(exception_id)
    assert row is not None, exception_id
    return rules.may_decide(decider(actor), row.facts, now)


def deciders_for(exception_id: int) -> list[int]:
    """Return who may decide a request, nearest first; computed when asked, so that nobody who left is among them."""
    row = request_row(exception_id)
    assert row is not None, exception_id
    return deciders_of(row)


def deciders_of(row: RequestRow) -> list[int]:
    beneficiary = people.person_by_email(row.customer_email) if row.customer_email else None
    barred = {row.requested_by_id, row.handler_id, beneficiary.id if beneficiary else None}
    return [identity for identity in people.supervisors_for(row.site_id, row.team_id) if identity not in barred]


@dataclass(frozen=True, slots=True)
class PastCase:
    """One earlier case of the same customer."""

    id: int
    summary: str
    at: datetime
    outcome: str | None
    given_minor: int
    currency: str

    @property
    def ref(self) -> str:
        return ref("case", self.id)

    @property
    def given(self) -> Money:
        return Money(self.given_minor, self.currency)


HISTORY_MAX = 100


def past_cases(customer_id: int, but: int, limit: int = HISTORY_MAX) -> tuple[PastCase, ...]:
    """Return a customer's other cases, newest first, at most `limit`."""
    statement = (
        select(Case.id, Case.summary, Case.occurred_at, Case.outcome, Case.given_minor, Site.currency)
        .join(Site, Site.id == Case.site_id)
        .where(Case.customer_id == customer_id, Case.id != but)
        .order_by(Case.id.desc())
        .limit(limit)
    )
    return tuple(PastCase(*row) for row in db.session.execute(statement))


def given_in_similar(row: RequestRow, now: datetime) -> list[int]:
    """Return what resolved cases of the same category and severity got here in a year, ascending; nothing given is left out.

    Looks at the newest PRECEDENT_ROWS_MAX resolved cases of the site, so that the page costs the same at any size.
    """
    recent = (
        select(Case.id, Case.category_id, Case.severity, Case.given_minor)
        .where(Case.site_id == row.site_id, Case.resolved_at >= now - timedelta(days=365), Case.resolved_at <= now)
        .order_by(Case.resolved_at.desc(), Case.id.desc())
        .limit(PRECEDENT_ROWS_MAX)
        .subquery()
    )
    statement = select(recent.c.given_minor).where(
        recent.c.category_id == row.category_id,
        recent.c.severity == row.severity,
        recent.c.given_minor > 0,
        recent.c.id != row.case_id,
    )
    return sorted(db.session.scalars(statement.limit(PRECEDENT_SHOWN_MAX)))


def waiting_within(site_id: int | None) -> list[int]:
    """Return the ids of all requests that wait, at one site or everywhere, oldest first."""
    statement = select(ExceptionRequest.id).where(ExceptionRequest.state == "waiting").order_by(ExceptionRequest.id)
    if site_id is not None:
        statement = statement.where(ExceptionRequest.site_id == site_id)
    return list(db.session.scalars(statement))


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
    """How long an answer took here lately: wall-clock seconds from asking to deciding, over `count` decisions."""

    p50_seconds: int | None
    p90_seconds: int | None
    count: int


def waits(site_id: int | None, now: datetime) -> Waits:
    """Measure answers of the last WAIT_DAYS (at most WAIT_ROWS_MAX, newest first) at a site, or everywhere."""
    statement = (
        select(ExceptionRequest.asked_at, ExceptionRequest.ended_at)
        .where(ExceptionRequest.state.in_(_DECIDED), ExceptionRequest.asked_at >= now - timedelta(days=WAIT_DAYS))
        .order_by(ExceptionRequest.asked_at.desc(), ExceptionRequest.id.desc())
        .limit(WAIT_ROWS_MAX)
    )
    if site_id is not None:
        statement = statement.where(ExceptionRequest.site_id == site_id)
    rows = db.session.execute(statement)
    seconds = sorted(int((ended - asked).total_seconds()) for asked, ended in rows if ended)
    return Waits(rules.quantile(seconds, 0.5), rules.quantile(seconds, 0.9), len(seconds))
