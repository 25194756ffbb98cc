"""Nobody leaves open cases without an owner."""

import pytest
from flask import Flask

from app.cases import actions as cases
from app.cases.actions import NobodyTakesOver, hand_over
from app.cases.models import Case
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people import queries
from app.people.models import Employee
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.people.builders import make_person as add_person


def test_the_open_cases_of_somebody_who_leaves_go_to_whom_leads_there(app: Flask) -> None:
    company = make_company(second_site=False)
    mine, done, bos = make_case(company.ana), make_case(company.ana), make_case(company.bo)
    now = utc_now()
    cases.resolve(case_id=done.id, outcome="explained", root_cause="weather", note="", actor=company.ana.actor, now=now)
    person = queries.person(company.ana.id)
    assert person
    people.deactivate(
        employee_id=company.ana.id, successor_id=None, version=person.version, actor=company.ada.actor, now=now
    )
    owners = {case.id: case.owner_id for case in db.session.query(Case)}
    assert owners == {mine.id: company.sam.id, done.id: company.ana.id, bos.id: company.bo.id}


def test_nobody_leaves_where_nobody_could_take_over(app: Flask) -> None:
    company = make_company(second_site=False)
    now = utc_now()
    lonely = add_person("Lee Only", "frontline", company.quayside.id)
    make_case(lonely)
    with pytest.raises(NobodyTakesOver), transaction():
        for row in (company.sam, company.max):
            db.session.get(Employee, row.id).deactivated_at = now  # type: ignore[union-attr]
        db.session.flush()
        hand_over(employee_id=lonely.id, actor=company.ada.actor, now=now)
    assert db.session.query(Case).one().owner_id == lonely.id
