"""A waiting page asks whether anything is new: one query, 304 while nothing is, the new part when something is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from app.approvals import actions as approvals
from app.approvals import jobs
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications.models import Notification
from tests.approvals.builders import make_request, publish_matrix
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_page_learns_of_the_decision_and_costs_one_query_until_then(
    app: Flask, company: Company, statements: list[str]
) -> None:
    request = make_request(company.ana)
    client = sign_in(app.test_client(), company.ana)
    url = f"/exceptions/{request.ref}/state"
    first = client.get(url)
    tag = first.headers["ETag"]
    statements.clear()
    same = client.get(url, headers={"If-None-Match": tag})
    about_it = [text for text in statements if "exception_" in text]
    assert (same.status_code, same.data, len(about_it)) == (304, b"", 1)
    assert tag.strip('"') in first.text
    approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="Fair.", actor=company.sam.actor, now=utc_now()
    )
    news = client.get(url, headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert "Sam Okafor approved" in news.text and "/state" not in news.text
    assert company.nia is not None
    assert sign_in(app.test_client(), company.nia).get(url, headers={"If-None-Match": tag}).status_code == 404


def test_the_cases_page_waits_for_the_decision_alone(app: Flask, company: Company, statements: list[str]) -> None:
    request = make_request(company.ana)
    client = sign_in(app.test_client(), company.ana)
    url = f"/exceptions/{request.ref}/state?only=end"
    client.get(url)
    statements.clear()
    assert client.get(url).status_code == 304
    assert len([text for text in statements if "exception_" in text]) == 1
    approvals.decide(
        exception_id=request.id, outcome="declined", amount=None, reason="No.", actor=company.sam.actor, now=utc_now()
    )
    told = client.get(url)
    assert (told.status_code, "Sam Okafor declined £180.00." in told.text) == (200, True)
    assert "data-live" not in told.text
    assert company.nia is not None
    assert sign_in(app.test_client(), company.nia).get(url).status_code == 404


def test_time_reminds_then_climbs_then_raises_the_alarm_and_never_decides(company: Company) -> None:
    publish_matrix(company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    now = utc_now()
    request = make_request(company.ana, now=now)

    def told(person_id: int) -> list[str]:
        rows = db.session.query(Notification).filter_by(employee_id=person_id).order_by(Notification.id)
        return [row.text_key for row in rows]

    assert jobs.watch(now=now + timedelta(minutes=29)) == 0
    assert [jobs.watch(now=now + timedelta(minutes=30)) for _again in range(2)] == [1, 0]
    assert told(company.sam.id) == ["exception:asked", "exception:remind"]
    assert told(company.max.id) == []
    assert [jobs.watch(now=now + timedelta(minutes=60)) for _again in range(2)] == [1, 0]
    assert told(company.max.id) == ["exception:raise"]
    assert jobs.find_orphans(now=now + timedelta(minutes=61)) == 0
    db.session.refresh(request)
    assert request.state == "waiting"
    done = approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.max.actor,
        now=now + timedelta(minutes=62),
    )  # fmt: skip
    assert done.state == "approved"
    assert jobs.watch(now=now + timedelta(days=2)) == 0


def test_a_request_whose_deciders_are_all_away_raises_the_alarm_once(company: Company) -> None:
    from app.approvals import absence_actions as absences

    now = utc_now()
    request = make_request(company.ana, now=now)
    for person in (company.sam, company.max):
        absences.set_absence(
            employee_id=person.id, from_at=now, to_at=now + timedelta(days=5), actor=person.actor, now=now
        )
    assert [jobs.find_orphans(now=now + timedelta(minutes=5)) for _again in range(2)] == [1, 0]
    entry = db.session.query(AuditEntry).filter_by(type="exception:orphan").one()
    assert entry.subject == request.ref
