"""Requests with their month, holds that forbid, four eyes on the page, corrections, disputes; who may and who may not."""

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cases import actions as cases
from app.cases.models import Case
from app.customers import actions as customers
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.time import utc_now
from app.people import actions as people
from app.privacy import erasure_actions as erasures
from app.privacy import request_actions as requests
from app.privacy.erasure_queries import erasures as erasure_rows
from app.privacy.models import Erasure
from app.privacy.request_queries import requests as request_rows
from app.privacy.subject_queries import Subject, identities, subject_of
from app.privacy.word_rules import blanked, says_words, sure_part, without
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def case(company: Company) -> Case:
    made = make_case(company.ana)
    cases.resolve(
        case_id=made.id,
        outcome="made_good",
        root_cause="equipment",
        note="Warm again",
        actor=company.ana.actor,
        now=utc_now(),
    )
    return made


def theirs(case: Case) -> Subject:
    found = subject_of(f"CU-{case.customer_id}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2027, 2, 28), date(2027, 3, 28)),
        (date(2027, 12, 15), date(2028, 1, 15)),
        (date(2028, 1, 30), date(2028, 2, 29)),
    ],
)
def test_an_answer_is_due_one_calendar_month_on_whatever_day_that_is(asked: date, due: date) -> None:
    assert requests.due_on(asked) == due


@pytest.mark.parametrize(
    ("said", "by_customer", "goes"),
    [
        ({"amount": {"minor": 1}, "kind": "refund"}, False, False),
        ({"reason": "the_heating"}, False, False),
        ({"reason": "She froze all night"}, False, True),
        ({"summary": "Cold"}, False, True),
        ({"before": {"owner": 4}, "after": {"owner": 5}}, False, False),
        ({"before": {"summary": "Cold"}, "after": {"summary": "Hot"}}, False, True),
        ({"answer": "accepted", "_address": "203.0.113.9"}, True, True),
        ({"answer": "accepted", "_address": "203.0.113.9"}, False, False),
    ],
)
def test_an_entry_goes_with_the_person_only_when_it_says_words_about_them(
    said: dict[str, object], by_customer: bool, goes: bool
) -> None:
    assert says_words(said, by_customer=by_customer) is goes


def test_words_are_blanked_and_codes_stay() -> None:
    assert without("for CLEO, cleo@x.example", ["Cleo", "cleo@x.example"]) == "for [erased], [erased]"
    assert without("Joann Lee met Ann Lee", ["Ann Lee"]) == "Joann Lee met [erased]"
    assert without("für ZOË MÜLLER", ["Zoë Müller"]) == "für [erased]"
    assert (sure_part("Zoë Marchetti"), sure_part("Ülö")) == (" marchetti", "l")
    assert blanked({"to": "Cleo M <c@x.example>", "kind": "refund", "at": "2026-11-22T10:00:00Z", "n": 3}) == {
        "to": "[erased]", "kind": "refund", "at": "2026-11-22T10:00:00Z", "n": 3,
    }  # fmt: skip


def test_a_request_is_written_down_answered_once_and_late_when_it_is(company: Company, case: Case) -> None:
    now, subject = utc_now(), theirs(case)
    asked = {"subject": subject, "kind": "access", "note": "by letter", "actor": company.max.actor}
    row = requests.record(received_on=now.date() - timedelta(days=40), now=now, **asked)  # type: ignore[arg-type]
    assert request_rows(request_id=row.id)[0].state(now) == "breached"
    with pytest.raises(BadInput):
        requests.record(received_on=now.date() + timedelta(days=1), now=now, **asked)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        requests.answer(request_id=row.id, outcome="refused", reason="no", actor=company.max.actor, now=now)
    requests.answer(request_id=row.id, outcome="answered", reason="", actor=company.max.actor, now=now)
    with pytest.raises(Conflict):
        requests.answer(request_id=row.id, outcome="answered", reason="", actor=company.max.actor, now=now)
    assert request_rows(request_id=row.id)[0].state(now) == "missed"


def test_a_hold_and_an_open_case_forbid_erasing(company: Company, case: Case) -> None:
    subject, now = theirs(case), utc_now()
    erasures.hold(subject=subject, reason="A claim before the court", actor=company.max.actor, now=now)
    with pytest.raises(erasures.Blocked, match="A claim before the court"):
        erasures.propose(subject=subject, actor=company.max.actor, now=now)
    erasures.lift(subject=subject, actor=company.ada.actor, now=now)
    make_case(company.ana)
    with pytest.raises(erasures.Blocked, match="1 case is still open"):
        erasures.propose(subject=subject, actor=company.max.actor, now=now)


