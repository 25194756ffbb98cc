"""Reading surveys and follow-ups: behind a link, of a case, of a part of the company."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Select, and_, case, exists, func, literal, select, tuple_

from app.cases.models import Case
from app.customers.models import Customer
from app.feedback import rules
from app.feedback.models import FollowUp, Survey, SurveyAnswer
from app.feedback.rules import Sums
from app.kernel.actor import Actor, customer
from app.kernel.database import BigId, UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.signing import Signer
from app.kernel.time import iso, parse_instant
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from config import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What the customer's page of one survey needs, and nothing beyond. is_waiting: somebody still has to call about the answer."""

    survey_id: int
    case_ref: str
    summary: str
    site_id: int
    site: str
    zone: str
    locale: str
    language: str | None
    customer_id: int | None
    is_answered: bool
    is_waiting: bool

    @property
    def actor(self) -> Actor:
        return customer(ref("customer", self.customer_id) if self.customer_id else self.case_ref, self.site_id)


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer as the desk sees it."""

    survey_id: int
    case_id: int
    at: datetime
    resolver_id: int | None
    resolver: str | None
    csat: int | None
    nps: int | None
    ces: int | None
    outcome_fair: int | None
    process_fair: int | None
    treated_well: int | None
    comment: str
    summary: str
    zone: str
    follow_up_id: int | None
    follow_up_closed_at: datetime | None

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def follow_up_ref(self) -> str | None:
        return ref("follow_up", self.follow_up_id) if self.follow_up_id else None

    @property
    def is_low(self) -> bool:
        return rules.is_low(rules.Scores(csat=self.csat, nps=self.nps))


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """One follow-up with the case it belongs to."""

    id: int
    case_id: int
    summary: str
    customer: str | None
    phone: str | None
    email: str | None
    site_id: int
    team_id: int | None
    owner_id: int | None
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    cause: str | None
    action: str | None
    version: int
    zone: str
    csat: int | None
    nps: int | None
    comment: str

    @property
    def ref(self) -> str:
        return ref("follow_up", self.id)

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of one part and time: whom we asked, who answered, and what. Every share's n stands beside its k.

    imported: answers that came with history. They count among the scores, but say nothing of whom we asked.
    """

    resolved: int
    asked: int
    answered: int
    imported: int
    csat_count: int
    csat_top: int
    promoters: int
    detractors: int
    nps_count: int
    low: int
    means: dict[str, Sums]


def signer() -> Signer:
    settings: Settings = current_app.extensions["makegood_settings"]
    return Signer(settings.base_url, settings.secrets)


def url_of(survey_id: int) -> str:
    """The address that the customer gets; made anew each time, since its token is kept nowhere."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return f"{settings.base_url}/survey/{signer().token(rules.LINK, survey_id)}"


def behind(token: str, now: datetime) -> Asked | None:
    """The survey that a link stands for; None for a guessed or ended one. Writes nothing."""
    numbers = signer().read(rules.LINK, token)
    if not numbers or len(numbers) != 1:
        return None
    row = db.session.execute(
        select(
            Survey.id, Survey.case_id, Case.summary, Site.id.label("site_id"), Site.name, Site.time_zone, Site.locale,
            Customer.language, Survey.customer_id, Survey.state, Survey.sent_at,
            exists().where(FollowUp.survey_id == Survey.id, FollowUp.closed_at.is_(None)).label("is_waiting"),
        )
        .join(Case, Case.id == Survey.case_id)
        .join(Site, Site.id == Survey.site_id)
        .outerjoin(Customer, Customer.id == Survey.customer_id)
        .where(Survey.id == numbers[0])
    ).first()  # fmt: skip
    if row is None or not rules.is_open(row.sent_at, now):
        return None
    return Asked(
        row.id, ref("case", row.case_id), row.summary, row.site_id, row.name, row.time_zone, row.locale,
        row.language, row.customer_id, row.state == "answered", bool(row.is_waiting),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SurveyView:
    """How asking about the newest resolution of a case stands. The link isn't here: whoever wants it asks, and is named."""

    state: str
    why_unsent: str | None
    ask_at: datetime
    sent_at: datetime | None
    is_over: bool


