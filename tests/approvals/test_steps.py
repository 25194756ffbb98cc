"""Steps, quorums, absence and who may not decide: each defect that other systems had is a test here."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.approvals import absence_actions as absences
from app.approvals import actions as approvals
from app.approvals import matrix_actions as matrix
from app.approvals import queries
from app.approvals import step_actions as steps
from app.approvals import thread_actions as threads
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.approvals.step_models import ExceptionStep, ExceptionVote
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.money import Money
from app.kernel.time import UTC
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people.queries import PersonRow
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, make_person

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=22)
WEEK = timedelta(days=7)
SUPERVISOR, MANAGER = StepRule(("role:supervisor",)), StepRule(("role:manager",))
TWO_STEPS = MatrixRow("two steps", (SUPERVISOR, MANAGER))
TWO_OF = MatrixRow("two of them", (StepRule(("role:supervisor", "role:manager"), 2),))


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def say(request: ExceptionRequest, person: PersonRow, outcome: str = "approved", **changes: Any) -> ExceptionRequest:
    values: dict[str, Any] = {"amount": None, "reason": "Fair.", "now": LATER, **changes}
    return approvals.decide(exception_id=request.id, outcome=outcome, actor=person.actor, **values)


def why_not(request: ExceptionRequest, person: PersonRow, now: datetime = LATER) -> str:
    with pytest.raises((approvals.MayNotDecide, NotFound)) as refusal:
        say(request, person, now=now)
    return str(refusal.value.details.get("reason", "not-found"))


def away(person: PersonRow, stand_in: PersonRow | None, **changes: Any) -> int:
    values: dict[str, Any] = {"from_at": NOW - WEEK, "to_at": NOW + WEEK, "actor": person.actor, "now": NOW, **changes}
    return absences.set_absence(employee_id=person.id, stand_in_id=stand_in.id if stand_in else None, **values).id


def test_both_steps_are_needed_and_the_smaller_amount_stands(company: Company) -> None:
    publish_matrix(company, TWO_STEPS)
    request = make_request(company.ana, now=NOW)
    assert queries.deciders_for(request.id, NOW) == [company.sam.id]
    assert why_not(request, company.max) == "not-in-step"
    assert say(request, company.sam, amount=Money(15_000, "GBP")).state == "waiting"
    assert db.session.scalar(select(ExceptionDecision.id)) is None
    assert why_not(request, company.sam) == "acted"
    with pytest.raises(BadInput):
        say(request, company.max, amount=Money(15_001, "GBP"))
    assert say(request, company.max).state == "approved"
    assert db.session.scalar(select(ExceptionDecision.amount_minor)) == 15_000
    types = [
        name for name in db.session.scalars(select(AuditEntry.type).order_by(AuditEntry.id)) if "exception:" in name
    ]
    assert types == ["exception:ask", "exception:agree", "exception:approve"]


def test_one_refusal_ends_it_in_any_step(company: Company) -> None:
    publish_matrix(company, TWO_STEPS)
    request = say(make_request(company.ana, now=NOW), company.sam)
    assert say(request, company.max, "declined", reason="No.").state == "declined"


def test_two_of_them_are_two_people(company: Company) -> None:
    publish_matrix(company, TWO_OF)
    request = say(make_request(company.ana, now=NOW), company.max)
    assert (request.state, why_not(request, company.max)) == ("waiting", "acted")
    assert say(request, company.sam).state == "approved"


def test_row_16_a_second_account_is_the_same_person_everywhere(company: Company) -> None:
    publish_matrix(company, TWO_OF)
    twin = make_person("Ana Twin", "supervisor", company.quayside.id, email="ana.lead@makegood.example")
    absences.link_account(employee_id=twin.id, same_as_id=company.ana.id, actor=company.ada.actor, now=NOW)
    request = make_request(company.ana, now=NOW)
    assert why_not(request, twin) == "own-request"
    second = make_person("Sam Twin", "supervisor", company.quayside.id, email="sam.two@makegood.example")
    absences.link_account(employee_id=second.id, same_as_id=company.sam.id, actor=company.ada.actor, now=NOW)
    say(request, company.sam)
    assert why_not(request, second) == "acted"
    assert say(request, company.max).state == "approved"


def test_the_database_itself_takes_one_say_of_a_person(company: Company) -> None:
    publish_matrix(company, TWO_OF)
    request = say(make_request(company.ana, now=NOW), company.sam)
    standing = queries.standing([queries.request_row(request.id)], LATER)  # type: ignore[list-item]
    sam = standing.roster.decider(company.sam.id)
    with pytest.raises(steps.AlreadySaid), transaction():
        steps.say(
            request, standing.facts[request.id].step, outcome="approved", amount_minor=1, reason="", now=LATER,
            decider=replace(sam, id=company.max.id), on_behalf_of_id=None, actor=company.sam.actor,
        )  # fmt: skip


def test_row_15_a_stand_in_decides_under_their_own_name_on_behalf_of_the_absent(company: Company) -> None:
    assert company.tom is not None
    request = make_request(company.ana, now=NOW)
    assert why_not(request, company.tom) == "not-found"
    away(company.sam, company.tom)
    assert say(request, company.tom).state == "approved"
    decision = db.session.scalars(select(ExceptionDecision)).one()
    assert (decision.decided_by_id, decision.on_behalf_of_id) == (company.tom.id, company.sam.id)


@pytest.mark.parametrize(
    ("bounds", "is_bound"),
    [
        ({}, False),
        ({"from_at": LATER + timedelta(minutes=1)}, True),
        ({"to_at": LATER}, True),
        ({"amount_max": Money(18_000, "GBP")}, False),
        ({"amount_max": Money(17_999, "GBP")}, True),
        ({"amount_max": Money(18_000, "USD")}, True),
        ({"site_id": 2}, True),
    ],
)
def test_a_stand_in_is_bound_by_dates_amount_and_place(
    company: Company, bounds: dict[str, Any], is_bound: bool
) -> None:
    assert company.tom is not None and company.harbour is not None and company.harbour.id == 2
    request = make_request(company.ana, now=NOW)
    away(company.sam, company.tom, **bounds)
    if is_bound:
        assert why_not(request, company.tom) == "not-found"
    else:
        assert say(request, company.tom).state == "approved"


def test_a_delegation_does_not_cascade_and_gives_nothing_where_the_absent_asked(company: Company) -> None:
    assert company.tom is not None and company.harbour is not None
    lea = make_person("Lea Roth", "supervisor", company.harbour.id)
    away(company.sam, company.tom)
    away(company.tom, lea)
    request = make_request(company.ana, now=NOW)
    assert why_not(request, lea) == "not-found"
    own = make_request(company.sam, case=make_case(company.ana, now=NOW), now=NOW)
    assert why_not(own, company.tom) == "not-found"


def test_an_absence_lasts_thirty_days_at_most_and_is_lent_to_deciders_only(company: Company) -> None:
    with pytest.raises(BadInput):
        away(company.sam, company.max, from_at=NOW, to_at=NOW + timedelta(days=30, seconds=1))
    away(company.sam, company.max, from_at=NOW, to_at=NOW + timedelta(days=30))
    for stand_in in (company.ana, company.sam):
        with pytest.raises(BadInput):
            away(company.sam, stand_in)
    with pytest.raises(NotPermitted):
        absences.set_absence(
            employee_id=company.max.id, from_at=NOW, to_at=NOW + WEEK, actor=company.sam.actor, now=NOW
        )


def test_the_fallback_decider_decides_only_while_nobody_else_is_there(company: Company) -> None:
    publish_matrix(company, MatrixRow("sup", (SUPERVISOR,)))
    absences.set_fallback(site_id=company.quayside.id, employee_id=company.max.id, actor=company.ada.actor, now=NOW)
    request = make_request(company.ana, now=NOW)
    assert why_not(request, company.max) == "not-in-step"
    absence = away(company.sam, None)
    assert queries.standing([queries.request_row(request.id)], LATER).asked_ids(request.id) == [company.max.id]  # type: ignore[list-item]
    absences.end_absence(absence_id=absence, actor=company.sam.actor, now=NOW)
    assert why_not(request, company.max) == "not-in-step"


def test_row_12_nobody_leaves_while_a_step_would_be_left_without_a_decider(company: Company) -> None:
    publish_matrix(company, MatrixRow("sup", (SUPERVISOR,)))
    request = make_request(company.ana, now=NOW)
    with pytest.raises(Exception, match=request.ref):
        people.deactivate(employee_id=company.sam.id, successor_id=company.max.id, actor=OPERATOR, now=LATER)
    absences.set_fallback(site_id=company.quayside.id, employee_id=company.max.id, actor=company.ada.actor, now=NOW)
    people.deactivate(employee_id=company.sam.id, successor_id=company.max.id, actor=OPERATOR, now=LATER)
    assert queries.deciders_for(request.id, LATER) == [company.max.id]


def test_row_13_a_revoked_right_counts_at_once_also_when_lent(company: Company) -> None:
    assert company.tom is not None
    away(company.sam, company.tom)
    request = make_request(company.ana, now=NOW)
    people.deactivate(employee_id=company.sam.id, successor_id=company.max.id, actor=OPERATOR, now=NOW)
    assert why_not(request, company.tom) == "not-found"


def test_row_14_a_later_matrix_changes_nothing_that_waits_and_history_keeps_its_dates(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    publish_matrix(company, MatrixRow("manager", (MANAGER,)))
    assert say(request, company.sam).state == "approved"
    later = make_request(company.ana, now=LATER)
    assert why_not(later, company.sam, now=LATER + timedelta(minutes=1)) == "not-in-step"
    vote = db.session.scalars(select(ExceptionVote)).one()
    assert (vote.decided_by_id, vote.at) == (company.sam.id, LATER)


def test_row_22_an_amendment_voids_what_was_said_and_asks_anew(company: Company) -> None:
    publish_matrix(company, TWO_STEPS)
    request = say(make_request(company.ana, now=NOW), company.sam)
    read = request.terms_hash
    changed = {
        "amount": Money(16_000, "GBP"),
        "reason": "Less does.",
        "terms_hash": "cd" * 32,
        "over": [],
        "policy_version_id": None,
    }
    with pytest.raises(NotPermitted):
        threads.amend(exception_id=request.id, **changed, actor=company.bo.actor, now=LATER)  # type: ignore[arg-type]
    threads.amend(exception_id=request.id, **changed, actor=company.ana.actor, now=LATER)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        say(request, company.sam, terms_hash=read)
    assert why_not(request, company.max) == "not-in-step"
    assert say(say(request, company.sam, terms_hash="cd" * 32), company.max).state == "approved"
    assert db.session.scalar(select(ExceptionDecision.amount_minor)) == 16_000
    assert sorted(db.session.scalars(select(ExceptionVote.round))) == [1, 2, 2]
    assert len(db.session.scalars(select(ExceptionStep.id)).all()) == 4


def test_a_question_is_asked_by_who_may_decide_and_answered_by_who_asked(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    with pytest.raises(NotPermitted):
        threads.ask_back(exception_id=request.id, text="Why?", actor=company.bo.actor, now=LATER)
    threads.ask_back(exception_id=request.id, text="Was the taxi ours?", actor=company.sam.actor, now=LATER)
    with pytest.raises(NotPermitted):
        threads.answer(exception_id=request.id, text="Yes.", actor=company.bo.actor, now=LATER)
    threads.answer(exception_id=request.id, text="Yes, booked by us.", actor=company.ana.actor, now=LATER)
    say(request, company.sam)
    with pytest.raises(approvals.AlreadyEnded):
        threads.answer(exception_id=request.id, text="One more thing.", actor=company.ana.actor, now=LATER)


def test_what_the_matrix_lets_nobody_decide_cannot_be_asked(company: Company) -> None:
    publish_matrix(company, MatrixRow("up to 100", (MANAGER,), "GBP", 0, 10_000))
    with pytest.raises(steps.NobodyDecides):
        make_request(company.ana, now=NOW)
    assert db.session.scalar(select(ExceptionRequest.id)) is None


def test_row_17_publishing_takes_four_eyes_and_happens_once(company: Company) -> None:
    draft = {"place": None, "row": TWO_STEPS, "version": None, "now": NOW}
    matrix.save_row(**draft, actor=company.max.actor)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        matrix.save_row(**draft, actor=company.ada.actor)  # type: ignore[arg-type]
    with pytest.raises(matrix.OwnMatrix):
        matrix.publish(version=1, actor=company.max.actor, now=NOW)
    assert matrix.publish(version=1, actor=company.ada.actor, now=NOW) == 1
    with pytest.raises(Conflict):
        matrix.publish(version=1, actor=company.ada.actor, now=NOW)


def test_row_12_nobody_leaves_whom_a_later_step_needs(company: Company) -> None:
    publish_matrix(company, TWO_STEPS)
    make_request(company.ana, now=NOW)
    with pytest.raises(Exception, match="EX-1"):
        people.deactivate(employee_id=company.max.id, successor_id=company.sam.id, actor=OPERATOR, now=LATER)
