"""The builder that other rooms' tests stand on."""

from flask import Flask
from sqlalchemy import insert

from app.audit import actions as audit
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import actions, queries
from app.people.models import Employee
from tests.people.builders import OPERATOR, make_company


def test_the_company_stands_with_its_people_and_deciders_nearest_first(app: Flask) -> None:
    company = make_company()
    assert company.ana.team_id == company.front_desk.id
    assert queries.names([company.ana.id, None]) == {company.ana.id: "Ana Ruiz"}
    assert queries.supervisors_for(company.quayside.id, company.front_desk.id) == [company.sam.id, company.max.id]
    assert company.ana.actor.label == company.ana.ref


def test_everybody_can_be_chosen_and_told_however_large_the_company(app: Flask) -> None:
    company, now = make_company(second_site=False), utc_now()
    rows = [
        {"name": f"Abel {number}", "email": f"abel{number}@makegood.example", "role": "supervisor",
         "site_id": company.quayside.id, "active_from": now}
        for number in range(600)
    ]  # fmt: skip
    with transaction():
        db.session.execute(insert(Employee), rows)
        audit.record(actions.REACTIVATED, subject=company.sam.ref, actor=OPERATOR, at=now)
    found = {person.id for person in queries.active_people(("supervisor", "manager"))}
    assert {company.sam.id, company.max.id} <= found
    assert len(found) >= 602
