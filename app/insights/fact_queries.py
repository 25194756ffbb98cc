"""What each share counts: one statement per measure, a row for each thing counted, with whether it is a hit.

Totals, groups, strata of alike cases and the list of cases behind a figure are all read from the same statement, so
they can't part. Every statement is bounded by a range of an index.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.cases.models import Case, CaseEvent
from app.customers.models import CustomerSegment
from app.feedback import rules as feedback
from app.feedback.models import FollowUp, Survey, SurveyAnswer
from app.insights.durations import within_days
from app.insights.measures import ELIGIBLE_MIN, FIRST_CONTACT_DAYS, REPEAT_DAYS, SEVERE_MIN
from app.insights.queries import Part
from app.promises.models import Promise
from app.remedies.models import Remedy

COLUMNS = (
    "key", "case_id", "at", "person_id", "site_id", "team_id", "hit",
    "severity", "attribution", "channel", "category_id", "stage", "cause", "segment",
)  # fmt: skip
NOT_GIVEN = ("requested", "withdrawn")

Statement = Callable[[Part, datetime], Select[Any]]


def statement(name: str, part: Part, now: datetime) -> Select[Any]:
    """The rows of a measure in a part of the company and a time; its columns are COLUMNS. now: what was known by then."""
    return STATEMENTS[name](part, now)


def facts_of(of: Any, key: Any, at: Any, person: Any, hit: ColumnElement[bool], part: Part) -> Select[Any]:
    """of: the table that says where it happened and lies within the part."""
    columns = (
        key, Case.id, at, person, of.site_id, of.team_id, case((hit, 1), else_=0), Case.severity, Case.attribution,
        Case.channel, Case.category_id, Case.journey_stage, Case.root_cause, CustomerSegment.segment,
    )  # fmt: skip
    found = (
        select(*(column.label(name) for column, name in zip(columns, COLUMNS, strict=True)))
        .select_from(of)
        .where(of.site_id.in_(part.site_ids), at >= part.since, at < part.until)
    )
    return found if part.team_id is None else found.where(of.team_id == part.team_id)


def beside(found: Select[Any], of: Any) -> Select[Any]:
    """Bring in the case and its customer's segment."""
    if of is not Case:
        found = found.join(Case, Case.id == of.case_id)
    return found.outerjoin(CustomerSegment, CustomerSegment.customer_id == Case.customer_id)


def _resolved_cases(hit: ColumnElement[bool], part: Part, severity_min: int) -> Select[Any]:
    found = facts_of(Case, Case.id, Case.resolved_at, Case.resolved_by_id, hit, part)
    return beside(found, Case).where(Case.historic.is_(False), Case.severity >= severity_min)


def _discretion(part: Part, _now: datetime) -> Select[Any]:
    return _resolved_cases(has_own_goodwill(), part, ELIGIBLE_MIN).where(Case.attribution == "company")


def has_own_goodwill() -> ColumnElement[bool]:
    """Somebody gave or offered goodwill in the case without an approver."""
    return (
        select(Remedy.id)
        .where(Remedy.case_id == Case.id, Remedy.nature == "goodwill", Remedy.exception_id.is_(None))
        .where(Remedy.state.not_in(NOT_GIVEN))
        .exists()
    )


def has_goodwill() -> ColumnElement[bool]:
    """Anybody offered or asked for goodwill in the case at all."""
    return select(Remedy.id).where(Remedy.case_id == Case.id, Remedy.nature == "goodwill").exists()


def _own_authority(part: Part, _now: datetime) -> Select[Any]:
    asked = select(ExceptionRequest.id).where(ExceptionRequest.case_id == Case.id).exists()
    return _resolved_cases(~asked, part, 1)


def severe(part: Part, _now: datetime) -> Select[Any]:
    """Severe cases that the company caused; a hit is one without goodwill that ended badly (room is looked at later)."""
    unhappy = select(FollowUp.id).where(FollowUp.case_id == Case.id).exists()
    bad = or_(unhappy, Case.reopened_count > 0)
    return _resolved_cases(and_(~has_goodwill(), bad), part, SEVERE_MIN).where(Case.attribution == "company")


def _autonomy(part: Part, _now: datetime) -> Select[Any]:
    found = facts_of(Remedy, Remedy.id, Remedy.created_at, Remedy.employee_id, Remedy.exception_id.is_(None), part)
    return beside(found, Remedy).where(
        Remedy.nature == "goodwill", Remedy.amount_minor > 0, Remedy.state.not_in(NOT_GIVEN), Remedy.historic.is_(False)
    )


def _granted(part: Part, _now: datetime) -> Select[Any]:
    asked, said = ExceptionRequest, ExceptionDecision
    full = and_(said.outcome == "approved", said.amount_minor >= asked.amount_minor)
    found = facts_of(asked, asked.id, asked.ended_at, said.decided_by_id, full, part)
    return beside(found.join(said, said.exception_id == asked.id), asked).where(
        asked.state.in_(("approved", "declined"))
    )


def _answers(part: Part, _now: datetime) -> Select[Any]:
    hit = SurveyAnswer.csat >= feedback.CSAT_TOP_MIN
    found = facts_of(Survey, Survey.id, Survey.resolved_at, Survey.resolver_id, hit, part)
    found = found.join(SurveyAnswer, SurveyAnswer.survey_id == Survey.id)
    return beside(found, Survey).where(SurveyAnswer.csat.is_not(None))