def of_case(case_id: int, round_: int, now: datetime) -> SurveyView | None:
    """The survey of one resolution."""
    found = db.session.scalars(select(Survey).where(Survey.case_id == case_id, Survey.round == round_)).one_or_none()
    if found is None:
        return None
    is_over = found.sent_at is not None and not rules.is_open(found.sent_at, now)
    return SurveyView(found.state, found.why_unsent, found.ask_at, found.sent_at, is_over)


def due_surveys(now: datetime, limit: int) -> list[int]:
    """Planned surveys whose time has come, the oldest first."""
    wanted = select(Survey.id).where(Survey.state == "planned", Survey.ask_at <= now)
    return list(db.session.scalars(wanted.order_by(Survey.ask_at, Survey.id).limit(limit)))


_ANSWERS: Any = (
    select(
        SurveyAnswer.survey_id, Survey.case_id, SurveyAnswer.at, Survey.resolver_id, Employee.name, SurveyAnswer.csat,
        SurveyAnswer.nps, SurveyAnswer.ces, SurveyAnswer.outcome_fair, SurveyAnswer.process_fair,
        SurveyAnswer.treated_well, SurveyAnswer.comment, Case.summary, Site.time_zone, FollowUp.id, FollowUp.closed_at,
    )
    .join(Survey, Survey.id == SurveyAnswer.survey_id)
    .join(Case, Case.id == Survey.case_id)
    .join(Site, Site.id == Survey.site_id)
    .outerjoin(Employee, Employee.id == Survey.resolver_id)
    .outerjoin(FollowUp, FollowUp.survey_id == Survey.id)
)  # fmt: skip


def answers(scope: Scope, page: Page, *, site_id: int | None, unhappy: bool) -> Slice[AnswerView]:
    """Answers of the reader's scope, the newest first; never sorted by score."""
    wanted = _within(_ANSWERS, scope, site_id)
    if unhappy:
        wanted = wanted.where(FollowUp.id.is_not(None))
    if page.after is not None and len(page.after) == 1 and isinstance(page.after[0], int):
        wanted = wanted.where(SurveyAnswer.id < page.after[0])
    rows = db.session.execute(wanted.add_columns(SurveyAnswer.id).order_by(SurveyAnswer.id.desc()).limit(page.size + 1))
    found = [(row[-1], AnswerView(*row[:-1])) for row in rows]
    cut = slice_of(found, page, lambda pair: (pair[0],))
    return Slice(tuple(view for _id, view in cut.rows), cut.next_cursor)


def totals(scope: Scope, *, site_id: int | None, since: datetime, until: datetime) -> Totals:
    """Count the surveys of resolutions in a time, and their answers, in one query."""
    ours, answered = Case.historic.is_(False), SurveyAnswer.id.is_not(None)
    columns: list[Any] = [
        func.sum(case((ours, 1), else_=0)),
        func.sum(case((and_(ours, Survey.state.in_(("sent", "answered"))), 1), else_=0)),
        func.sum(case((and_(ours, answered), 1), else_=0)),
        func.sum(case((and_(~ours, answered), 1), else_=0)),
        func.count(SurveyAnswer.csat),
        func.sum(case((SurveyAnswer.csat >= rules.CSAT_TOP_MIN, 1), else_=0)),
        func.sum(case((SurveyAnswer.nps >= rules.NPS_PROMOTER_MIN, 1), else_=0)),
        func.sum(case((SurveyAnswer.nps <= rules.NPS_LOW_MAX, 1), else_=0)),
        func.count(SurveyAnswer.nps),
        func.count(FollowUp.id),
    ]
    measured = [item for item in rules.ITEMS if item != "nps"]
    for item in measured:
        column = getattr(SurveyAnswer, item)
        columns += [func.count(column), func.sum(column), func.sum(column * column)]
    wanted = (
        select(*columns)
        .select_from(Survey)
        .join(Case, Case.id == Survey.case_id)
        .outerjoin(SurveyAnswer, SurveyAnswer.survey_id == Survey.id)
        .outerjoin(FollowUp, FollowUp.survey_id == Survey.id)
        .where(Survey.resolved_at >= since, Survey.resolved_at < until)
    )
    row = [int(value or 0) for value in db.session.execute(_within(wanted, scope, site_id)).one()]
    resolved, asked, told, imported, csat, top, promoters, detractors, nps, low, *sums = row
    return Totals(
        resolved=resolved, asked=asked, answered=told, imported=imported, csat_count=csat, csat_top=top, promoters=promoters,
        detractors=detractors, nps_count=nps, low=low,
        means={item: Sums(*sums[3 * at : 3 * at + 3]) for at, item in enumerate(measured)},
    )  # fmt: skip


