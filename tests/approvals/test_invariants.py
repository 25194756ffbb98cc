"""The database is asked itself: an honest past breaks no rule, and each rule finds what it is there for."""

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.approvals import actions as approvals
from app.approvals import jobs
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.approvals.models import ExceptionRequest
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.remedies import actions as remedies
from app.remedies import exception_actions
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company
from tests.remedies.builders import publish_policy

PARTS = ("exceptions", "exception steps", "exception holds")


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_policy()
    two = StepRule(("role:supervisor", "role:manager"), 1)
    publish_matrix(made, MatrixRow("two steps", (two, two)))
    return made


def ask(company: Company, number: int) -> int:
    case = make_case(company.ana)
    return remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(90_000 + number, "GBP"), reason="Walked", intent=f"invariants-{number:04}",
        actor=company.ana.actor, now=utc_now(),
    ).id  # fmt: skip


def say(person: PersonRow, exception_id: int, outcome: str = "approved") -> None:
    remedies.decide_exception(
        exception_id=exception_id, outcome=outcome, amount=None, reason="So.", actor=person.actor, now=utc_now()
    )


def broken() -> list[str]:
    return [sentence for part in PARTS for sentence in invariants.violations(part)]


def lived(company: Company) -> list[int]:
    """One request of every fate: half decided, approved, declined, withdrawn, amended and then approved, expired."""
    ids = [ask(company, number) for number in range(6)]
    say(company.sam, ids[0])
    say(company.sam, ids[1])
    say(company.max, ids[1])
    say(company.sam, ids[2], "declined")
    approvals.withdraw(exception_id=ids[3], actor=company.ana.actor, now=utc_now())
    say(company.sam, ids[4])
    exception_actions.amend_exception(
        exception_id=ids[4], amount=Money(80_000, "GBP"), reason="Less", actor=company.ana.actor, now=utc_now()
    )
    say(company.sam, ids[4])
    say(company.max, ids[4])
    later = db.session.scalars(select(ExceptionRequest.expires_at).where(ExceptionRequest.id == ids[5])).one()
    assert approvals.expire(exception_id=ids[5], actor=jobs.ACTOR, now=later)
    return ids


def test_an_honest_past_breaks_no_rule_and_every_broken_one_is_named(company: Company) -> None:
    ids = lived(company)
    assert broken() == []
    values = {
        "half": ids[0], "done": ids[1], "ana": company.ana.id, "sam": company.sam.id, "bo": company.bo.id,
        "max": company.max.id, "hana": company.hana.id,
    }  # fmt: skip
    vote = (
        "INSERT INTO exception_vote (exception_id, round, number, outcome, decided_by_id, human_id, on_behalf_of_id, at, "
        "reason, amount_minor) SELECT exception_id, round, {0}, {1}, {2}, {2}, {3}, {4}, '', {5} "
        "FROM exception_vote WHERE exception_id = {6} ORDER BY id LIMIT 1"
    )
    damage = {
        "nobody said anything about their own request": vote.format("2", "'approved'", ":ana", "NULL", "at", "1", ":half"),
        "nobody speaks twice in a round": vote.format("2", "'approved'", ":hana", ":sam", "at", "1", ":half"),
        "nothing is said after the end": vote.format("2", "'approved'", ":hana", "NULL", "'2999-01-01 00:00:00'", "99999999", ":done"),
        "exactly one open step": "UPDATE exception_step SET opened_at = NULL WHERE exception_id = :half AND number = 2",
        "every step of its round needs": "UPDATE exception_step SET needed = 2 WHERE exception_id = :done",
        "a step is done exactly when": "UPDATE exception_step SET done_at = NULL WHERE exception_id = :done AND number = 2",
        "a refused request has one refusal": vote.format("2", "'declined'", ":hana", "NULL", "at", "NULL", ":half"),
        "nothing is granted beyond the least": vote.format("2", "'approved'", ":hana", "NULL", "at", "5", ":done"),
        "what waits for an answer holds nothing": "UPDATE remedy SET state = 'reserved' WHERE exception_id = :half",
        "what was approved is held": "UPDATE remedy SET state = 'requested' WHERE exception_id = :done",
        "know each other": "UPDATE remedy SET exception_id = NULL WHERE exception_id = :half",
        "what was not approved holds nothing": f"UPDATE remedy SET state = 'reserved' WHERE exception_id = {ids[3]}",
    }  # fmt: skip
    for sentence, statement in damage.items():
        db.session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
        assert any(sentence in found for found in broken()), sentence
        db.session.rollback()
    assert broken() == []


def test_a_request_decided_by_an_account_of_its_asker_is_found(company: Company) -> None:
    request = make_request(company.ana)
    say_plain = approvals.decide
    say_plain(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=utc_now()
    )
    assert broken() == []
    db.session.execute(
        text("INSERT INTO second_account (employee_id, same_as_id) VALUES (:sam, :ana)"),
        {"sam": company.sam.id, "ana": company.ana.id},
    )
    assert any("no account of theirs" in sentence for sentence in broken())
    db.session.rollback()
