"""What ServiceNow's documentation says of its delegates, asked of us: each fault by its name.

"A delegate sees all pending items regardless of the period; delegation does not cascade; a delegate has no access where
the delegator is the requester."
"""

from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask

from app.approvals import absence_actions as absences
from app.approvals import actions as approvals
from app.approvals import queries
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.approvals.models import ExceptionRequest
from app.kernel.time import UTC
from app.people.queries import PersonRow
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, make_person, sign_in

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_matrix(made, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
    return made


def lend(absent: PersonRow, stand_in: PersonRow, start: datetime = NOW, end: datetime = NOW + HOUR) -> None:
    absences.set_absence(
        employee_id=absent.id, from_at=start, to_at=end, stand_in_id=stand_in.id, actor=absent.actor, now=NOW - HOUR
    )


def seen(app: Flask, person: PersonRow, request: ExceptionRequest, now: datetime) -> tuple[bool, int, int]:
    """Whether it stands in the person's inbox; the answers of its page and of a decision about it."""
    with time_machine.travel(now, tick=False):
        client = sign_in(app.test_client(), person, now=now)
        page = client.get(f"/exceptions/{request.ref}").status_code
        decided = client.post(f"/exceptions/{request.ref}/decisions", data={"outcome": "declined", "reason": "No."})
        return f"/exceptions/{request.ref}" in client.get("/exceptions").text, page, decided.status_code


def test_servicenow_a_delegate_sees_all_pending_items_regardless_of_the_period(app: Flask, company: Company) -> None:
    """Ours sees nothing before the first instant and from the end on, whenever it was asked, and can decide nothing."""
    tom = company.tom
    assert tom is not None
    request = make_request(company.ana, now=NOW - HOUR)
    lend(company.sam, tom)
    second = timedelta(seconds=1)
    for outside in (NOW - second, NOW + HOUR):
        assert seen(app, tom, request, outside) == (False, 404, 404)
    assert seen(app, tom, request, NOW + HOUR - second) == (False, 200, 303), "inside, it is decided and leaves"


def test_servicenow_a_delegation_that_is_passed_on_gives_nothing(app: Flask, company: Company) -> None:
    """Sam's stand-in is away too: their own stand-in decides what is theirs, and nothing of Sam's."""
    tom = company.tom
    assert tom is not None and company.harbour is not None
    lea = make_person("Lea Roth", "supervisor", company.harbour.id)
    lend(company.sam, tom)
    lend(tom, lea)
    request = make_request(company.ana, now=NOW)
    assert seen(app, lea, request, NOW) == (False, 404, 404)
    assert queries.deciders_for(request.id, NOW) == [company.sam.id, tom.id]


def test_servicenow_a_delegate_of_the_requester_decides_nothing_for_them(app: Flask, company: Company) -> None:
    """Neither with the requester's authority, nor, of a case that the absent one owns, with theirs."""
    tom = company.tom
    assert tom is not None
    lend(company.sam, tom)
    lea = make_person("Lea Roth", "supervisor", company.quayside.id)  # somebody else who may decide it
    own = make_request(company.sam, case=make_case(company.ana, now=NOW), now=NOW)
    owned = make_request(company.ana, case=make_case(company.sam, now=NOW), now=NOW)
    for request in (own, owned):
        assert seen(app, tom, request, NOW) == (False, 404, 404)
        assert queries.deciders_for(request.id, NOW) == [lea.id]


def test_servicenow_what_waits_when_the_delegator_leaves_has_a_decider(company: Company) -> None:
    """An absence lends nothing of somebody who has left, and nobody leaves while nobody else could decide."""
    tom = company.tom
    assert tom is not None
    request = make_request(company.ana, now=NOW)
    lend(company.sam, tom)
    lea = make_person("Lea Roth", "supervisor", company.quayside.id)
    standing = queries.standing([queries.request_row(request.id)], NOW, but=company.sam.id)  # type: ignore[list-item]
    assert standing.able_ids(request.id) == [lea.id]
    with pytest.raises(approvals.NotFound):
        approvals.allowed(request, standing, tom.actor)
