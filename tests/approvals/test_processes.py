"""Two people press at the same moment, on two processes, and by the links of their mails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from flask import Flask

from app.approvals import actions as approvals
from app.approvals import link_actions as links
from app.approvals.models import ExceptionDecision, UsedLink
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people.queries import PersonRow
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.forked import at_once
from tests.people.builders import make_company

ROUNDS = 5


@pytest.mark.slow
def test_of_two_processes_one_decides_and_the_other_is_told_by_whom(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    ids = [make_request(company.ana, case=case).id for _round in range(ROUNDS)]

    def decide_all(person: PersonRow, outcome: str) -> list[str]:
        said = []
        for exception_id in ids:
            try:
                approvals.decide(
                    exception_id=exception_id, outcome=outcome, amount=None, reason="So.", actor=person.actor,
                    now=utc_now(),
                )  # fmt: skip
                said.append("decided")
            except Refusal as refusal:
                said.append(f"{refusal.code}: {refusal}")
        return said

    answers = at_once([partial(decide_all, company.sam, "approved"), partial(decide_all, company.max, "declined")])
    for pair in zip(*answers, strict=True):
        assert sorted(pair)[1] == "decided"
        assert sorted(pair)[0].startswith("already-ended: ") and "has already" in sorted(pair)[0]
    assert db.session.query(ExceptionDecision).count() == ROUNDS


def test_two_who_follow_the_links_of_their_mails_at_once_never_wait_for_each_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each link's row points at the request: were it written before the request's lock is held, neither could go on."""
    company, now = make_company(), utc_now()
    request = make_request(company.ana)
    tokens = {}
    for person in (company.sam, company.max):
        line = db.session.query(Notification).filter_by(subject=request.ref, employee_id=person.id).first()
        assert line is not None
        tokens[person.id] = (links.path_for(line, now) or "").removeprefix("/decide/")
    request_id = request.id
    db.session.remove()
    both, real = threading.Barrier(2), links.audit.record

    def meet(entry: object, **said: object) -> None:
        if entry is links.LINK_USED:
            with suppress(threading.BrokenBarrierError):
                both.wait(1)  # both have written their link's row, if the database lets them
        real(entry, **said)

    monkeypatch.setattr(links.audit, "record", meet)

    def press(person: PersonRow) -> str:
        with app.app_context():
            try:
                with links.using(tokens[person.id], exception_id=request_id, actor=person.actor, now=now):
                    approvals.decide(
                        exception_id=request_id, outcome="approved", amount=None, reason="", actor=person.actor, now=now
                    )
            except Refusal as refusal:
                return refusal.code
            finally:
                db.session.remove()
            return "decided"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(press, (company.sam, company.max)))
    assert said == ["already-ended", "decided"]
    assert db.session.query(UsedLink).count() == 1
