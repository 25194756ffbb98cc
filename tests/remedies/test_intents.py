"""One intent, one answer: replayed, refused for other content, and waited for only a moment."""

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit import queries as trail
from app.budgets import intent_actions as intents
from app.budgets.intent_actions import IntentInFlight
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.time import utc_now
from app.remedies.models import Remedy
from app.remedies.rules import NeedsApproval
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy


def test_a_refusal_stays_in_the_trail_although_the_deed_is_undone(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    with pytest.raises(NeedsApproval):
        give(company.ana, case.id, 20_001)
    give(company.ana, case.id, 20_000)
    kinds = set(db.session.scalars(text("SELECT type FROM audit_entry")))
    assert {"remedy:refuse", "remedy:offer", "purse:reserve"} <= kinds
    report = trail.verify(now=utc_now())
    assert report.problem is None or "unsealed" in str(report.problem)


def test_two_people_may_use_the_same_key(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    give(company.ana, case.id, 1_000, intent="the-same-key")
    give(company.bo, case.id, 1_000, intent="the-same-key")
    assert db.session.query(Remedy).count() == 2


def test_a_mistake_of_input_or_of_sight_does_not_use_up_the_key(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    assert company.nia is not None
    with pytest.raises(BadInput):
        give(company.ana, case.id, 1_000, kind="gold", intent="typed-wrong")
    with pytest.raises(NotFound):
        give(company.nia, case.id, 1_000, intent="typed-wrong")
    assert give(company.ana, case.id, 1_000, intent="typed-wrong").state == "reserved"


@pytest.mark.parametrize("key", ["", "short", "x" * 121])
def test_a_form_without_its_key_is_not_acted_on(app: Flask, key: str) -> None:
    company = make_company()
    publish_policy()
    with pytest.raises(BadInput):
        give(company.ana, make_case(company.ana).id, 1_000, intent=key)


def test_a_key_that_is_being_worked_on_elsewhere_is_refused_and_may_be_sent_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer, so nothing is ever under way elsewhere")
    company = make_company()
    publish_policy()
    case_id = make_case(company.ana).id
    monkeypatch.setattr(intents, "WAIT_SECONDS", 0.05)
    number = intents.lock_number(company.ana.actor.label, "under-way-elsewhere")
    with db.engine.connect() as elsewhere:
        elsewhere.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
        with pytest.raises(IntentInFlight) as refusal:
            give(company.ana, case_id, 1_000, intent="under-way-elsewhere")
        assert refusal.value.status == 409
        elsewhere.rollback()
    assert give(company.ana, case_id, 1_000, intent="under-way-elsewhere").state == "reserved"
