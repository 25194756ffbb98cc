"""Opening the route of a request and taking what somebody says in its open step. Inside the caller's deed."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.approvals import queries, roster_queries, route_queries, rules, step_queries
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionRoute, ExceptionStep, ExceptionVote
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import in_transaction
from app.sla import approval_actions as clocks


class NobodyDecides(Refusal):
    """The matrix lets nobody decide such a request, or nobody who may is left."""

    status = 422
    code = "nobody-decides"
    sentence = _l(
        "Nobody here may decide such an amount. Ask for less, or let an administrator look at the authority matrix."
    )


class AlreadySaid(Refusal):
    """The same person has spoken on this request already, under this or another account."""

    code = "already-said"
    sentence = _l("You have decided on this request already; every step needs somebody else.")


def open_route(request: ExceptionRequest, actor: Actor, now: datetime, *, round: int = 1) -> None:
    """Write down the route as the matrix in force gives it, and open its first step. A later matrix doesn't change it."""
    assert in_transaction()
    row = queries.request_row(request.id)
    assert row is not None
    planned = route_queries.plan(route_queries.ask_of(row), row.facts, roster_queries.roster(now), now)
    if not planned.is_possible:
        raise NobodyDecides
    hour = route_queries.local_hour(request.site_id, now)
    kept = db.session.get(ExceptionRoute, request.id)
    if kept is None:
        kept = ExceptionRoute(exception_id=request.id)
        db.session.add(kept)
    kept.matrix_id, kept.row_name, kept.key = planned.matrix_id, planned.route.row_name[:100], planned.route.key
    kept.local_hour, kept.round = hour, round
    db.session.flush()
    for step in planned.route.steps:
        db.session.add(
            ExceptionStep(
                exception_id=request.id, round=round, number=step.number, who=list(step.who), needed=step.needed
            )
        )
    db.session.flush()
    open_step(request, 1, "asked" if round == 1 else "amended", actor, now)


def open_step(request: ExceptionRequest, number: int, what: str, actor: Actor, now: datetime) -> None:
    """Let a step begin: its deciders have the time of its clock, ANSWER_MINUTES in which their site is staffed if no target is set."""
    answer = clocks.start_approval(
        case_id=request.case_id,
        subject=request.ref,
        site_id=request.site_id,
        team_id=request.team_id,
        severity=db.session.scalars(select(Case.severity).where(Case.id == request.case_id)).one(),
        default_seconds=rules.ANSWER_MINUTES * 60,
        what=what,
        actor=actor,
        now=now,
    )
    due_at = answer.due_at or rules.answer_due(now)
    db.session.execute(
        _steps(request.id, number).values(opened_at=now, remind_at=answer.half_at or due_at, due_at=due_at)
    )
    request.due_at = due_at
    request.expires_at = max(request.expires_at, due_at)
    db.session.flush()


def say(
    request: ExceptionRequest,
    step: rules.StepFacts,
    *,
    outcome: str,
    amount_minor: int | None,
    reason: str,
    decider: rules.Decider,
    on_behalf_of_id: int | None,
    actor: Actor,
    now: datetime,
) -> str | None:
    """Take one say in the open step; returns "approved" or "declined" when it settles the request, else None.

    The database holds one human to one say per round, so that two accounts of one person are refused even at once.
    """
    assert in_transaction() and decider.id is not None
    round = _round(request, actor, now)
    try:
        with db.session.begin_nested():
            db.session.execute(
                insert(ExceptionVote).values(
                    exception_id=request.id,
                    round=round,
                    number=step.number,
                    outcome=outcome,
                    decided_by_id=decider.id,
                    human_id=decider.person,
                    on_behalf_of_id=on_behalf_of_id,
                    at=now,
                    reason=reason,
                    amount_minor=amount_minor,
                )
            )
    except IntegrityError as twice:
        raise AlreadySaid from twice
    said = step_queries.steps_of(request.id)
    outcomes = [one.outcome for row in said if row.number == step.number for one in row.said]
    found = rules.settled(outcomes, step.needed)
    if found is None:
        return None
    db.session.execute(_steps(request.id, step.number).values(done_at=now))
    if found == "approved" and step.number < step.of:
        open_step(request, step.number + 1, "answered", actor, now)
        return None
    return found


def _round(request: ExceptionRequest, actor: Actor, now: datetime) -> int:
    """The round that runs; a request from before routes were written down gets the one that it always had."""
    found = db.session.scalar(select(ExceptionRoute.round).where(ExceptionRoute.exception_id == request.id))
    if found is not None:
        return found
    open_route(request, actor, now)
    return 1


def _steps(exception_id: int, number: int) -> Any:
    round = select(ExceptionRoute.round).where(ExceptionRoute.exception_id == exception_id).scalar_subquery()
    return (
        update(ExceptionStep)
        .where(ExceptionStep.exception_id == exception_id, ExceptionStep.number == number, ExceptionStep.round == round)
        .execution_options(synchronize_session=False)
    )
