"""Reconcile: what was settled, what the ledger counts and what was paid out agree, or it says where they don't."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit import actions as audit
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies import reconcile_queries as reconciling
from app.remedies.payout_models import Payout, PayoutEvent
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company
from tests.remedies.builders import give, publish_policy
from tests.remedies.payout_builders import settled

DAMAGED = audit.declare("reconcile:damage", sentence="damaged")


def damage(statement: str) -> None:
    """Change rows as no action would."""
    with transaction():
        db.session.execute(text(statement))
        audit.record(DAMAGED, subject="RM-1", actor=command("test"), at=utc_now())


def prepared() -> tuple[Company, Payout]:
    """Goodwill that was given, and one payout of redress that was paid by hand."""
    company = make_company()
    publish_policy()
    case_id = make_case(company.ana).id
    remedies.accept(remedy_id=give(company.ana, case_id, 5_000).id, actor=company.ana.actor, now=utc_now())
    payout, now = settled(company, case_id=case_id), utc_now()
    payouts.prove(payout_id=payout.id, reference="TILL-1", done_at=now, actor=company.ana.actor, now=now)
    return company, payout


def differences() -> set[str]:
    db.session.rollback()
    return {one.what for one in reconciling.reconcile(utc_now()).differences}


def test_what_deeds_leave_behind_agrees(app: Flask) -> None:
    prepared()
    done = app.test_cli_runner().invoke(args=["reconcile", "--json"])
    said = json.loads(done.output)
    assert (done.exit_code, said["agrees"], said["differences"]) == (0, True, [])
    assert said["payouts"] == {"confirmed": 1, "pending": 1}
    assert said["confirmed_minor"] == {"GBP": 12_000}


def reverse_after(company: Company, payout: Payout) -> None:
    remedies.reverse(remedy_id=payout.remedy_id, reason="wrong guest", actor=company.sam.actor, now=utc_now())


def tell_twice(_company: Company, payout: Payout) -> None:
    with transaction():
        db.session.add(PayoutEvent(payout_id=payout.id, what="twice", round=1, at=utc_now()))
        audit.record(DAMAGED, subject="RM-1", actor=command("test"), at=utc_now())


def by(statement: str) -> Callable[[Company, Payout], None]:
    return lambda _company, _payout: damage(statement)


BROKEN: tuple[tuple[str, Callable[[Company, Payout], None]], ...] = (
    ("reversed after it was sent: get it back", reverse_after),
    ("paid by hand and by the provider: get one back", tell_twice),
    ("paid out, and not settled", by("UPDATE remedy SET state = 'declined' WHERE id = 2")),
    ("the payout is of another amount", by("UPDATE payout SET amount_minor = 11999 WHERE remedy_id = 2")),
    (
        "settled goodwill, and the ledger counts another amount",
        by("UPDATE hold SET counted_minor = 4999 WHERE remedy_id = 1"),
    ),
    ("the ledger counts it as settled, and the remedy isn't", by("UPDATE remedy SET state = 'reserved' WHERE id = 1")),
    (
        "to be sent, and the outbox doesn't know",
        by("UPDATE payout SET connector = 'webhook', state = 'pending' WHERE remedy_id = 2"),
    ),
    ("given up: prove it or reverse the remedy", by("UPDATE payout SET state = 'given_up' WHERE remedy_id = 2")),
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("what", "broken"), BROKEN)
def test_every_difference_is_named(app: Flask, what: str, broken: Callable[[Company, Payout], None]) -> None:
    company, payout = prepared()
    broken(company, payout)
    assert what in differences()
    assert app.test_cli_runner().invoke(args=["reconcile"]).exit_code == 1


def test_the_rest_of_the_differences_are_named_on_either_database(app: Flask) -> None:
    company, payout = prepared()
    case_id = payout.case_id
    long_ago = (utc_now() - timedelta(hours=25)).strftime("%Y-%m-%d %H:%M:%S.000000")
    damage(f"UPDATE payout SET state = 'sent', changed_at = '{long_ago}' WHERE remedy_id = 2")
    assert differences() == {"sent, and no end heard for a day"}
    damage("UPDATE payout SET state = 'pending' WHERE remedy_id = 2")
    owed = give(company.sam, case_id, 700, nature="redress")
    assert differences() == set()
    damage(f"UPDATE remedy SET state = 'settled' WHERE id = {owed.id}")
    assert differences() == {"settled, and owed to nobody"}
    assert set(reconciling.DIFFERENCES) - {what for what, _ in BROKEN} == {
        "settled, and owed to nobody",
        "sent, and no end heard for a day",
    }