_FOLLOW_UPS: Any = (
    select(
        FollowUp.id, FollowUp.case_id, Case.summary, Customer.name, Customer.phone, Customer.email, FollowUp.site_id,
        FollowUp.team_id, Case.owner_id, FollowUp.opened_at, FollowUp.due_at, FollowUp.closed_at, FollowUp.cause,
        FollowUp.action, FollowUp.version, Site.time_zone, SurveyAnswer.csat, SurveyAnswer.nps, SurveyAnswer.comment,
    )
    .join(Case, Case.id == FollowUp.case_id)
    .join(Site, Site.id == FollowUp.site_id)
    .join(SurveyAnswer, SurveyAnswer.survey_id == FollowUp.survey_id)
    .outerjoin(Customer, Customer.id == Case.customer_id)
)  # fmt: skip


def follow_up(follow_up_id: int, scope: Scope) -> FollowUpView | None:
    row = db.session.execute(_FOLLOW_UPS.where(FollowUp.id == follow_up_id)).first()
    found = FollowUpView(*row) if row else None
    covered = found is not None and scope.covers(site_id=found.site_id, team_id=found.team_id, owner_id=found.owner_id)
    return found if covered else None


def open_follow_ups(scope: Scope, page: Page) -> Slice[FollowUpView]:
    """Follow-ups that wait, the next due first."""
    wanted = _FOLLOW_UPS.where(FollowUp.closed_at.is_(None))
    if scope.kind in ("site", "region"):
        wanted = wanted.where(at_sites(FollowUp.site_id, scope))
    elif scope.kind == "team":
        wanted = wanted.where(FollowUp.team_id == scope.team_id)
    elif scope.kind == "own":
        wanted = wanted.where(Case.owner_id == scope.employee_id)
    after = _after(page)
    if after is not None:
        wanted = wanted.where(
            tuple_(FollowUp.due_at, FollowUp.id) > tuple_(literal(after[0], UTCDateTime), literal(after[1], BigId))
        )
    rows = db.session.execute(wanted.order_by(FollowUp.due_at, FollowUp.id).limit(page.size + 1))
    return slice_of([FollowUpView(*row) for row in rows], page, lambda view: (iso(view.due_at), view.id))


def _within(wanted: Select[Any], scope: Scope, site_id: int | None) -> Select[Any]:
    if scope.kind in ("site", "region"):
        wanted = wanted.where(at_sites(Survey.site_id, scope))
    elif scope.kind == "team":
        wanted = wanted.where(Survey.team_id == scope.team_id)
    elif scope.kind == "own":
        wanted = wanted.where(Survey.resolver_id == scope.employee_id)
    return wanted if site_id is None else wanted.where(Survey.site_id == site_id)


def _after(page: Page) -> tuple[datetime, int] | None:
    if page.after is None or len(page.after) != 2:
        return None
    at, last = page.after
    try:
        return (parse_instant(at), last) if isinstance(at, str) and isinstance(last, int) else None
    except ValueError:
        return None
