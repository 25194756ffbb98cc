"""The pages of customers as the desk, a reader and a stranger see them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.database import db
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

QUERIES_MAX = 15


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def case(company: Company) -> Case:
    return make_case(company.ana)


def browser(app: Flask, person: PersonRow | None) -> FlaskClient:
    assert person
    return sign_in(app.test_client(), person)


def test_a_customer_is_offered_while_somebody_types(app: Flask, company: Company, case: Case) -> None:
    ana = browser(app, company.ana)
    for url in ("/customers/matches?customer=cle", "/customers/matches?q=march"):
        body = ana.get(url).get_data(as_text=True)
        assert f'data-value="CU-{case.customer_id}"' in body
        assert 'role="option"' in body
    assert ana.get("/customers/matches?customer=zzz").get_data(as_text=True).strip() == ""
    assert ana.get("/customers/matches").get_data(as_text=True).strip() == ""
    assert browser(app, company.nia).get("/customers/matches?q=cleo").get_data(as_text=True).strip() == ""


def test_a_customers_page_shows_their_cases_and_remedies(app: Flask, company: Company, case: Case) -> None:
    publish_policy()
    give(company.ana, case.id, 4_000)
    url = f"/customers/CU-{case.customer_id}"
    for person in (company.ana, company.bo, company.max, company.audra):
        body = browser(app, person).get(url).get_data(as_text=True)
        assert case.summary in body
        assert "£40.00" in body
        assert "cleo@example.org" in body
    assert "Change details" not in browser(app, company.audra).get(url).get_data(as_text=True)
    for page in ("", "/edit"):
        assert browser(app, company.nia).get(url + page).status_code == 404
        assert browser(app, company.nia).get(f"/customers/CU-9999{page}").status_code == 404
        assert browser(app, company.hana).get(url + page).status_code == 403
    assert browser(app, company.nia).post(f"{url}/edit", data={"name": "x", "version": "1"}).status_code == 404
    assert browser(app, company.audra).post(f"{url}/edit", data={"name": "x", "version": "1"}).status_code == 403


def test_the_directory_lists_and_finds_inside_the_scope(app: Flask, company: Company, case: Case) -> None:
    make_case(company.ana, customer="Paul Adeyemi")
    ana = browser(app, company.ana)
    both = ana.get("/customers").get_data(as_text=True)
    assert "Cleo Marchetti" in both
    assert "Paul Adeyemi" in both
    assert "Paul Adeyemi" not in ana.get("/customers?q=cleo").get_data(as_text=True)
    assert "Nobody found" in ana.get("/customers?q=zzz").get_data(as_text=True)
    assert "Nobody found" in browser(app, company.nia).get("/customers").get_data(as_text=True)
    for odd in ("?after=x", "?q=%00", "?q=%22%27%25", "?after=WyJcdTAwMDAiLDFd"):
        assert ana.get(f"/customers{odd}").status_code == 200


def test_details_are_changed_and_mistakes_keep_what_was_typed(app: Flask, company: Company, case: Case) -> None:
    ana, url = browser(app, company.ana), f"/customers/CU-{case.customer_id}/edit"
    assert 'value="Cleo Marchetti"' in ana.get(url).get_data(as_text=True)
    values = {"name": "Cleo Rossi", "email": "cleo@example.org", "phone": "0117 496", "language": "it", "version": "1"}
    for changes, sentence in (
        ({"name": " "}, "name"),
        ({"email": "nonsense"}, "not an e-mail address"),
        ({"phone": "1" * 60}, "phone"),
        ({"language": "xx"}, "Not a valid choice"),
    ):
        answer = ana.post(url, data={**values, **changes})
        assert answer.status_code == 422, changes
        assert sentence in answer.get_data(as_text=True)
        assert "0117 496" in answer.get_data(as_text=True) or "phone" in changes
    assert ana.post(url, data=values).status_code == 303
    page = ana.get(f"/customers/CU-{case.customer_id}").get_data(as_text=True)
    assert "Cleo Rossi" in page
    assert "Italian" in page


def test_two_people_who_change_one_customer_are_told(app: Flask, company: Company, case: Case) -> None:
    url = f"/customers/CU-{case.customer_id}/edit"
    values = {"name": "Cleo Rossi", "email": "", "phone": "", "language": "", "version": "1"}
    assert browser(app, company.bo).post(url, data={**values, "phone": "0117 496 0000"}).status_code == 303
    ana = browser(app, company.ana)
    answer = ana.post(url, data={**values, "name": "Cleopatra Rossi"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'value="Cleopatra Rossi"' in body
    assert "01174960000" in body
    db.session.rollback()
    assert db.session.query(Customer).one().name == "Cleo Rossi"
    assert ana.post(url, data={**values, "name": "Cleopatra Rossi", "version": "2"}).status_code == 303


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, case: Case, statements: list[str]
) -> None:
    publish_policy()
    give(company.ana, case.id, 100)
    ana = browser(app, company.ana)
    urls = (f"/customers/CU-{case.customer_id}", "/customers", "/customers/matches?q=cleo", "/customers?q=cleo")
    counts = []
    for _round in range(2):
        for url in urls:
            assert ana.get(url).status_code == 200
        found = []
        for url in urls:
            statements.clear()
            ana.get(url)
            found.append(len(statements))
        counts.append(found)
        for number in range(5):
            more = make_case(company.ana)
            make_case(company.bo, customer=f"Cleo{number} Other")
            give(company.ana, more.id, 100)
    assert counts[0] == counts[1]
    assert max(counts[1]) <= QUERIES_MAX
