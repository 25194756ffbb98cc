"""Customers are found before they are made, and no change is lost."""

import threading

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.cases import search_queries
from app.customers import actions as customers
from app.customers import queries
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.permissions import scope_of
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import make_company


def find_or_make(person: PersonRow, name: str = "Cleo Marchetti", **values: object) -> Customer:
    given = {"site_id": person.site_id, "actor": person.actor, "now": utc_now(), **values}
    return customers.find_or_make(name=name, **given)  # type: ignore[arg-type]


def test_the_same_address_is_the_same_customer_however_it_is_typed(app: Flask) -> None:
    company = make_company()
    first = find_or_make(company.ana, email="Cleo@Example.org", phone="+44 117 496 0000")
    again = find_or_make(company.bo, name="C. Marchetti", email=" cleo@example.ORG ")
    assert again.id == first.id
    assert again.name == "Cleo Marchetti"
    assert db.session.query(AuditEntry).filter_by(type="customer:make").count() == 1


def test_a_name_alone_never_merges_two_people(app: Flask) -> None:
    company = make_company()
    assert find_or_make(company.ana).id != find_or_make(company.ana).id


def test_a_customer_of_another_site_is_neither_found_nor_chosen(app: Flask) -> None:
    company = make_company()
    assert company.nia
    first = find_or_make(company.ana, email="cleo@example.org")
    other = find_or_make(company.nia, email="cleo@example.org")
    assert other.id != first.id
    with pytest.raises(NotFound):
        find_or_make(company.nia, customer_id=first.id)
    assert queries.card(first.id, scope_of(company.nia.actor, "customers.read")) is None
    assert queries.matches("cleo", scope_of(company.nia.actor, "customers.read"))[0].id == other.id
    assert {row.id for row in queries.matches("cleo", scope_of(company.max.actor, "customers.read"))} == {
        first.id,
        other.id,
    }


def test_a_customer_of_no_site_is_known_everywhere(app: Flask) -> None:
    company = make_company()
    assert company.nia
    made = find_or_make(company.max, email="cleo@example.org", site_id=None)
    assert find_or_make(company.nia, email="cleo@example.org").id == made.id
    assert queries.matches("march", scope_of(company.ana.actor, "customers.read"))[0].id == made.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"email": "not an address"}, "email"),
        ({"email": "x" * 250 + "@b.example"}, "email"),
        ({"phone": "1" * 31}, "phone"),
    ],
)
def test_bad_input_is_named_and_makes_nobody(app: Flask, changes: dict[str, str], field: str) -> None:
    company = make_company()
    with pytest.raises(BadInput) as refusal:
        find_or_make(company.ana, **{"name": "Cleo", **changes})
    assert list(refusal.value.errors) == [field]
    assert db.session.query(Customer).count() == 0


def test_only_the_desks_make_customers(app: Flask) -> None:
    company = make_company()
    for person in (company.hana, company.audra, company.ada):
        with pytest.raises(NotPermitted):
            find_or_make(person)


def change(person: PersonRow, customer: Customer, **values: object) -> None:
    said = {"name": customer.name, "email": customer.email, "phone": customer.phone, "language": None, **values}
    customers.change(
        customer_id=customer.id, version=int(said.pop("version", 1)), actor=person.actor, now=utc_now(), **said  # type: ignore[arg-type]
    )  # fmt: skip


def test_two_people_who_change_one_customer_never_lose_a_change(app: Flask) -> None:
    company = make_company()
    customer = find_or_make(company.ana)
    change(company.ana, customer, phone="0117 496 0000")
    with pytest.raises(Conflict):
        change(company.bo, customer, phone="0117 496 9999", version=1)
    row = queries.card(customer.id, scope_of(company.ana.actor, "customers.read"))
    assert row
    assert (row.phone, row.version) == ("01174960000", 2)


def test_a_new_name_finds_the_customer_and_their_cases(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana, customer="Cleo Marchetti")
    scope = scope_of(company.ana.actor, "cases.read")
    customer = db.session.get(Customer, case.customer_id)
    assert customer
    change(company.ana, customer, name="Cleopatra Rossi")
    assert [row.id for row in search_queries.search("rossi", scope)] == [case.id]
    assert search_queries.search("marchetti", scope) == ()
    assert [row.id for row in queries.matches("cleop ross", scope)] == [customer.id]
    assert queries.matches("marchetti", scope) == ()


@pytest.mark.parametrize(
    "term", ["cle", "MARCH cleo", "cleo@exam", "0117 496", "+44 117 496", "60000", "CU-1", "example.org"]
)
def test_every_way_to_name_a_customer_finds_them(app: Flask, term: str) -> None:
    company = make_company()
    customer = find_or_make(company.ana, email="cleo@example.org", phone="+44 117 496 0000")
    find_or_make(company.ana, name="Somebody Else", email="else@makegood.example")
    found = [row.id for row in queries.matches(term, scope_of(company.ana.actor, "customers.read"))]
    assert found == [customer.id], term


@pytest.mark.parametrize("term", ["", "c", " ", "0", '"', "%", "_", "zzz", "\x00", "' OR 1=1 --", "🙂", "x" * 500])
def test_anything_else_finds_nobody(app: Flask, term: str) -> None:
    company = make_company()
    find_or_make(company.ana, email="cleo@example.org")
    assert queries.matches(term, scope_of(company.ana.actor, "customers.read")) == ()


def test_the_directory_shows_everybody_once_page_by_page(app: Flask) -> None:
    company = make_company()
    for number in range(7):
        find_or_make(company.ana, name=f"Guest {number % 3}")
    scope, seen, cursor = scope_of(company.ana.actor, "customers.read"), [], None
    assert scope
    while True:
        page = queries.directory(scope, Page.of(cursor, 3))
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    for odd in ("x", "W10", "WyJhIiwgImIiXQ", "WzEsMl0"):
        assert queries.directory(scope, Page.of(odd, 3)).rows


def test_two_desks_that_type_one_new_address_at_once_make_one_customer(app: Flask) -> None:
    company = make_company()
    gate, made = threading.Barrier(4), []

    def type_it(person: PersonRow) -> None:
        with app.app_context():
            gate.wait()
            made.append(find_or_make(person, email="cleo@example.org").id)

    desks = [threading.Thread(target=type_it, args=(person,)) for person in (company.ana, company.bo) * 2]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    assert len(set(made)) == 1
    assert len(made) == 4