def _responses(part: Part, _now: datetime) -> Select[Any]:
    found = facts_of(Survey, Survey.id, Survey.resolved_at, Survey.resolver_id, Survey.state == "answered", part)
    return beside(found, Survey).where(Survey.state.in_(("sent", "answered")), Case.historic.is_(False))


def _resolutions(hit: ColumnElement[bool], part: Part, now: datetime, days: int) -> Select[Any]:
    """Each resolution of a failure that is `days` old: a survey is planned for every one, asked or not.

    Of imported history only the answered ones have a survey, so it is left out.
    """
    found = facts_of(Survey, Survey.id, Survey.resolved_at, Survey.resolver_id, hit, part)
    return beside(found, Survey).where(Survey.resolved_at <= now - timedelta(days=days), Case.historic.is_(False))


def _is_reopened(days: int) -> ColumnElement[bool]:
    return _event("reopened").where(within_days(CaseEvent.at, Survey.resolved_at, days)).exists()


def _event(*kinds: str) -> Select[Any]:
    return select(CaseEvent.id).where(CaseEvent.case_id == Survey.case_id, CaseEvent.kind.in_(kinds))


def _first_contact(part: Part, now: datetime) -> Select[Any]:
    before = CaseEvent.at <= Survey.resolved_at
    to_others = or_(CaseEvent.about_id.is_(None), CaseEvent.about_id != Survey.resolver_id)
    asked = select(ExceptionRequest.id).where(
        ExceptionRequest.case_id == Survey.case_id, ExceptionRequest.asked_at <= Survey.resolved_at
    )
    hit = and_(
        func.coalesce(Case.logged_by_id, Survey.resolver_id) == Survey.resolver_id,
        ~_event("assigned").where(before, to_others).exists(),
        ~_event("waiting", "wrote").where(before).exists(),
        ~asked.exists(),
        ~_is_reopened(FIRST_CONTACT_DAYS),
    )
    return _resolutions(hit, part, now, FIRST_CONTACT_DAYS).where(Survey.round == 0)


def _reopened(part: Part, now: datetime) -> Select[Any]:
    return _resolutions(_is_reopened(REPEAT_DAYS), part, now, REPEAT_DAYS)


_Later = aliased(Case)


def _later_case() -> Select[Any]:
    return select(_Later.id).where(
        _Later.customer_id == Survey.customer_id, _Later.id != Survey.case_id, _Later.historic.is_(False),
        _Later.severity > 0, within_days(_Later.received_at, Survey.resolved_at, REPEAT_DAYS),
    )  # fmt: skip


def _repeat_contact(part: Part, now: datetime) -> Select[Any]:
    wrote = _event("wrote").where(within_days(CaseEvent.at, Survey.resolved_at, REPEAT_DAYS))
    hit = or_(wrote.exists(), _later_case().exists())
    return _resolutions(hit, part, now, REPEAT_DAYS).where(Survey.customer_id.is_not(None))


def _double_deviation(part: Part, now: datetime) -> Select[Any]:
    """While the later case has no cause yet, its category stands in for it."""
    alike = or_(
        _Later.root_cause == Case.root_cause,
        and_(_Later.root_cause.is_(None), _Later.category_id == Case.category_id),
    )
    hit = or_(_is_reopened(REPEAT_DAYS), _later_case().where(alike).exists())
    return _resolutions(hit, part, now, REPEAT_DAYS)


def _promises(part: Part, now: datetime) -> Select[Any]:
    hit = and_(Promise.kept_at.is_not(None), Promise.kept_at <= Promise.due_at)
    found = facts_of(Promise, Promise.id, Promise.due_at, Promise.keeper_id, hit, part)
    return beside(found, Promise).where(
        Promise.due_at <= now, or_(Promise.withdrawn_at.is_(None), Promise.withdrawn_at >= Promise.due_at)
    )


def _told(part: Part, now: datetime) -> Select[Any]:
    hit = and_(Promise.told_at.is_not(None), Promise.told_at <= Promise.due_at)
    found = facts_of(Promise, Promise.id, Promise.due_at, Promise.keeper_id, hit, part)
    return beside(found, Promise).where(Promise.due_at <= now, Promise.broken_at.is_not(None))


def _follow_ups(part: Part, now: datetime) -> Select[Any]:
    hit = and_(FollowUp.closed_at.is_not(None), FollowUp.closed_at <= FollowUp.due_at)
    found = facts_of(FollowUp, FollowUp.id, FollowUp.due_at, FollowUp.closed_by_id, hit, part)
    return beside(found, FollowUp).where(FollowUp.due_at <= now)


STATEMENTS: dict[str, Statement] = {
    "discretion-utilisation": _discretion,
    "first-contact": _first_contact,
    "own-authority": _own_authority,
    "autonomy": _autonomy,
    "rubber-stamp": _granted,
    "recovery": _answers,
    "response": _responses,
    "reopened": _reopened,
    "repeat-contact": _repeat_contact,
    "double-deviation": _double_deviation,
    "promise-kept": _promises,
    "told-before-miss": _told,
    "follow-up": _follow_ups,
}
