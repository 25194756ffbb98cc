"""Asking, deciding once, taking back, expiring; each leaves one entry and one line on the timeline."""

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.approvals import actions as approvals
from app.approvals import hooks, jobs, queries
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.audit.models import AuditEntry
from app.cases.models import CaseEvent
from app.customers import actions as customers
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.money import Money
from app.kernel.time import UTC, utc_now
from app.notifications.models import Notification
from app.people import actions as people
from app.people.queries import PersonRow
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, make_person

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=22)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def decide(
    request: ExceptionRequest, person: PersonRow, outcome: str = "approved", **changes: object
) -> ExceptionRequest:
    values: dict[str, object] = {"amount": None, "reason": "Fair.", "now": LATER, **changes}
    return approvals.decide(exception_id=request.id, outcome=outcome, actor=person.actor, **values)  # type: ignore[arg-type]


def entries(prefix: str = "exception:") -> list[str]:
    return [
        name for name in db.session.scalars(select(AuditEntry.type).order_by(AuditEntry.id)) if name.startswith(prefix)
    ]


def inbox(person: PersonRow) -> list[str]:
    return list(db.session.scalars(select(Notification.text_key).where(Notification.employee_id == person.id)))


def test_asking_tells_those_who_may_decide_and_nobody_else(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    assert (request.state, request.due_at, request.expires_at) == (
        "waiting",
        NOW + timedelta(hours=1),
        NOW + timedelta(hours=72),
    )
    assert entries() == ["exception:ask"]
    assert inbox(company.sam) == inbox(company.max) == ["exception:asked"]
    assert inbox(company.ana) == inbox(company.bo) == []
    assert company.tom is not None
    assert inbox(company.tom) == []


def test_an_approval_is_kept_with_its_decision_entry_timeline_and_notice(company: Company) -> None:
    request = decide(make_request(company.ana, now=NOW), company.sam)
    assert (request.state, request.ended_at, request.ended_by_id) == ("approved", LATER, company.sam.id)
    decision = db.session.scalars(select(ExceptionDecision)).one()
    assert (decision.amount_minor, decision.decided_by_id, decision.reason) == (18_000, company.sam.id, "Fair.")
    assert entries() == ["exception:ask", "exception:approve"]
    assert inbox(company.ana) == ["exception:approved"]
    events = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == "exception").order_by(CaseEvent.id)).all()
    assert [event.data["what"] for event in events] == ["asked", "approved"]


@pytest.mark.parametrize(("minor", "is_sound"), [(1, True), (18_000, True), (18_001, False), (0, False)])
def test_less_can_be_approved_but_not_more_and_not_nothing(company: Company, minor: int, is_sound: bool) -> None:
    request = make_request(company.ana, now=NOW)
    if is_sound:
        decide(request, company.sam, amount=Money(minor, "GBP"))
        assert db.session.scalar(select(ExceptionDecision.amount_minor)) == minor
        return
    with pytest.raises(BadInput):
        decide(request, company.sam, amount=Money(minor, "GBP"))
    assert entries() == ["exception:ask"]


def test_another_currency_is_refused(company: Company) -> None:
    with pytest.raises(BadInput):
        decide(make_request(company.ana, now=NOW), company.sam, amount=Money(100, "USD"))


