"""Deeds on a case and on what belongs to it, all at once: nobody waits for one who waits for them."""

import threading
from datetime import timedelta

from flask import Flask

from app.approvals import actions as approvals
from app.approvals.models import ExceptionRequest
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.database import db
from app.sla import jobs
from app.sla.models import Clock, ClockNotice
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.sla.builders import HOUR, MONDAY

MINUTE = timedelta(minutes=1)
ROUNDS = 4


def test_requests_decisions_replies_and_sweeps_at_once_end_without_a_deadlock(app: Flask) -> None:
    company = make_company(second_site=False)
    case_id = make_case(company.ana, severity=2, now=MONDAY).id
    for _number in range(ROUNDS):
        make_request(company.ana, case=db.session.get_one(Case, case_id), now=MONDAY)
    waiting = [row.id for row in db.session.query(ExceptionRequest.id).order_by(ExceptionRequest.id)]
    wrong: list[BaseException] = []

    def ask(number: int) -> None:
        make_request(company.ana, case=db.session.get_one(Case, case_id), now=MONDAY + number * MINUTE)

    def decide(number: int) -> None:
        approvals.decide(
            exception_id=waiting[number], outcome="declined", amount=None, reason="No.", actor=company.sam.actor,
            now=MONDAY + number * MINUTE,
        )  # fmt: skip

    def reply(number: int) -> None:
        cases.record_reply(
            case_id=case_id, text="Soon", actor=company.bo.actor, now=MONDAY + number * MINUTE
        )  # fmt: skip

    def sweep(number: int) -> None:
        jobs.sweep(now=MONDAY + (number + 1) * HOUR)

    def run(work: object) -> None:
        with app.app_context():
            try:
                for number in range(ROUNDS):
                    work(number)  # type: ignore[operator]
            except BaseException as failure:  # told by the test's own thread
                wrong.append(failure)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(work,)) for work in (ask, decide, reply, sweep, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    db.session.rollback()
    asked = db.session.query(Clock).filter_by(milestone="approval")
    assert (asked.count(), asked.filter(Clock.stopped_at.is_(None)).count()) == (3 * ROUNDS, 2 * ROUNDS)
    told = [(row.clock_id, row.threshold) for row in db.session.query(ClockNotice)]
    assert len(told) == len(set(told))
