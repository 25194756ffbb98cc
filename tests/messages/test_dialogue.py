"""The customer writes, and is written to: rows, timeline, clocks, notices and the trail."""

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.cases import actions as cases
from app.cases.models import Case, CaseEvent
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.time import utc_now
from app.messages import actions as messages
from app.messages.models import Message
from app.messages.queries import messages_of
from app.notifications.models import Notification
from app.sla.queries import clocks_of_case
from tests.cases.builders import make_case
from tests.people.builders import make_company

TEXT = "  Es war kalt –\n„sehr“ kalt.\t🙂 \n"


def test_a_message_is_kept_exactly_and_told_to_who_answers_for_the_case(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    cleo = customer("CU-1", case.site_id)
    said = {"case_id": case.id, "channel": "page", "actor": cleo, "intent": "intent-0001"}
    first = messages.receive(text=TEXT, now=utc_now(), **said)
    again = messages.receive(text=TEXT, now=utc_now(), **said)
    assert first.id == again.id
    with pytest.raises(messages.MessageReused):
        messages.receive(text="other", now=utc_now(), **said)
    assert [row.text for row in messages_of(case.id)] == [TEXT]
    event = db.session.query(CaseEvent).filter_by(case_id=case.id, kind="wrote").one()
    assert event.text == TEXT and event.data["channel"] == "page"
    line = db.session.query(Notification).filter_by(kind="customer:wrote").one()
    assert (line.employee_id, line.url) == (company.ana.id, f"/cases/{case.ref}")
    entries = db.session.query(AuditEntry).filter_by(type="message:receive").all()
    assert ["customer:CU-1" in entry.content for entry in entries] == [True]


def test_a_case_that_waits_for_the_customer_goes_on_when_she_writes(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    cases.wait(case_id=case.id, waiting_for="customer", reason="", actor=company.ana.actor, now=utc_now())
    assert any(clock.is_paused for clock in clocks_of_case(case.id, utc_now()))
    said = {"case_id": case.id, "text": "Here it is.", "channel": "email"}
    messages.receive(actor=customer("CU-1", case.site_id), now=utc_now(), **said)
    assert db.session.get_one(Case, case.id).state == "open"
    assert not any(clock.is_paused for clock in clocks_of_case(case.id, utc_now()))


def test_what_we_write_counts_as_the_first_answer_and_names_its_author(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    said = {"case_id": case.id, "text": "We look into it.", "channel": "page"}
    messages.send(actor=company.ana.actor, now=utc_now(), **said)
    row = messages_of(case.id)[0]
    assert (row.direction, row.author) == ("out", "Ana Ruiz")
    answered = next(one for one in clocks_of_case(case.id, utc_now()) if one.milestone == "first_response")
    assert answered.stopped_at is not None


def test_neither_a_stranger_nor_a_customer_of_another_site_nor_blanks_leave_anything(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    assert company.nia is not None and company.harbour is not None
    said = {"case_id": case.id, "channel": "page", "now": utc_now()}
    with pytest.raises(NotFound):
        messages.send(text="Hello", actor=company.nia.actor, **said)
    with pytest.raises(NotFound):
        messages.receive(text="Hello", actor=customer("CU-1", company.harbour.id), **said)
    with pytest.raises(BadInput):
        messages.receive(text=" \n", actor=customer("CU-1", case.site_id), **said)
    with pytest.raises(BadInput):
        messages.send(text="Hello", actor=company.ana.actor, **{**said, "channel": "smoke"})
    assert db.session.query(Message).count() == 0