def test_declining_needs_a_reason_and_says_it(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    with pytest.raises(BadInput):
        decide(request, company.sam, "declined", reason="  ")
    declined = decide(request, company.sam, "declined", reason="We already gave the room.")
    assert declined.state == "declined"
    assert entries() == ["exception:ask", "exception:decline"]
    assert inbox(company.ana) == ["exception:declined"]


def test_the_requester_never_decides_whatever_their_role(company: Company) -> None:
    for person in (company.sam, company.max):
        with pytest.raises(approvals.MayNotDecide) as refusal:
            decide(make_request(person, case=make_case(company.ana, now=NOW), now=NOW), person)
        assert refusal.value.details["reason"] == "own-request"


def test_the_owner_of_the_case_does_not_decide_it(company: Company) -> None:
    case = make_case(company.sam, now=NOW)
    request = make_request(company.ana, case=case, now=NOW)
    with pytest.raises(approvals.MayNotDecide):
        decide(request, company.sam)
    assert queries.deciders_for(request.id, LATER) == [company.max.id]
    assert decide(request, company.max).state == "approved"


def test_the_customer_of_the_case_does_not_decide_it(company: Company) -> None:
    sam_complains = make_case(company.ana, customer="Sam Okafor", now=NOW)
    twin = customers.find_or_make(
        name="S. Okafor", email="SAM@makegood.example", site_id=company.quayside.id, actor=company.ana.actor, now=NOW
    )
    case = make_case(company.ana, customer=None, customer_id=twin.id, now=NOW)
    request = make_request(company.ana, case=case, now=NOW)
    assert company.sam.id not in queries.deciders_for(request.id, LATER)
    with pytest.raises(approvals.MayNotDecide):
        decide(request, company.sam)
    assert decide(make_request(company.ana, case=sam_complains, now=NOW), company.sam).state == "approved"


@pytest.mark.parametrize("who", ["bo", "hana", "ada", "audra"])
def test_people_without_the_right_are_not_permitted(company: Company, who: str) -> None:
    with pytest.raises(NotPermitted):
        decide(make_request(company.ana, now=NOW), getattr(company, who))


def test_a_supervisor_elsewhere_finds_nothing(company: Company) -> None:
    assert company.tom is not None
    with pytest.raises(NotFound):
        decide(make_request(company.ana, now=NOW), company.tom)


def test_rights_are_checked_when_deciding_not_when_asking(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    people.deactivate(employee_id=company.sam.id, successor_id=company.max.id, actor=OPERATOR, now=NOW)
    with pytest.raises(approvals.MayNotDecide):
        decide(request, company.sam)
    assert queries.deciders_for(request.id, LATER) == [company.max.id]


def test_the_second_decision_is_refused_and_names_the_first(company: Company) -> None:
    request = decide(make_request(company.ana, now=NOW), company.sam)
    with pytest.raises(approvals.AlreadyEnded, match="Sam Okafor has already approved this"):
        decide(request, company.max, "declined", reason="No.")
    assert db.session.query(ExceptionDecision).count() == 1


def test_the_requester_takes_it_back_and_then_nobody_decides(company: Company) -> None:
    request = make_request(company.ana, now=NOW)
    with pytest.raises(NotPermitted):
        approvals.withdraw(exception_id=request.id, actor=company.bo.actor, now=LATER)
    assert approvals.withdraw(exception_id=request.id, actor=company.ana.actor, now=LATER).state == "withdrawn"
    with pytest.raises(approvals.AlreadyEnded, match="taken this request back"):
        decide(request, company.sam)
    with pytest.raises(approvals.AlreadyEnded):
        approvals.withdraw(exception_id=request.id, actor=company.ana.actor, now=LATER)
    assert entries() == ["exception:ask", "exception:withdraw"]


def test_expiry_ends_what_is_due_once_and_tells_higher_rooms(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def remember(*, exception_id: int, remedy_id: int | None, state: str, actor: Actor, now: datetime) -> None:
        ended.append(state)

    monkeypatch.setattr(hooks, "on_ended", [remember])
    old = make_request(company.ana, now=NOW)
    make_request(company.ana, now=NOW + timedelta(hours=1))
    due = NOW + timedelta(hours=72)
    assert jobs.expire_due(now=due - timedelta(microseconds=1)) == 0
    with pytest.raises(approvals.MayNotDecide, match="expired"):
        decide(old, company.sam, now=due)
    assert jobs.expire_due(now=due) == 1
    assert jobs.expire_due(now=due) == 0
    assert ended == ["expired"]
    assert inbox(company.ana) == ["exception:expired"]


def test_nobody_leaves_while_a_request_would_have_nobody_to_decide_it(company: Company) -> None:
    request = make_request(company.sam, case=make_case(company.ana, now=NOW), now=NOW)
    assert queries.deciders_for(request.id, LATER) == [company.max.id]
    with pytest.raises(Exception, match=request.ref):
        people.deactivate(employee_id=company.max.id, successor_id=company.sam.id, actor=OPERATOR, now=LATER)
    make_person("Mia Lund", "manager", company.quayside.id)
    people.deactivate(employee_id=company.max.id, successor_id=company.sam.id, actor=OPERATOR, now=LATER)


STATEMENTS = [
    "UPDATE exception_decision SET amount_minor = 1",
    "DELETE FROM exception_decision",
    "UPDATE exception_request SET state = 'waiting', ended_at = NULL",
    "DELETE FROM exception_request",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_decision_cannot_be_rewritten(company: Company, statement: str) -> None:
    decide(make_request(company.ana, now=NOW), company.sam)
    with pytest.raises(DatabaseError), db.engine.connect().execution_options(makegood_migration=True) as connection:
        connection.execute(text(statement))
    assert db.session.scalar(select(ExceptionRequest.state)) == "approved"


def _race(app: Flask, request: ExceptionRequest, deciders: list[tuple[PersonRow, str]]) -> list[str]:
    """Let everybody decide at the same moment, each in a thread and a session of their own."""
    start, results = threading.Barrier(len(deciders)), []

    def run(person: PersonRow, outcome: str) -> None:
        with app.app_context():
            start.wait()
            try:
                approvals.decide(
                    exception_id=request.id,
                    outcome=outcome,
                    amount=None,
                    reason="So.",
                    actor=person.actor,
                    now=utc_now(),
                )
                results.append("decided")
            except approvals.AlreadyEnded as refusal:
                results.append(str(refusal))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return results


def test_two_people_deciding_at_the_same_moment_give_one_decision(app: Flask, company: Company) -> None:
    for _round in range(5):
        request = make_request(company.ana, now=utc_now())
        results = _race(app, request, [(company.sam, "approved"), (company.max, "declined")])
        assert len(results) == 2
        assert results.count("decided") == 1
        assert any("already" in result for result in results)
        kept = db.session.scalars(select(ExceptionDecision).where(ExceptionDecision.exception_id == request.id)).one()
        state = db.session.scalar(select(ExceptionRequest.state).where(ExceptionRequest.id == request.id))
        assert kept.outcome == state


def test_waits_are_measured_over_decisions_here_and_lately(company: Company) -> None:
    for minutes in range(1, 11):
        asked = NOW - timedelta(days=1, minutes=minutes)
        decide(make_request(company.ana, now=asked), company.sam, now=asked + timedelta(minutes=minutes))
    old = NOW - timedelta(days=91)
    decide(make_request(company.ana, now=old), company.sam, now=old + timedelta(hours=9))
    make_request(company.ana, now=NOW)
    found = queries.waits((company.quayside.id,), NOW)
    assert (found.p50_seconds, found.p90_seconds, found.count) == (300, 540, 10)
    assert company.harbour is not None
    assert queries.waits((company.harbour.id,), NOW).p50_seconds is None
