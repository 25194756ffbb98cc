"""Deeds on people at the same moment."""

import threading

from flask import Flask

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people import actions as people
from app.people.models import Employee
from app.people.queries import PersonRow
from tests.people.builders import make_company, make_person
from tests.people.scim_client import person, program


def test_two_administrators_who_deactivate_each_other_at_once_leave_one(app: Flask) -> None:
    company = make_company(second_site=False)
    other = make_person("Noor Haddad", "admin", company.quayside.id)
    answers: list[str] = []
    start = threading.Barrier(2)

    def deactivate(actor: PersonRow, target: PersonRow) -> None:
        with app.app_context():
            start.wait(5)
            try:
                people.deactivate(employee_id=target.id, actor=actor.actor, now=utc_now())
                answers.append("done")
            except Refusal as refusal:
                answers.append(refusal.code)

    pairs = ((company.ada, other), (other, company.ada))
    threads = [threading.Thread(target=deactivate, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["done", "last-administrator"]
    db.session.rollback()
    left = db.session.query(Employee).filter_by(role="admin", deactivated_at=None).count()
    assert left == 1


def test_parallel_guesses_are_all_counted(app: Flask) -> None:
    make_company(second_site=False)
    answers: list[int] = []

    def guess() -> None:
        sent = {"email": "ada@makegood.example", "phrase": "wrong wrong wrong"}
        answers.append(app.test_client().post("/sign-in", data=sent).status_code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [422] * 5 + [429] * 7


def test_programs_that_make_the_same_person_at_once_make_one(app: Flask) -> None:
    """Who looked before the first had written is refused by the database, and told so like everybody else."""
    company = make_company(second_site=False)
    idp, start = program(app, company.ada), threading.Barrier(4)
    answers: list[int] = []

    def make() -> None:
        start.wait(5)
        answers.append(idp.post("/Users", person("zoe@makegood.example", displayName="Zoe Adams")).status_code)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [201, 409, 409, 409]
