"""Refused by the frontline, then granted: who is credited, what is offered, and that queues are left at once."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.approvals import actions as approvals
from app.approvals import appeal_queries
from app.approvals.appeal_rules import Appeal, Turn, appeals, to_credit
from app.cases import actions as cases
from app.kernel.database import db
from app.kernel.time import UTC, utc_now
from app.notifications.models import Notification
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def turns(*said: tuple[str, int]) -> list[Turn]:
    return [Turn(kind, at(hours), 7) for kind, hours in said]


@pytest.mark.parametrize(
    ("said", "grants", "found"),
    [
        ([], [], []),
        ([("refused", 1)], [2], []),
        ([("refused", 1), ("reopened", 2)], [], [Appeal(7, at(1), at(2))]),
        ([("refused", 1), ("reopened", 2)], [1], [Appeal(7, at(1), at(2))]),
        ([("refused", 1), ("reopened", 2)], [3, 2], [Appeal(7, at(1), at(2), at(2))]),
        ([("ended", 1), ("reopened", 2)], [3], []),
        ([("refused", 1), ("ended", 2), ("reopened", 3)], [4], []),
        (
            [("refused", 1), ("reopened", 2), ("refused", 3), ("reopened", 4)],
            [5],
            [Appeal(7, at(1), at(2)), Appeal(7, at(3), at(4), at(5))],
        ),
    ],
)
def test_an_appeal_is_a_refusal_that_came_back_and_is_granted_before_the_next_refusal(
    said: list[tuple[str, int]], grants: list[int], found: list[Appeal]
) -> None:
    assert appeals(turns(*said), [at(hours) for hours in grants]) == found


def test_credit_goes_to_the_refusal_that_this_grant_answers() -> None:
    twice = turns(("refused", 1), ("reopened", 2), ("refused", 3), ("reopened", 4))
    assert to_credit(twice, at(5)) == Appeal(7, at(3), at(4), at(5))
    assert to_credit(turns(("refused", 1)), at(5)) is None
    assert to_credit([Turn("refused", at(1), None), Turn("reopened", at(2), None)], at(5)) is None


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def unread(person_id: int, subject: str) -> list[str]:
    rows = db.session.query(Notification).filter_by(employee_id=person_id, subject=subject, read_at=None)
    return [row.text_key for row in rows.order_by(Notification.id)]


def decide(company: Company, exception_id: int, outcome: str = "approved") -> None:
    approvals.decide(
        exception_id=exception_id, outcome=outcome, amount=None, reason="Fair.", actor=company.sam.actor, now=utc_now()
    )


def test_row_23_a_granted_appeal_credits_the_first_person_and_offers_a_higher_limit(company: Company) -> None:
    case = make_case(company.ana)
    refused_at = utc_now()
    cases.resolve(
        case_id=case.id,
        outcome="declined",
        root_cause="process",
        note="Beyond my limit",
        actor=company.ana.actor,
        now=refused_at,
    )
    cases.reopen(case_id=case.id, reason="She called again", actor=company.bo.actor, now=utc_now())
    request = make_request(company.bo, case=case)
    decide(company, request.id)
    assert unread(company.ana.id, request.ref) == ["exception:credit"]
    assert "exception:policy-offer" in unread(company.max.id, request.ref)
    assert appeal_queries.credits_of(company.ana.id, START) == 1
    row = appeal_queries.credits(START, [company.quayside.id], 10)[0]
    assert (row.case_id, row.refused_at, row.amount_minor) == (case.id, refused_at, 18_000)


def test_one_no_is_credited_once_however_many_grants_follow_and_a_second_no_again(company: Company) -> None:
    case = make_case(company.ana)
    for _turn in range(2):
        cases.resolve(
            case_id=case.id, outcome="declined", root_cause="process", note="No", actor=company.ana.actor, now=utc_now()
        )
        cases.reopen(case_id=case.id, reason="Again", actor=company.bo.actor, now=utc_now())
        asked = [make_request(company.bo, case=case).id for _request in range(2)]
        for one in reversed(asked):  # in whatever order they are granted
            decide(company, one)
    assert appeal_queries.credits_of(company.ana.id, START) == 2
    told = db.session.query(Notification).filter_by(employee_id=company.ana.id, text_key="exception:credit")
    assert told.count() == 2


def test_nobody_is_credited_where_nobody_refused_or_the_answer_stays_no(company: Company) -> None:
    plain = make_request(company.ana)
    decide(company, plain.id)
    case = make_case(company.ana)
    cases.resolve(
        case_id=case.id, outcome="declined", root_cause="process", note="No", actor=company.ana.actor, now=utc_now()
    )
    cases.reopen(case_id=case.id, reason="Again", actor=company.bo.actor, now=utc_now())
    decide(company, make_request(company.bo, case=case).id, "declined")
    assert appeal_queries.credits_of(company.ana.id, START) == 0


def test_a_decided_request_leaves_every_inbox_at_once_and_others_stay(company: Company) -> None:
    decided, other = make_request(company.ana), make_request(company.bo)
    assert unread(company.max.id, decided.ref) == ["exception:asked"]
    decide(company, decided.id)
    assert unread(company.max.id, decided.ref) == unread(company.sam.id, decided.ref) == []
    assert unread(company.ana.id, decided.ref) == ["exception:approved"]
    assert unread(company.max.id, other.ref) == ["exception:asked"]
    approvals.withdraw(exception_id=other.id, actor=company.bo.actor, now=utc_now())
    assert unread(company.max.id, other.ref) == []
