"""The figure beside "Exceptions" in the rail counts what the matrix says waits for its reader, by the rules of the deed."""

from datetime import timedelta

import pytest
from flask import Flask

from app.approvals import absence_actions as absences
from app.approvals import actions as approvals
from app.approvals import mine_queries
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.approvals.step_models import ExceptionStep
from app.approvals.turn_queries import WAITING
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people.permissions import scope_of
from app.people.queries import PersonRow
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, make_person, sign_in

NOW = utc_now().replace(microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def count(person: PersonRow, now: object = NOW) -> int:
    return int(db.session.execute(WAITING, {"employee_id": person.id, "now": now}).scalar_one())


def agree(people: list[PersonRow], *nows: object) -> list[int]:
    """The counts at the last instant; at each the rules say the same of everybody."""
    for now in nows or (NOW,):
        db.session.expire_all()
        told = []
        for person in people:
            scope = scope_of(person.actor, "exceptions.read")
            assert scope is not None
            exact = len(mine_queries.to_decide(scope, person.actor, now)[0])  # type: ignore[arg-type]
            assert (person.name, count(person, now)) == (person.name, exact)
            told.append(exact)
    return told


def test_it_counts_by_role_title_and_name_and_nothing_of_ones_own(company: Company) -> None:
    assert company.tom is not None
    lea = make_person("Lea Roth", "supervisor", company.quayside.id, job_title="Duty Manager")
    everybody = [company.sam, company.max, company.tom, lea]
    make_request(company.ana, now=NOW)  # where no row speaks: supervisors and managers
    make_request(company.sam, case=make_case(company.max, now=NOW), now=NOW)  # asked by Sam, in a case of Max
    assert agree(everybody) == [1, 1, 0, 2]
    publish_matrix(
        company,
        MatrixRow("named", (StepRule((f"person:{company.max.id}",)),), "GBP", 0, 10_000),
        MatrixRow("titled", (StepRule(("title:Duty manager",)),), "GBP", 10_000, 20_000),
        MatrixRow(
            "two", (StepRule(("role:supervisor", "role:manager"), 2), StepRule(("role:manager",))), "GBP", 20_000
        ),
    )
    for minor in (5_000, 15_000, 30_000):
        request = make_request(company.ana, amount=Money(minor, "GBP"), now=NOW)
    assert agree(everybody) == [2, 3, 0, 4]
    approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=NOW
    )
    assert agree(everybody) == [1, 3, 0, 4], "who has spoken isn't asked again"
    approvals.decide(exception_id=request.id, outcome="approved", amount=None, reason="", actor=lea.actor, now=NOW)
    assert agree(everybody) == [1, 3, 0, 3], "the second step is the managers'"
    later = NOW + timedelta(days=30)
    assert agree(everybody, later) == [0, 0, 0, 0], "what has expired waits for nobody"


def test_what_is_raised_waits_for_who_comes_next(company: Company) -> None:
    publish_matrix(company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    request = make_request(company.ana, now=NOW)
    assert agree([company.sam, company.max]) == [1, 0]
    with transaction():
        db.session.query(ExceptionStep).filter_by(exception_id=request.id).update({"escalated_at": NOW})
        absences.audit.record(absences.UNLINKED, subject="EX-1", actor=OPERATOR, at=NOW, same_as=1)
    assert agree([company.sam, company.max]) == [1, 1]


def test_what_is_lent_counts_inside_its_bounds_and_what_one_person_has_twice_does_not(company: Company) -> None:
    tom = company.tom
    assert tom is not None
    everybody = [company.sam, company.max, tom]
    publish_matrix(company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    make_request(company.ana, now=NOW)
    before, after = NOW - timedelta(seconds=1), NOW + DAY
    absences.set_absence(
        employee_id=company.sam.id, from_at=NOW, to_at=NOW + DAY, stand_in_id=tom.id, amount_max=Money(18_000, "GBP"),
        actor=company.sam.actor, now=before,
    )  # fmt: skip
    assert agree(everybody, before) == [1, 0, 0]
    assert agree(everybody, after) == [1, 0, 0]
    assert agree(everybody, NOW) == [1, 0, 1]
    absences.link_account(employee_id=tom.id, same_as_id=company.sam.id, actor=company.ada.actor, now=NOW)
    assert agree(everybody, NOW) == [1, 0, 0], "nobody stands in for themselves"


def test_the_fallback_decider_counts_it_only_while_nobody_else_is_there(company: Company) -> None:
    everybody = [company.sam, company.max]
    publish_matrix(company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    make_request(company.ana, now=NOW)
    absences.set_fallback(site_id=company.quayside.id, employee_id=company.max.id, actor=company.ada.actor, now=NOW)
    assert agree(everybody) == [1, 0]
    absences.set_absence(employee_id=company.sam.id, from_at=NOW, to_at=NOW + DAY, actor=company.sam.actor, now=NOW)
    assert agree(everybody) == [1, 1]


def test_the_rail_shows_it(app: Flask, company: Company) -> None:
    publish_matrix(company, MatrixRow("named", (StepRule((f"person:{company.max.id}",)),)))
    make_request(company.ana)
    rail = 'href="/exceptions"'
    for person, shown in ((company.max, True), (company.sam, False)):
        page = sign_in(app.test_client(), person).get("/inbox").text
        assert (">1<" in page[page.index(rail) : page.index(rail) + 600]) == shown, person.name
