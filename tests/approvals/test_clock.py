"""The clock of an answer: it runs in staffed hours, ends with the request, and is told once at each of its steps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.approvals import actions as approvals
from app.approvals import jobs, thread_actions
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.approvals.models import ExceptionRequest
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.notifications.models import Notification
from app.sla import jobs as sla
from app.sla import queries as clocks
from app.sla import rerun_actions, target_actions
from app.sla.condition_rules import DEFAULT_RULES
from app.sla.queries import ClockView
from app.sla.rules import DEFAULT_TARGETS
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import Company, sign_in
from tests.sla.builders import company_at_a_desk

ASKED = datetime(2026, 2, 2, 16, 30, tzinfo=UTC)  # a Monday, half an hour before the desk closes
NEXT_DAY = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TEST = command("test")


@pytest.fixture
def company(app: Flask) -> Company:
    return company_at_a_desk()


def clock(request: ExceptionRequest, now: datetime) -> ClockView:
    found = clocks.clock_of_record(request.ref, now)
    assert found is not None
    return found


def told(person_id: int, about: str) -> list[str]:
    rows = db.session.query(Notification).filter_by(employee_id=person_id).order_by(Notification.id)
    return [row.text_key for row in rows if row.text_key.startswith(about)]


def test_an_answer_is_due_in_staffed_hours_and_the_sheet_shows_the_same_clock(app: Flask, company: Company) -> None:
    request = make_request(company.ana, now=ASKED)
    shown = clock(request, ASKED)
    due = NEXT_DAY + 30 * MINUTE
    assert (shown.milestone, shown.due_at, request.due_at, shown.state) == ("approval", due, due, "running")
    assert [clock(request, at).state for at in (due, due + SECOND)] == ["soon", "breached"]
    body = sign_in(app.test_client(), company.sam).get(f"/exceptions/{request.ref}").text
    assert f'id="why-{shown.id}"' in body and "Time to answer" in body
    timeline = sign_in(app.test_client(), company.sam).get(f"/cases/MG-{request.case_id}/clocks").text
    assert f'id="{shown.ref}"' in timeline and request.ref in timeline


@pytest.mark.parametrize("end", ["approved", "declined", "withdrawn", "expired"])
def test_the_clock_ends_with_the_request(company: Company, end: str) -> None:
    request = make_request(company.ana, now=ASKED)
    at = request.expires_at if end == "expired" else ASKED + 10 * MINUTE
    if end == "withdrawn":
        approvals.withdraw(exception_id=request.id, actor=company.ana.actor, now=at)
    elif end == "expired":
        assert jobs.expire_due(now=at) == 1
    else:
        approvals.decide(
            exception_id=request.id, outcome=end, amount=None, reason="Fair.", actor=company.sam.actor, now=at
        )
    assert clock(request, at).state == {"withdrawn": "cancelled", "expired": "missed"}.get(end, "met")
    opened = sum(1 for one in clocks.clocks_of_case(request.case_id, at) if one.is_open)
    # Of one that expired its breach is still told, when the desk is open.
    assert sla.sweep(now=at + timedelta(days=30)) == opened + (end == "expired")


def test_each_step_has_a_clock_of_its_own_and_asking_anew_cancels_the_last_one(company: Company) -> None:
    two = MatrixRow("two", (StepRule(("role:supervisor",)), StepRule(("role:manager",))))
    publish_matrix(company, two)
    request = make_request(company.ana, now=ASKED)
    later = ASKED + 20 * MINUTE
    approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=later
    )
    thread_actions.amend(
        exception_id=request.id, amount=Money(15_000, "GBP"), reason="A smaller one will do.", terms_hash="cd" * 32,
        over=[], policy_version_id=None, actor=company.ana.actor, now=later + MINUTE,
    )  # fmt: skip
    mine = [one for one in clocks.clocks_of_case(request.case_id, later + MINUTE) if one.subject == request.ref]
    assert [one.state for one in mine] == ["met", "cancelled", "running"]
    db.session.refresh(request)
    assert mine[-1].due_at == request.due_at == NEXT_DAY + 51 * MINUTE


def test_each_step_of_the_ladder_is_told_once_to_whom_it_concerns_and_inside_working_hours(company: Company) -> None:
    publish_matrix(company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    make_request(company.ana, now=ASKED)
    half, due = ASKED + 30 * MINUTE, NEXT_DAY + 30 * MINUTE  # half of the time is gone as the desk closes
    steps = [
        half,
        *(NEXT_DAY + minutes * MINUTE for minutes in (1, 16, 25, 31)),
        *(due + hours * HOUR for hours in (2, 5, 25)),
    ]
    counts = []
    for at in steps:
        for _again in range(2):
            counts.append(jobs.watch(now=at))
            sla.sweep(now=at)
    assert counts[0] == 0, "nobody is reminded when the desk has closed"
    sam, max_ = told(company.sam.id, ""), told(company.max.id, "")
    assert sam.count("exception:remind") == max_.count("exception:raise") == 1
    assert [sam.count(f"clock:approval:{step}") for step in ("soon", "part", "breach", "level")] == [1, 1, 0, 2]
    assert max_.count("clock:approval:level") == 2, "asked by the first level, and the manager of the third"
    assert told(company.ana.id, "clock:approval") == []


def test_a_policy_may_give_an_answer_another_time_and_a_rerun_moves_what_waits(company: Company) -> None:
    request = make_request(company.ana, now=ASKED)
    targets = {level: {**found, "approval": 7_200} for level, found in DEFAULT_TARGETS.items()}
    target_actions.publish_targets(targets=targets, number=0, actor=company.ada.actor, now=ASKED)
    second = make_request(company.ana, case=make_case(company.ana, now=ASKED), now=ASKED)
    assert second.due_at == NEXT_DAY + 90 * MINUTE
    rerun_actions.ask(kind="targets", reason="Two hours for all", actor=company.ada.actor, now=ASKED + MINUTE)
    while sla.run_reruns(now=ASKED + MINUTE):
        pass
    jobs.watch(now=ASKED + MINUTE)
    db.session.refresh(request)
    assert request.due_at == clock(request, ASKED).due_at == NEXT_DAY + 90 * MINUTE


def test_what_happens_to_an_exception_reaches_clocks_whose_policy_names_it(company: Company) -> None:
    target_actions.publish_targets(
        targets={2: {"acknowledge": 14_400, "next_update": 14_400}}, number=0, actor=company.ada.actor, now=ASKED
    )
    changes = {
        "next_update": {"reset": frozenset({"exception_decided"})},
        "acknowledge": {"stop": frozenset({"exception_asked"})},
    }
    for number, (name, change) in enumerate(changes.items(), start=1):
        rule = replace(DEFAULT_RULES.of(name), **change)
        target_actions.publish_rule(milestone=name, rule=rule, number=number, actor=company.ada.actor, now=ASKED)
    request = make_request(company.ana, case=make_case(company.ana, now=ASKED, severity=2), now=ASKED + MINUTE)
    by_name = {one.milestone: one for one in clocks.clocks_of_case(request.case_id, ASKED + MINUTE)}
    assert (by_name["acknowledge"].state, by_name["next_update"].state) == ("met", "running")
    later = ASKED + 5 * MINUTE
    approvals.decide(
        exception_id=request.id, outcome="declined", amount=None, reason="No.", actor=company.sam.actor, now=later
    )
    news_clocks = [one for one in clocks.clocks_of_case(request.case_id, later) if one.milestone == "next_update"]
    assert [(one.state, one.started_at) for one in news_clocks] == [("met", ASKED), ("running", later)]
