"""The trail as its readers see it: an auditor, a supervisor here, one elsewhere, and those who may not."""

from datetime import timedelta

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.audit import jobs
from app.kernel.actor import customer, rule
from app.kernel.transactions import transaction
from tests.audit.test_verify import AT, attack
from tests.people.builders import Company, make_company, sign_in

GAVE = audit.declare(
    "test:give", "amount_minor", "currency", "reason", "owner", "expires_at", sentence=_l("gave a thing")
)


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    for number in range(3):
        give(made, number + 1)
    jobs.seal_pending(everything=True)
    return made


def give(company: Company, number: int, minutes: int = 0) -> None:
    with transaction():
        audit.record(
            GAVE,
            subject=f"RM-{number}",
            actor=company.ana.actor.through("r-1", "192.0.2.77"),
            at=AT + timedelta(minutes=minutes),
            case_id=number,
            site_id=company.quayside.id,
            amount_minor=12_000 + number,
            currency="GBP",
            reason="<b>cold soup</b>",
            owner=company.bo.id,
            expires_at="2026-03-22T15:00:00Z",
        )


def page(app: Flask, person: object, query: str = "") -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(f"/audit{query}")  # type: ignore[arg-type]
    return answer.status_code, answer.get_data(as_text=True)


def test_an_auditor_reads_sentences_with_names_money_and_the_raw_entry(app: Flask, company: Company) -> None:
    code, body = page(app, company.audra, "?type=test:give")
    assert code == 200
    assert "Ana Ruiz" in body
    assert "gave a thing" in body
    assert "£120.01" in body
    assert "Bo Lindgren" in body
    assert "&lt;b&gt;cold soup&lt;/b&gt;" in body
    assert "<b>cold soup" not in body
    assert "Chain whole as of" in body
    assert "192.0.2.77" in body


def test_a_supervisor_reads_their_own_site_without_addresses(app: Flask, company: Company) -> None:
    code, body = page(app, company.sam)
    assert code == 200
    assert "RM-2" in body
    assert "192.0.2.77" not in body
    assert company.tom
    code, body = page(app, company.tom)
    assert (code, "RM-2" in body) == (200, False)


def test_somebody_elses_case_answers_like_one_that_does_not_exist(app: Flask, company: Company) -> None:
    there, nowhere = page(app, company.tom, "?case=MG-1")[1], page(app, company.tom, "?case=MG-9999")[1]
    assert "No entry here" in there
    assert "No entry here" in nowhere


@pytest.mark.parametrize("who", ["ana", "hana", "ada"])
def test_other_roles_get_nothing(app: Flask, company: Company, who: str) -> None:
    assert page(app, getattr(company, who))[0] == 403


def test_a_case_is_told_in_the_order_in_which_it_happened(app: Flask, company: Company) -> None:
    give(company, 2, minutes=5)
    code, body = page(app, company.sam, "?case=mg-2")
    assert code == 200
    assert "Trail of MG-2" in body
    assert "RM-1" not in body.split('class="trail"')[1].split("</ol>")[0]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?person=ana@makegood.example", True),
        ("?subject=rm-2", True),
        ("?type=test:give", True),
        ("?since=2026-03-19&until=2026-03-19&type=test:give", True),
        ("?since=2026-03-20&type=test:give", False),
        ("?until=2026-03-18&type=test:give", False),
        ("?person=bo@makegood.example", False),
    ],
)
def test_filters_narrow(app: Flask, company: Company, query: str, shown: bool) -> None:
    code, body = page(app, company.audra, query)
    assert code == 200
    assert ("£120.02" in body) is shown


@pytest.mark.parametrize(
    "query",
    [
        "?case=2041",
        "?person=nobody@makegood.example",
        "?subject=XY-1",
        "?type=no:such",
        "?since=yesterday",
        "?since=2026-03-20&until=2026-03-19",
        "?case=MG-1%00",
    ],
)
def test_a_filter_that_cannot_be_read_is_marked_and_kept(app: Flask, company: Company, query: str) -> None:
    code, body = page(app, company.audra, query)
    assert code in (200, 422)
    if "%00" not in query:
        assert code == 422
        assert "field__error" in body


def test_pages_follow_each_other_without_gap(app: Flask, company: Company) -> None:
    for number in range(60):
        give(company, 100 + number)
    jobs.seal_pending(everything=True)
    client = sign_in(app.test_client(), company.audra)
    first = client.get("/audit?type=test:give").get_data(as_text=True)
    assert "RM-159" in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = client.get(following).get_data(as_text=True)
    assert "RM-109" in second
    assert "RM-110" not in second
    assert 'rel="prev"' in second


def test_a_broken_chain_is_told_on_the_page(app: Flask, company: Company) -> None:
    attack("UPDATE audit_entry SET subject = 'RM-9' WHERE subject = 'RM-3'")
    assert "The chain does not hold" in page(app, company.audra)[1]


def test_the_number_of_queries_does_not_grow_with_entries(app: Flask, company: Company, statements: list[str]) -> None:
    client = sign_in(app.test_client(), company.audra)
    client.get("/audit?type=test:give")
    statements.clear()
    client.get("/audit?type=test:give")
    few = list(statements)
    for number in range(40):
        give(company, 100 + number)
    statements.clear()
    client.get("/audit?type=test:give")
    assert statements == few
    assert len(few) <= 10


def test_the_first_screen_shows_what_people_did_and_one_click_shows_all_of_it(app: Flask, company: Company) -> None:
    sweep, cleo = rule("sla-sweep"), customer("CU-77", company.quayside.id)
    for who, number in ((sweep, 70), (cleo, 77), (sweep, 71)):
        with transaction():
            said = dict.fromkeys(GAVE.keys)
            audit.record(GAVE, subject=f"RM-{number}", actor=who, at=AT, site_id=company.quayside.id, **said)

    def shown(query: str) -> tuple[bool, bool, bool]:
        code, body = page(app, company.audra, query)
        assert code == 200
        entries = body.split('class="trail"')[1].split("</ol>")[0]
        return "RM-2<" in entries, "RM-77<" in entries, "RM-70<" in entries

    assert shown("") == (True, True, False)
    assert shown("?by=rules") == (False, False, True)
    # What is narrowed in any way is shown whole, unless it is asked for otherwise.
    assert [shown(f"?{query}") for query in ("by=all", "type=test:give")] == [(True, True, True)] * 2
    assert shown("?type=test:give&by=people") == (True, True, False)
    assert "What rules and commands did is left out here" in page(app, company.audra)[1]
    assert page(app, company.audra, "?by=nobody")[0] == 422
