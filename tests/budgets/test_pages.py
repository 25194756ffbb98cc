"""The page of purses as the owner, a colleague, a supervisor and a stranger see it."""

import pytest
from flask import Flask

from app.budgets import views
from app.budgets.rules import month_of
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, make_person, sign_in
from tests.remedies.builders import give, publish_policy


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_policy()
    return made


def get(app: Flask, person: PersonRow, url: str = "/purses") -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(url)
    return answer.status_code, answer.get_data(as_text=True)


def list_of(body: str) -> str:
    return body.split('id="purses"')[1]


def test_an_untouched_month_shows_the_full_limit(app: Flask, company: Company) -> None:
    code, body = get(app, company.ana)
    assert code == 200
    assert "£0.00 settled · £0.00 reserved · £1,200.00 limit" in body
    assert "£6,000.00 limit" in body


def test_the_owners_gift_is_in_their_purse_and_the_teams_and_not_in_a_colleagues(app: Flask, company: Company) -> None:
    give(company.ana, make_case(company.ana).id, 4_000)
    mine = get(app, company.ana)[1]
    assert "£0.00 settled · £40.00 reserved · £1,200.00 limit" in mine
    assert "£0.00 settled · £40.00 reserved · £6,000.00 limit" in mine
    other = get(app, company.bo)[1]
    assert "£0.00 settled · £0.00 reserved · £1,200.00 limit" in other
    assert "£0.00 settled · £40.00 reserved · £6,000.00 limit" in other
    assert company.nia
    assert "£40.00" not in get(app, company.nia)[1]


def test_a_supervisor_sees_the_site_and_a_manager_and_auditor_all(app: Flask, company: Company) -> None:
    give(company.ana, make_case(company.ana).id, 4_000)
    assert company.nia and company.tom
    give(company.nia, make_case(company.nia).id, 5_000, currency="USD")
    here = list_of(get(app, company.sam)[1])
    assert "Ana Ruiz" in here
    assert "Nia Grant" not in here
    there = list_of(get(app, company.tom)[1])
    assert "Nia Grant" in there
    assert "Ana Ruiz" not in there
    for person in (company.max, company.audra):
        everything = list_of(get(app, person)[1])
        assert "Ana Ruiz" in everything
        assert "Nia Grant" in everything
        assert "Harbour House" in everything
    assert 'id="mine"' not in get(app, company.audra)[1]


def test_purses_are_closed_to_other_roles_and_to_nobody_signed_in(app: Flask, company: Company) -> None:
    assert get(app, company.hana)[0] == 403
    assert get(app, company.ada)[0] == 403
    assert app.test_client().get("/purses").status_code in (302, 303)


def test_another_month_is_in_the_address_and_nonsense_is_this_month(app: Flask, company: Company) -> None:
    give(company.ana, make_case(company.ana).id, 4_000)
    this_month = month_of(utc_now(), "Europe/London")
    assert "Ana Ruiz" in list_of(get(app, company.sam, f"/purses?month={this_month}")[1])
    for person in (company.sam, company.ana):
        past = get(app, person, "/purses?month=2025-12")[1]
        assert "Purses of December 2025" in past
        assert "Nothing was given in this month" in past
        assert 'id="mine"' not in past
    for text in ("2026-13", "x", "", "0000-00", "%00", "2026-1", "２０２６-01"):
        code, body = get(app, company.sam, f"/purses?month={text}")
        assert (code, "Ana Ruiz" in list_of(body)) == (200, True), text
    assert get(app, company.ana, "/purses?after=nonsense")[0] == 200


def test_pages_follow_each_other_and_queries_do_not_grow(
    app: Flask, company: Company, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_SIZE", 3)
    give(company.ana, make_case(company.ana).id, 100)
    client = sign_in(app.test_client(), company.sam)
    counts = []
    for round_ in range(2):
        client.get("/purses")
        statements.clear()
        body = client.get("/purses").get_data(as_text=True)
        counts.append(len(statements))
        for number in range(4 * (1 - round_)):
            person = make_person(f"Clerk{number} Extra", "frontline", company.quayside.id)
            give(person, make_case(person).id, 100)
    assert counts[0] == counts[1]
    assert counts[1] <= 12
    following = body.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = list_of(client.get(following).get_data(as_text=True))
    assert "Clerk3" in list_of(body)
    assert "Ana Ruiz" not in list_of(body)
    assert "Ana Ruiz" in second
