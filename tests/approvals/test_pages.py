"""The inbox and the decision page as the decider, the requester, a colleague and a stranger see them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.approvals import actions as approvals
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.approvals.views import INBOX_SIZE
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def get(app: Flask, person: PersonRow, url: str) -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(url)
    return answer.status_code, answer.get_data(as_text=True)


def post(app: Flask, person: PersonRow, url: str, **data: str) -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).post(url, data=data)
    return answer.status_code, answer.get_data(as_text=True)


def state(request: ExceptionRequest) -> str | None:
    db.session.rollback()
    return db.session.scalar(select(ExceptionRequest.state).where(ExceptionRequest.id == request.id))


def test_the_decider_sees_facts_and_buttons(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    code, body = get(app, company.sam, f"/exceptions/{request.ref}")
    assert code == 200
    for words in (
        "Approve £180.00",
        "Approve less…",
        "Decline…",
        "Clause 3.1",
        "over by £180.00",
        "was gracious",
        "Answer due in",
    ):
        assert words in body, words
    assert 'data-key="a"' in body
    assert 'data-key="d"' in body
    ids = re.findall(r'\sid="([^"]+)"', body)
    assert len(ids) == len(set(ids))


def test_the_requester_may_take_it_back_but_not_decide(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    code, body = get(app, company.ana, f"/exceptions/{request.ref}")
    assert code == 200
    assert "Take it back" in body
    assert "Approve less" not in body
    assert post(app, company.ana, f"/exceptions/{request.ref}/decisions", outcome="approved")[0] == 403
    assert post(app, company.bo, f"/exceptions/{request.ref}/withdrawal")[0] == 403
    assert post(app, company.ana, f"/exceptions/{request.ref}/withdrawal")[0] == 303
    assert state(request) == "withdrawn"
    assert "took this back" in get(app, company.ana, f"/exceptions/{request.ref}")[1]


def test_a_supervisor_who_asked_reads_why_they_cannot_decide(app: Flask, company: Company) -> None:
    request = make_request(company.sam, case=make_case(company.ana))
    code, body = get(app, company.sam, f"/exceptions/{request.ref}")
    assert (code, "You asked for this" in body) == (200, True)
    code, body = post(app, company.sam, f"/exceptions/{request.ref}/decisions", outcome="approved")
    assert (code, "You asked for this" in body) == (403, True)
    assert state(request) == "waiting"


def test_somebody_elsewhere_gets_the_same_answer_as_for_nothing(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    assert company.tom and company.nia
    for person in (company.tom, company.nia):
        there = get(app, person, f"/exceptions/{request.ref}")
        nowhere = get(app, person, "/exceptions/EX-99999")
        assert there[0] == nowhere[0] == 404
    assert post(app, company.tom, f"/exceptions/{request.ref}/decisions", outcome="approved")[0] == 404
    assert get(app, company.sam, "/exceptions/nonsense")[0] == 404
    assert get(app, company.hana, "/exceptions")[0] == 403


def test_approving_leads_back_to_the_inbox_and_says_what_was_done(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    client = sign_in(app.test_client(), company.sam)
    answer = client.post(f"/exceptions/{request.ref}/decisions", data={"outcome": "approved"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exceptions")
    assert "Approved £180.00" in client.get("/exceptions").get_data(as_text=True)
    assert state(request) == "approved"
    assert "Sam Okafor approved £180.00" in get(app, company.ana, f"/exceptions/{request.ref}")[1]


def test_less_is_approved_with_its_amount_and_reason(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    url = f"/exceptions/{request.ref}/decisions"
    assert post(app, company.sam, url, outcome="less", amount="90.00", reason="Half is fair.")[0] == 303
    decision = db.session.scalars(select(ExceptionDecision)).one()
    assert (decision.outcome, decision.amount_minor, decision.reason) == ("approved", 9_000, "Half is fair.")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"outcome": "less", "amount": "180.01", "reason": "kept words"}, "at most what was asked"),
        ({"outcome": "less", "amount": "", "reason": "kept words"}, "Type the amount"),
        ({"outcome": "less", "amount": "ninety", "reason": "kept words"}, "Type an amount such as"),
        ({"outcome": "less", "amount": "0", "reason": "kept words"}, "Type at least"),
        ({"outcome": "declined", "reason": "   "}, "Say why"),
        ({"outcome": "declined", "reason": "x" * 2_001}, "2000"),
        ({"outcome": "whatever"}, ""),
        ({}, ""),
    ],
)
def test_a_mistake_is_marked_and_changes_nothing(
    app: Flask, company: Company, data: dict[str, str], words: str
) -> None:
    request = make_request(company.ana)
    code, body = post(app, company.sam, f"/exceptions/{request.ref}/decisions", **data)
    assert code == 422
    assert words in body
    if "kept words" in data.get("reason", ""):
        assert "kept words" in body
        assert data["amount"] in body
    assert state(request) == "waiting"


def test_the_second_decider_is_told_kindly_who_was_first(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.max.actor, now=utc_now()
    )
    code, body = post(app, company.sam, f"/exceptions/{request.ref}/decisions", outcome="declined", reason="No.")
    assert code == 409
    assert "Max Weber has already approved this" in body


def test_the_inbox_puts_the_soonest_first_and_says_what_is_yours(app: Flask, company: Company) -> None:
    now = utc_now()
    late = make_request(company.ana, now=now - timedelta(hours=2))
    fresh = make_request(company.bo, now=now)
    own = make_request(company.sam, case=make_case(company.ana), now=now)
    code, body = get(app, company.sam, "/exceptions")
    assert code == 200
    assert (
        body.index(f"/exceptions/{late.ref}")
        < body.index(f"/exceptions/{fresh.ref}")
        < body.index(f"/exceptions/{own.ref}")
    )
    assert "Answer late by" in body
    assert body.count("Yours to decide") == 2
    assert "You asked for this" in body
    assert "Nobody is waiting" in get(app, company.tom or company.sam, "/exceptions")[1]
    assert fresh.ref not in get(app, company.ana, "/exceptions?tab=asked")[1]


def test_pages_of_the_inbox_follow_each_other(app: Flask, company: Company) -> None:
    now, case = utc_now(), make_case(company.ana)
    asked = [
        make_request(company.ana, case=case, now=now + timedelta(seconds=number)) for number in range(INBOX_SIZE + 3)
    ]
    client = sign_in(app.test_client(), company.sam)
    first = client.get("/exceptions").get_data(as_text=True)
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(following).get_data(as_text=True)
    shown = [one.ref for one in asked if f'/exceptions/{one.ref}"' in second]
    assert shown == [one.ref for one in asked[INBOX_SIZE:]]
    assert client.get("/exceptions?after=bm9uc2Vuc2U").status_code == 200


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, statements: list[str]
) -> None:
    request = make_request(company.ana)
    client = sign_in(app.test_client(), company.sam)
    urls = ("/exceptions", f"/exceptions/{request.ref}", f"/exceptions/{request.ref}/purse")
    counts = {}
    for url in urls:
        client.get(url)
        statements.clear()
        client.get(url)
        counts[url] = len(statements)
        assert counts[url] <= 15, statements
    for _number in range(8):
        make_request(company.bo)
    for url in urls:
        statements.clear()
        client.get(url)
        assert len(statements) <= counts[url]


def test_the_matrix_and_its_rows_are_read_in_at_most_fifteen_queries(
    app: Flask, company: Company, statements: list[str]
) -> None:
    client = sign_in(app.test_client(), company.max)
    for url in ("/authority-matrix", "/authority-matrix/draft/rows/new"):
        assert client.get(url).status_code == 200
        statements.clear()
        client.get(url)
        assert len(statements) <= 15, statements
