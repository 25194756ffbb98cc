"""One answer per key, on both databases, also when requests race or die."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.api.idempotency import STALE_SECONDS, Stored, answer_once
from app.api.jobs import forget_answers
from app.api.models import IdempotencyAnswer
from app.api.problems import ApiProblem
from app.audit import actions as audit
from app.audit.models import AuditEntry
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import UTC
from app.kernel.transactions import transaction

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
DONE = audit.declare("test:api", "step", sentence=_l("did something"))


class TooMuch(Refusal):
    code = "too-much"
    status = 422


def deed(step: int = 1) -> tuple[int, Any]:
    with transaction():
        audit.record(DONE, subject="MG-1", actor=command("test"), at=NOW, step=step)
    return 201, {"ref": f"MG-{step}"}


def once(
    action: Any = deed, *, key: str = "k", mark: str = "m", has_intent: bool = False, now: datetime = NOW
) -> Stored:
    return answer_once(action, actor_id=7, key=key, mark=mark, has_intent=has_intent, now=now)


def deeds() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(AuditEntry.id).where(AuditEntry.type == "test:api")).all())


def status_of(caught: pytest.ExceptionInfo[ApiProblem]) -> int:
    return caught.value.status


@pytest.mark.parametrize("has_intent", [False, True])
def test_the_same_key_and_content_get_the_first_answer_and_no_second_deed(app: Flask, has_intent: bool) -> None:
    first = once(has_intent=has_intent)
    second = once(lambda: deed(2), has_intent=has_intent)
    assert (first.status, first.body, first.replayed) == (201, b'{"ref":"MG-1"}', False)
    assert (second.status, second.body, second.replayed) == (201, b'{"ref":"MG-1"}', True)
    assert deeds() == 1


def test_other_content_under_the_same_key_is_refused(app: Flask) -> None:
    once()
    with pytest.raises(ApiProblem) as caught:
        once(mark="other")
    assert (status_of(caught), caught.value.code) == (422, "idempotency-key-reused")
    assert deeds() == 1


def test_a_refusal_is_an_answer_and_is_replayed(app: Flask) -> None:
    def refuse() -> tuple[int, Any]:
        raise TooMuch("Too much.")

    with app.test_request_context():
        first = once(refuse)
        second = once(deed)
    assert first.status == 422
    assert b"urn:makegood:problem:too-much" in first.body
    assert (second.status, second.body, second.replayed) == (422, first.body, True)
    assert deeds() == 0


def test_an_error_is_no_answer_and_the_key_stays_free(app: Flask) -> None:
    def break_down() -> tuple[int, Any]:
        deed()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        once(break_down)
    assert deeds() == 0
    assert once().status == 201
    assert deeds() == 1


@pytest.mark.parametrize("has_intent", [False, True])
def test_while_the_first_is_in_flight_the_second_is_told_to_wait(app: Flask, has_intent: bool) -> None:
    outcome: list[int] = []

    def second() -> None:
        with app.app_context():
            try:
                once(lambda: deed(2))
            except ApiProblem as problem:
                outcome.append(problem.status)
            db.session.remove()

    def first() -> tuple[int, Any]:
        other = threading.Thread(target=second)
        other.start()
        other.join(20)
        return deed()

    assert once(first, has_intent=has_intent).status == 201
    assert outcome == [409]
    assert deeds() == 1


def test_a_claim_left_by_a_crash_is_taken_over_only_when_it_is_stale(app: Flask) -> None:
    with transaction():
        db.session.add(IdempotencyAnswer(actor_id=7, key="k", fingerprint="m", claim="dead", created_at=NOW))
    with pytest.raises(ApiProblem) as caught:
        once(now=NOW + timedelta(seconds=STALE_SECONDS))
    assert status_of(caught) == 409
    assert once(now=NOW + timedelta(seconds=STALE_SECONDS + 1)).status == 201


def test_who_was_taken_over_commits_nothing(app: Flask) -> None:
    def slow() -> tuple[int, Any]:
        db.session.query(IdempotencyAnswer).update({"claim": "other"})
        return deed()

    with pytest.raises(ApiProblem) as caught:
        once(slow)
    assert status_of(caught) == 409
    assert deeds() == 0


def test_keys_of_different_people_are_different_keys(app: Flask) -> None:
    once()
    other = answer_once(lambda: deed(2), actor_id=8, key="k", mark="m", has_intent=False, now=NOW)
    assert (other.replayed, deeds()) == (False, 2)


def test_of_many_equal_requests_at_once_exactly_one_acts(app: Flask) -> None:
    answers: list[Any] = []

    def ask() -> None:
        with app.app_context():
            try:
                answers.append(once().body)
            except ApiProblem as problem:
                answers.append(problem.status)
            db.session.remove()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert deeds() == 1
    assert len(answers) == 8
    assert set(answers) <= {409, b'{"ref":"MG-1"}'}


def test_answers_are_forgotten_after_thirty_days_the_oldest_first_and_no_younger_one(app: Flask) -> None:
    for number, days in enumerate((0, 1, 2)):
        once(key=f"k{number}", now=NOW + timedelta(days=days))
    edge = NOW + timedelta(days=31)
    assert forget_answers(now=edge, limit=500) == 1  # a day older than that goes, exactly thirty days stay
    assert [row.key for row in db.session.scalars(select(IdempotencyAnswer).order_by("key"))] == ["k1", "k2"]
    db.session.rollback()
    assert forget_answers(now=edge + timedelta(days=9), limit=1) == 1
    assert [row.key for row in db.session.scalars(select(IdempotencyAnswer))] == ["k2"]
