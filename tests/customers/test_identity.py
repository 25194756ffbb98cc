"""Who a customer is stands sealed in the database, is found all the same, and is gone once the key is."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app import create_app
from app.audit.models import AuditEntry
from app.cases import queries as cases
from app.cases import search_queries
from app.customers import actions as customers
from app.customers import queries
from app.customers.identity_actions import forget_identity
from app.customers.models import Customer, CustomerToken, EmployeeDigest
from app.kernel.actor import command
from app.kernel.database import Base, db
from app.kernel.errors import Refusal
from app.kernel.migrations import downgrade, upgrade
from app.kernel.sealing import NotSealedHere
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people.permissions import COMPANY
from tests.cases.builders import make_case
from tests.conftest import settings_for
from tests.people.builders import Company, make_company

OLD, NEW = "an older secret of forty letters or some more", "the newest secret of forty letters and not less"
SAID = ("marchetti", "cleo@", "quay.example", "4960000")  # long enough not to stand in a ciphertext by chance

# Where the word index keeps its words on SQLite.
SHADOWS = {"sqlite": ("case_search_content", "case_search_data")}


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def make(company: Company, name: str = "Zoë Marchetti", email: str | None = "cleo@quay.example") -> Customer:
    return customers.make(
        name=name, email=email, phone="+44 117 496 0000", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now()
    )  # fmt: skip


def said_in(tables: Iterable[str]) -> list[tuple[str, str]]:
    """What of SAID stands readable in which table."""
    dumps = {name: repr(db.session.execute(text(f'SELECT * FROM "{name}"')).all()) for name in tables}
    return [(name, said) for name, dump in dumps.items() for said in SAID if said in dump.casefold()]


def found(term: str) -> list[int]:
    return [row.id for row in queries.matches(term, COMPANY)]


def test_no_table_that_is_kept_or_searched_for_customers_holds_a_name_or_a_contact(
    app: Flask, company: Company
) -> None:
    customer = make(company)
    case = make_case(company.ana, customer=None, customer_id=customer.id)
    assert [row.id for row in search_queries.search("marchetti", COMPANY)] == [case.id]
    names = [name for name in Base.metadata.tables if name.startswith(("customer", "employee_digest"))]
    names += ["case_file", "case_event", "case_search"]
    assert not said_in([*names, *SHADOWS.get(db.engine.dialect.name, ())])
    assert "Zoë Marchetti" in repr(db.session.execute(select(Customer.name)).all())


def test_a_value_moved_to_another_row_or_column_does_not_open(app: Flask, company: Company) -> None:
    one, other = make(company), make(company, "Paul Adeyemi", "paul@quay.example")
    columns = Customer.data_key, Customer.name_sealed
    moved = db.session.execute(select(*columns).where(Customer.id == other.id)).one()
    with transaction():
        for values in (
            {"name_sealed": moved.name_sealed},
            {"data_key": moved.data_key, "name_sealed": moved.name_sealed},
            {"name_sealed": Customer.email_sealed},
        ):
            db.session.execute(update(Customer).where(Customer.id == one.id).values(values))
            with pytest.raises(NotSealedHere):
                db.session.execute(select(Customer.name).where(Customer.id == one.id)).all()
        forget_identity([one.id])
        customers.make(name="Somebody", site_id=None, actor=command("test"), now=utc_now())


def test_a_forgotten_customer_has_no_name_and_is_found_by_nothing(app: Flask, company: Company) -> None:
    customer, other = make(company), make(company, "Zoë Marchetti", None)
    case = make_case(company.ana, customer=None, customer_id=customer.id)
    with transaction():
        forget_identity([customer.id, customer.id])
        customers.make(name="Somebody", site_id=None, actor=command("test"), now=utc_now())
    assert found("marchetti") == [other.id]
    assert db.session.query(CustomerToken).filter_by(customer_id=customer.id).count() == 0
    page = cases.case_page(case.ref, COMPANY)
    assert page is not None
    assert (page.customer, page.customer_email, page.customer_phone) == ("Erased customer", None, None)
    row = db.session.get_one(Customer, customer.id)
    assert (row.name, row.email, row.data_key, row.name_digest, row.email_digest) == ("Erased customer", *[None] * 4)
    with pytest.raises(Refusal, match="erased"):
        make_case(company.ana, customer=None, customer_id=customer.id)
    assert make(company).id != customer.id, "the same address is a new customer now"


def test_a_new_secret_takes_over_in_batches_and_the_old_one_is_not_needed_any_more(
    app: Flask, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def running(**secrets: str) -> Flask:
        db.session.remove()
        return create_app(settings_for(database_url, tmp_path, **secrets), TESTING=True)

    with running(SECRET_KEY=OLD).app_context():
        company = make_company()
        ids = [make(company, f"Guest Marchetti {number}", f"guest{number}@quay.example").id for number in range(5)]
    monkeypatch.setattr("app.customers.rotation_actions.BATCH", 2)
    both = running(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)
    with both.app_context():
        assert found("march") == ids[::-1], "what the old secret wrote is found before"
        done = both.test_cli_runner().invoke(args=["personal", "rotate", "--json"])
        assert f'"customers": {len(ids)}' in done.output, done.output
        again = json.loads(both.test_cli_runner().invoke(args=["personal", "rotate", "--json"]).output)
        assert set(again["rewrapped"].values()) == {0}
        assert db.session.query(AuditEntry).filter_by(type="personal:rewrap").count() >= 3
    with running(SECRET_KEY=NEW).app_context():
        assert found("march") == found("guest") == ids[::-1]
        assert found("guest3@quay") == [ids[3]]
        assert queries.matches("60000", COMPANY)[0].email == "guest4@quay.example"
    with running(SECRET_KEY=OLD).app_context():
        assert found("march") == []
        with pytest.raises(NotSealedHere):
            db.session.execute(select(Customer.name)).all()


def test_the_migration_seals_customers_who_are_there_and_going_back_opens_them(app: Flask, company: Company) -> None:
    customer = make(company)
    case = make_case(company.ana, customer=None, customer_id=customer.id)
    columns = "name, name_key, email, phone"
    db.session.remove()
    downgrade(db.engine, "0021")
    with db.engine.connect() as connection:
        row = connection.execute(text(f"SELECT {columns} FROM customer")).one()
        assert tuple(row) == ("Zoë Marchetti", "zoe marchetti", "cleo@quay.example", "+441174960000")
    upgrade(db.engine)
    assert not said_in(["customer", "customer_token", "case_search", *SHADOWS.get(db.engine.dialect.name, ())])
    assert found("zoe march") == found("60000") == found("cleo@quay") == [customer.id]
    assert [one.id for one in search_queries.search("marchetti", COMPANY)] == [
        one.id for one in search_queries.search(case.summary, COMPANY)
    ]
    assert db.session.scalars(select(Customer.name)).all() == ["Zoë Marchetti"]
    assert db.session.query(EmployeeDigest).count() > 5
