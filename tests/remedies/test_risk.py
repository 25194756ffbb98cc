"""Turning the risk score on or off changes no answer: "Can I?", what is given, what is asked above a limit and who decides it."""

import random
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from app.approvals import queries as approvals
from app.approvals.route_queries import preview
from app.cases import actions as cases
from app.cases.models import Case
from app.insights import risk_actions, risk_queries
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.permissions import COMPANY
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import queries
from app.remedies.redress_queries import owed_in_case
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import Company, make_company
from tests.remedies.builders import publish_policy
from tests.remedies.test_random_policies import KINDS, SEED, compare, publish_some, world

POLICIES = count(200, 3)
ASKED_A_POLICY = 8
DAY = timedelta(days=1)


def risky(company: Company) -> int:
    """A customer let down again and again, beside those of the random world who were not."""
    now, actor = utc_now(), company.ana.actor
    for ago in (40, 20, 9):
        case = make_case(company.ana, customer="Moe Xu", now=now - ago * DAY)
        cases.resolve(
            case_id=case.id, outcome="explained", root_cause="process", note="", actor=actor, now=now - (ago - 5) * DAY
        )
    return make_case(company.ana, customer="Moe Xu").id


def told(person: PersonRow, case_id: int, kind: str, minor: int, now: datetime) -> tuple[Any, ...]:
    """The whole answer to "Can I?", who would decide an exception and in how many steps, and what redress is owed."""
    case, amount = db.session.get_one(Case, case_id), Money(minor, "GBP")
    answer = queries.can_i(case_id=case_id, kind=kind, amount=amount, actor=person.actor, now=now).decision
    route = preview(case, kind, amount, person.actor, now) if answer.outcome == "needs_approval" else None
    return answer.json(), route, owed_in_case(case, now)


def switch(is_on: bool) -> None:
    risk_actions.switch(is_on=is_on, reason="A try.", actor=command("test"), now=utc_now())


def test_no_answer_and_no_deed_differs_with_the_score_on_and_off(app: Flask) -> None:
    company, now = make_company(), utc_now()
    moes = risky(company)
    known, draw, outcomes = [*world(company, now), moes], random.Random(SEED), set()
    moe = db.session.get_one(Case, moes).customer_id or 0
    for number in range(POLICIES):
        now += timedelta(hours=1)
        publish_some(draw, now)
        asked = [
            (draw.choice((company.ana, company.bo, company.sam)), draw.choice((*known, moes)), kind,
             draw.choice((1, 4_999, 20_000, 20_001, 60_000)) if kind in ("refund", "voucher") else 0)
            for kind in draw.choices(KINDS, k=ASKED_A_POLICY)
        ]  # fmt: skip
        off = [told(*one, now) for one in asked]
        switch(True)
        standing = risk_queries.of_customer([moe], COMPANY, now)
        assert standing and standing.score and standing.score.level != "usual", "a score that would matter if it could"
        assert [told(*one, now) for one in asked] == off, f"seed {SEED}, policy {number}"
        outcomes |= {answer["outcome"] for answer, _route, _owed in off}
        compare(*asked[0], now)  # with the score on, the deed does what is told
        switch(False)
        assert risk_queries.of_customer([moe], COMPANY, now) is None
        compare(*asked[1], now)
    assert {"allowed", "needs_approval"} <= outcomes, outcomes


def test_who_decides_an_exception_is_the_same_with_the_score_on_and_off(app: Flask) -> None:
    company, now = make_company(), utc_now()
    publish_policy(now=now)
    moes = risky(company)
    request = remedies.ask_exception(
        case_id=moes, kind="refund", amount=Money(90_000, "GBP"), reason="Let down four times.", intent="risk-on-and-off-1",
        actor=company.ana.actor, now=now,
    )  # fmt: skip
    people, found = (company.ana, company.bo, company.sam, company.max), []
    for is_on in (False, True, False):
        switch(is_on)
        may = [repr(approvals.may_decide(request.id, one.actor, now)) for one in people]
        found.append((approvals.deciders_for(request.id, now), may))
    assert found[0] == found[1] == found[2] and found[0][0]
    switch(True)
    decided = remedies.decide_exception(
        exception_id=request.id, outcome="declined", amount=None, reason="Not this.", actor=company.sam.actor, now=now
    )
    assert decided.state == "declined"
