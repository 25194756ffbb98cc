"""The builder that other rooms' tests stand on."""

from flask import Flask

from app.people import queries
from tests.people.builders import make_company


def test_the_company_stands_with_its_people_and_deciders_nearest_first(app: Flask) -> None:
    company = make_company()
    assert company.ana.team_id == company.front_desk.id
    assert queries.names([company.ana.id, None]) == {company.ana.id: "Ana Ruiz"}
    assert queries.supervisors_for(company.quayside.id, company.front_desk.id) == [company.sam.id, company.max.id]
    assert company.ana.actor.label == company.ana.ref