def test_two_people_erase_somebody_on_the_pages(app: Flask, company: Company, case: Case) -> None:
    ref = theirs(case).ref
    max_, ada = sign_in(app.test_client(), company.max), sign_in(app.test_client(), company.ada)
    assert "Cleo Marchetti" in page(max_, f"/privacy/people/{ref}")
    typed = {"subject": ref, "kind": "erasure", "received_on": utc_now().date().isoformat(), "note": "by telephone"}
    assert max_.post("/privacy/requests/new", data={**typed, "subject": "CU-999"}).status_code == 422
    made = max_.post("/privacy/requests/new", data=typed)
    assert made.status_code == 303
    assert ref in page(max_, made.headers["Location"])
    assert max_.post(f"/privacy/people/{ref}/disputes", data={"case": "MG-999", "text": "Not so"}).status_code == 422
    assert (
        max_.post(f"/privacy/people/{ref}/disputes", data={"case": case.ref, "text": "It was not so"}).status_code
        == 303
    )
    assert "It was not so" in page(max_, f"/privacy/people/{ref}")
    assert max_.post(f"/privacy/people/{ref}/erasure").status_code == 303
    erasure = erasure_rows()[0].ref
    assert "Confirm and erase" not in page(max_, f"/privacy/people/{ref}")
    assert "Confirm and erase" in page(ada, f"/privacy/people/{ref}")
    max_.post(f"/privacy/erasures/{erasure}/confirmation")
    assert db.session.get_one(Erasure, 1, populate_existing=True).erased_at is None
    assert ada.post(f"/privacy/erasures/{erasure}/confirmation").status_code == 303
    assert db.session.get_one(Erasure, 1, populate_existing=True).confirmed_by_id == company.ada.id
    for path in (
        "/privacy",
        f"/privacy/people/{ref}",
        f"/customers/{ref}",
        f"/cases/{case.ref}",
        "/customers",
        "/audit",
    ):
        assert "Marchetti" not in page(max_, path), path
    assert "[erased]" in page(max_, f"/cases/{case.ref}")
    assert identities(theirs(case)) == []


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def test_who_reads_and_who_may_not(app: Flask, company: Company, case: Case) -> None:
    ref = theirs(case).ref
    for person, pages, deeds in ((company.audra, 200, 403), (company.hana, 200, 403), (company.ana, 403, 403)):
        client = sign_in(app.test_client(), person)
        for path in (
            "/privacy",
            "/privacy/record",
            "/privacy/record.csv",
            "/privacy/record.json",
            "/privacy/retention",
        ):
            assert client.get(path).status_code == pages, (person.role, path)
        assert client.get(f"/privacy/people/{ref}").status_code == deeds
        assert client.post(f"/privacy/people/{ref}/export").status_code == deeds
        assert client.post(f"/privacy/people/{ref}/erasure").status_code == deeds


def test_a_leaver_is_forgotten_and_what_they_did_stays_under_their_number(company: Company, case: Case) -> None:
    now, max_, ada = utc_now(), company.max.actor, company.ada.actor
    subject = subject_of(f"EM-{company.bo.id}")
    assert subject is not None
    with pytest.raises(erasures.Blocked, match="still works here"):
        erasures.propose(subject=subject, actor=max_, now=now)
    cases.add_note(case_id=case.id, text="Bo was here", actor=company.bo.actor, now=now)
    people.deactivate(employee_id=company.bo.id, actor=ada, now=now)
    proposed = erasures.propose(subject=subject, actor=max_, now=now)
    erasures.confirm(erasure_id=proposed.id, actor=ada, now=now)
    known = identities(subject)[0]
    assert (known.name, known.email) == (f"Former colleague {subject.ref}", f"{subject.ref.lower()}@erased.invalid")
    rows = [str(row) for table in db.metadata.sorted_tables for row in db.session.execute(table.select())]
    assert [row for row in rows if company.bo.email in row or company.bo.name in row] == []
    assert any("customer:make" in row for row in rows)


def test_a_correction_is_an_entry_with_before_and_after(company: Company, case: Case) -> None:
    assert case.customer_id is not None
    customers.change(
        customer_id=case.customer_id, version=1, name="Chloe Marchetti", email="cleo@example.org", phone=None,
        language="en", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    assert identities(theirs(case))[0].name == "Chloe Marchetti"
