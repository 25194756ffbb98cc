"""How many requests wait for one reader, by the same rules as the deed: one statement, since every page's frame asks it.

`mine_queries.to_decide` answers the same with the pure rules and half a dozen queries; a test holds the two together.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, cast, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from app.approvals.absence_models import Absence, FallbackDecider, SecondAccount
from app.approvals.matrix_rules import DEFAULT_WHO
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionRoute, ExceptionStep, ExceptionVote
from app.cases.models import Case
from app.customers.models import Customer, EmployeeDigest
from app.kernel.database import UTCDateTime
from app.people.models import Employee
from app.people.permissions import PERMISSIONS
from app.people.queries import manages

MOST = 100
_REACH = PERMISSIONS["exceptions.decide"]
_NOW: Any = bindparam("now", type_=UTCDateTime())
_DEFAULT_ROLES = [name.removeprefix("role:") for name in DEFAULT_WHO]


def _root(account: Any) -> ColumnElement[int]:
    """The account that counts of the person behind this one."""
    second = aliased(SecondAccount)
    same = select(second.same_as_id).where(second.employee_id == account)
    return func.coalesce(same.correlate_except(second).scalar_subquery(), account)


def _reaches(one: Any) -> ColumnElement[bool]:
    """Whether the right of this person's role reaches as far as the request."""
    by_scope: dict[str, list[str]] = {}
    for role, scope in _REACH.items():
        by_scope.setdefault(scope, []).append(role)
    site = and_(one.role.in_(by_scope.get("site", [])), one.site_id == ExceptionRequest.site_id)
    team = and_(one.role.in_(by_scope.get("team", [])), one.team_id == ExceptionRequest.team_id)
    company = and_(one.role.in_(by_scope.get("company", [])), manages(one, ExceptionRequest.site_id))
    return or_(company, site, team)


def _is_of_step(one: Any) -> ColumnElement[bool]:
    """Whether the open step names this person, by role, title or name; supervisors are followed by managers."""
    who: Any = cast(ExceptionStep.who, Text)

    def names(text: Any, within: Any = who) -> ColumnElement[bool]:
        # What is left of the text without the name differs from it: the same on both databases, without wildcards.
        return func.replace(within, text, "") != within

    title = func.lower(func.trim(one.job_title))
    return or_(
        and_(ExceptionStep.id.is_(None), one.role.in_(_DEFAULT_ROLES)),
        names(literal('"role:') + one.role + '"'),
        names(literal('"person:') + cast(one.id, Text) + '"'),
        and_(title != "", names(literal('"title:') + title + '"', func.lower(who))),
        and_(ExceptionStep.escalated_at.is_not(None), one.role == "manager", names('"role:supervisor"')),
    )


def _has_no_part(one: Any) -> ColumnElement[bool]:
    """Whether this person has neither asked, nor owns the case, nor is its customer, nor has spoken already."""
    person = _root(one.id)
    other, vote = aliased(EmployeeDigest), aliased(ExceptionVote)
    is_customer = exists().where(
        other.digest == Customer.email_digest, _root(other.employee_id) == person, Customer.id == Case.customer_id
    )
    has_spoken = exists().where(
        vote.exception_id == ExceptionRequest.id,
        vote.round == ExceptionRoute.round,
        or_(_root(vote.decided_by_id) == person, _root(vote.on_behalf_of_id) == person),
    )
    return and_(
        _root(ExceptionRequest.requested_by_id) != person,
        or_(Case.owner_id.is_(None), _root(Case.owner_id) != person),
        ~is_customer.correlate_except(other, Customer),
        ~has_spoken.correlate_except(vote),
    )


def _holds_now(absence: Any) -> ColumnElement[bool]:
    return and_(absence.ended_at.is_(None), absence.from_at <= _NOW, absence.to_at > _NOW)


def _is_lent(holder: Any) -> ColumnElement[bool]:
    """Whether somebody absent, free to decide this themselves, has named this person as stand-in for it."""
    absence, absent = aliased(Absence), aliased(Employee)
    return (
        exists()
        .where(absence.stand_in_id == holder.id, _holds_now(absence), absent.id == absence.employee_id)
        .where(or_(absence.site_id.is_(None), absence.site_id == ExceptionRequest.site_id))
        .where(
            or_(
                absence.amount_minor_max.is_(None),
                and_(
                    absence.currency == ExceptionRequest.currency,
                    ExceptionRequest.amount_minor <= absence.amount_minor_max,
                ),
            )
        )
        .where(absent.deactivated_at.is_(None), absent.role.in_(list(_REACH)), _root(absent.id) != _root(holder.id))
        .where(_reaches(absent), _is_of_step(absent), _has_no_part(absent))
        .correlate_except(absence, absent)
    )


def _is_able(one: Any) -> ColumnElement[bool]:
    return and_(
        one.deactivated_at.is_(None),
        one.role.in_(list(_REACH)),
        or_(and_(_reaches(one), _is_of_step(one)), _is_lent(one)),  # what leaves out most comes first
        _has_no_part(one),
    )


def _falls_back_on(one: Any) -> ColumnElement[bool]:
    """Whether this person is the site's fallback decider, while nobody else of the step is there."""
    present, gone, fallback = aliased(Employee), aliased(Absence), aliased(FallbackDecider)
    is_away = exists().where(gone.employee_id == present.id, _holds_now(gone)).correlate_except(gone)
    anybody = exists().where(_is_able(present), ~is_away).correlate_except(present)
    named = exists().where(fallback.site_id == ExceptionRequest.site_id, fallback.employee_id == one.id)
    return and_(named.correlate_except(fallback), ~anybody, _has_no_part(one))


def _anything() -> Select[Any]:
    waits = exists().where(ExceptionRequest.state == "waiting", ExceptionRequest.expires_at > _NOW)
    return select(waits.correlate_except(ExceptionRequest))


def _waiting() -> Select[Any]:
    reader = aliased(Employee)
    found = (
        select(ExceptionRequest.id)
        .join(Case, Case.id == ExceptionRequest.case_id)
        .join(reader, reader.id == bindparam("employee_id"))
        .outerjoin(ExceptionRoute, ExceptionRoute.exception_id == ExceptionRequest.id)
        .outerjoin(
            ExceptionStep,
            and_(
                ExceptionStep.exception_id == ExceptionRequest.id,
                ExceptionStep.round == ExceptionRoute.round,
                ExceptionStep.opened_at.is_not(None),
                ExceptionStep.done_at.is_(None),
            ),
        )
        .where(ExceptionRequest.state == "waiting", ExceptionRequest.expires_at > _NOW)
        .where(or_(_is_able(reader), _falls_back_on(reader)))
        .limit(MOST)
    )
    return select(func.count()).select_from(found.subquery())


# Whether any request waits at all, for anybody: a glance before the long look of WAITING.
ANYTHING = _anything()
WAITING = _waiting()
"""Counts what waits for `employee_id` at `now`, at most MOST of it."""
