"""Killed at any statement (SIGKILL): after a restart ledger, purses, remedies, payouts and the trail agree, and nothing is paid twice."""

import random
from collections import Counter
from contextlib import suppress

import pytest
from flask import Flask

from app.audit import queries as trail
from app.audit.jobs import seal_pending
from app.budgets.checks import violations
from app.budgets.models import LedgerTransfer
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import reconcile_queries as reconciling
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.forked import die_at, in_a_child
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy
from tests.remedies.test_parallel_units import limits

RUNS = count(200, 2)
# One life of an offer (reserve, settle, reverse) sends about two hundred statements: every step of it is hit in time.
STATEMENTS = 220


@pytest.mark.slow
def test_whatever_was_under_way_when_it_was_killed_money_and_trail_agree(app: Flask) -> None:
    company = make_company()
    publish_policy([rule for rule in limits() if rule["currency"] == "GBP"])
    case_id = make_case(company.ana).id
    db.session.remove()
    draw = random.Random(20_261_122)
    for run in range(RUNS):
        statement = 1 + (run * STATEMENTS // RUNS + draw.randrange(STATEMENTS // RUNS + 1)) % STATEMENTS

        def live(run: int = run, statement: int = statement) -> None:
            die_at(statement)
            give_and_take(company.ana, company.sam, case_id, run)

        assert in_a_child(live) == -9, (run, statement)
        assert violations() == [], (run, statement)
        seal_pending(everything=True)  # on PostgreSQL the scheduler's work, which is not running here
        db.session.remove()
        assert trail.verify(now=utc_now()).is_whole, (run, statement)
        assert reconciling.reconcile(utc_now()).differences == (), (run, statement)
        db.session.remove()
    kinds = Counter(kind for (kind,) in db.session.query(LedgerTransfer.kind))
    states = Counter(state for (state,) in db.session.query(Remedy.state))
    assert kinds["reserve"] == states.total()
    assert kinds["settle"] == states["settled"] + states["reversed"]
    assert kinds["reverse"] == states["reversed"]


def give_and_take(person: PersonRow, lead: PersonRow, case_id: int, run: int) -> None:
    """Give, settle, release and reverse until killed."""
    for number in range(100):
        with suppress(Refusal):
            given = remedies.offer(
                case_id=case_id, kind="refund", amount=Money(900, "GBP"), reason="race",
                intent=f"killed-{run}-{number}", actor=person.actor, now=utc_now(),
            )  # fmt: skip
            if number % 4 == 0:
                remedies.release(remedy_id=given.id, actor=person.actor, now=utc_now())
                continue
            remedies.accept(remedy_id=given.id, amount=Money(500, "GBP"), actor=person.actor, now=utc_now())
            if number % 4 == 1:
                remedies.reverse(remedy_id=given.id, reason="error", actor=lead.actor, now=utc_now())
