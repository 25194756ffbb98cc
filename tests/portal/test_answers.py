"""What a customer does on her page: her words, her answers, one outcome, and what both sides are told."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.audit.models import AuditEntry
from app.budgets.checks import violations
from app.cases import actions as cases
from app.cases.models import Case, CaseEvent
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages.models import Message
from app.notifications.models import Notification
from app.portal import answer_actions, rules
from app.portal.models import CustomerAnswer
from app.remedies import actions as remedies
from app.remedies import choice_actions as choices
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.portal.builders import intents, visit
from tests.remedies.builders import give, publish_policy
from tests.sla.test_pages import count_queries

KEY = "answer-key-0001"


class Scene:
    """Cleo's page beside Ana's desk."""

    def __init__(self, app: Flask) -> None:
        self.company: Company = make_company()
        publish_policy()
        self.case = make_case(self.company.ana)
        self.hers: FlaskClient = visit(app, self.case, self.company.ana)
        self.path = f"/your-case/{self.case.ref}"

    def offer(self, minor: int = 4_000, **changes: Any) -> Remedy:
        return give(self.company.ana, self.case.id, minor, **changes)

    def answer(self, remedy: Remedy | None, answer: str, reason: str = "", intent: str = KEY) -> Any:
        data = {"remedy": remedy.ref if remedy else "", "answer": answer, "reason": reason, "intent": intent}
        return self.hers.post(f"{self.path}/answers", data=data)

    def page(self) -> str:
        return self.hers.get(self.path).text

    def state(self, remedy: Remedy) -> str:
        db.session.expire_all()
        return db.session.get_one(Remedy, remedy.id).state


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene(app)


def notices(kind: str) -> int:
    return db.session.query(Notification).filter_by(kind=kind).count()


def test_accepting_settles_at_once_once_and_shows_a_receipt(scene: Scene) -> None:
    remedy = scene.offer()
    assert "Accept £40.00" in scene.page()
    for intent in (KEY, KEY, "another-tab-01"):
        answer = scene.answer(remedy, "accepted", intent=intent)
        assert answer.status_code == 303, answer.text
    assert scene.state(remedy) == "settled"
    assert db.session.query(CustomerAnswer).count() == notices("customer:accepted") == 1
    assert violations() == []
    page = scene.page()
    assert "You accepted £40.00" in page and "Accept £40.00" not in page
    receipt = scene.hers.get(f"{scene.path}/receipts/{remedy.ref}")
    assert "£40.00" in receipt.text and "Cleo Marchetti" in receipt.text
    entry = db.session.query(AuditEntry).filter_by(type="customer:answer").one()
    settled = db.session.query(AuditEntry).filter_by(type="remedy:accept").one()
    assert '"customer:CU-1"' in entry.content and '"customer:CU-1"' in settled.content
    desk = sign_in(scene.hers.application.test_client(), scene.company.ana).get(f"/cases/{scene.case.ref}").text
    assert "accepted on their page" in desk and "The customer, on their own page" in desk
    assert scene.answer(remedy, "declined", intent="third-answer-1").status_code == 409
    assert scene.answer(remedy, "declined", intent=KEY).status_code == 409, "the same form means its first answer"
    assert scene.state(remedy) == "settled"


def test_declining_releases_and_her_reason_reaches_the_desk(scene: Scene) -> None:
    remedy = scene.offer()
    cases.wait(case_id=scene.case.id, waiting_for="customer", reason="", actor=scene.company.ana.actor, now=utc_now())
    assert scene.answer(remedy, "declined", "  Too little.\nTwo nights! ").status_code == 303
    assert scene.state(remedy) == "declined"
    assert db.session.get_one(Case, scene.case.id).state == "open"
    message = db.session.query(Message).one()
    assert (message.text, message.about) == ("  Too little.\nTwo nights! ", remedy.ref)
    assert notices("customer:declined") == 1
    assert "You declined £40.00" in scene.page()


def test_disagreeing_needs_words_and_opens_the_next_step(scene: Scene) -> None:
    remedy = scene.offer()
    missing = scene.answer(remedy, "disagreed", "  ")
    assert missing.status_code == 422 and "Tell us in a few words" in missing.text
    assert scene.state(remedy) == "reserved"
    assert scene.answer(remedy, "disagreed", "Half the price back.").status_code == 303
    assert scene.state(remedy) == "declined" and notices("customer:disagreed") == 1
    desk = sign_in(scene.hers.application.test_client(), scene.company.ana).get(f"/cases/{scene.case.ref}").text
    assert "Next step: offer something better" in desk and "Half the price back." in desk
    scene.offer(5_000)
    desk = sign_in(scene.hers.application.test_client(), scene.company.ana).get(f"/cases/{scene.case.ref}").text
    assert "Next step: offer something better" not in desk


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_disagreeing_with_the_end_opens_the_case_again(scene: Scene) -> None:
    said: dict[str, Any] = {"case_id": scene.case.id, "actor": scene.company.ana.actor, "now": utc_now()}
    cases.resolve(outcome="explained", root_cause="equipment", note="Told her why: internal words", **said)
    page = scene.page()
    assert "agree with how this ended" in page and "internal words" not in page
    assert scene.answer(None, "disagreed", "It is still broken.").status_code == 303
    db.session.expire_all()
    case = db.session.get_one(Case, scene.case.id)
    assert (case.state, case.reopened_count) == ("open", 1)


def test_of_several_offers_she_takes_one_and_the_others_are_free(scene: Scene) -> None:
    money, drinks = scene.offer(3_000), scene.offer(2_000)
    third = scene.offer(1_000)
    ana = scene.company.ana.actor
    choices.let_choose(case_id=scene.case.id, remedy_ids=[money.id, drinks.id], actor=ana, now=utc_now())
    page = scene.page()
    assert "Choose one of our offers" in page and "Accept £10.00" in page
    unchosen = scene.answer(None, "accepted")
    assert unchosen.status_code == 422 and "Choose one of the offers first" in unchosen.text
    assert scene.answer(drinks, "accepted").status_code == 303
    assert [scene.state(one) for one in (money, drinks, third)] == ["released", "settled", "reserved"]
    late = scene.answer(money, "accepted", intent="the-other-tab-1")
    assert late.status_code == 409 and "doesn&#39;t stand any more" in late.text
    assert violations() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_desk_took_back_first_is_told_kindly_and_books_nothing(scene: Scene) -> None:
    remedy = scene.offer()
    remedies.withdraw(remedy_id=remedy.id, actor=scene.company.ana.actor, now=utc_now())
    late = scene.answer(remedy, "accepted")
    assert late.status_code == 409 and "just before your answer" in late.text
    assert scene.state(remedy) == "withdrawn" and db.session.query(CustomerAnswer).count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_cases_offer_is_as_if_it_were_not_there(scene: Scene) -> None:
    other = make_case(scene.company.ana, customer="Dora Klein")
    theirs = give(scene.company.ana, other.id, 1_000)
    for answer in ("accepted", "declined", "disagreed"):
        assert scene.answer(theirs, answer, "why not", intent=f"foreign-{answer}").status_code == 404
    assert scene.state(theirs) == "reserved"
    remedies.accept(remedy_id=theirs.id, actor=scene.company.ana.actor, now=utc_now())
    assert scene.hers.get(f"{scene.path}/receipts/{theirs.ref}").status_code == 404
    doubt = {"reason": "mine?", "intent": KEY}
    assert scene.hers.post(f"{scene.path}/receipts/{theirs.ref}/doubts", data=doubt).status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_doubt_about_an_amount_reaches_desk_and_lead_with_her_words(scene: Scene) -> None:
    remedy = scene.offer()
    scene.answer(remedy, "accepted")
    url = f"{scene.path}/receipts/{remedy.ref}"
    assert scene.hers.post(f"{url}/doubts", data={"reason": " ", "intent": KEY + "2"}).status_code == 422
    for _twice in range(2):
        sent = scene.hers.post(f"{url}/doubts", data={"reason": "I was told £60.", "intent": KEY + "2"})
        assert sent.status_code == 303
    assert db.session.query(CustomerAnswer).filter_by(answer="not_right").count() == 1
    assert (notices("customer:not-right"), notices("customer:doubted")) == (1, 1)
    assert "You told us on" in scene.hers.get(url).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_messages_go_both_ways_and_notes_stay_inside(scene: Scene) -> None:
    ana = sign_in(scene.hers.application.test_client(), scene.company.ana)
    data = {"text": "<b>Is it done?</b>", "intent": intents(scene.page())[-1]}
    for _double_click in range(2):
        assert scene.hers.post(f"{scene.path}/messages", data=data).status_code == 303
    assert ana.post(f"/cases/{scene.case.ref}/replies", data={"text": "By noon."}).status_code == 303
    assert ana.post(f"/cases/{scene.case.ref}/notes", data={"text": "She is difficult."}).status_code == 303
    page = scene.page()
    assert page.count("&lt;b&gt;Is it done?&lt;/b&gt;") == 1
    assert "By noon." in page and ">Ana<" in page and "She is difficult." not in page
    assert db.session.query(CaseEvent).filter_by(kind="wrote").count() == 1
    empty = scene.hers.post(f"{scene.path}/messages", data={"text": " ", "intent": "empty-key-01"})
    assert empty.status_code == 422 and "Write something first." in empty.text
    assert "Is it done?" in ana.get(f"/cases/{scene.case.ref}").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_asks_the_same_few_queries_however_much_there_is(scene: Scene) -> None:
    scene.page()
    few = count_queries(scene.page)
    for number in range(6):
        scene.offer(500 + number)
        scene.hers.post(f"{scene.path}/messages", data={"text": "more", "intent": f"more-key-{number:04}"})
    assert count_queries(scene.page) == few <= 15


def test_an_offer_left_out_of_a_new_choice_stands_for_itself(scene: Scene) -> None:
    first, second, third = scene.offer(3_000), scene.offer(2_000), scene.offer(1_000)
    ana = scene.company.ana.actor
    for named in ([first, second, third], [first, second]):
        choices.let_choose(case_id=scene.case.id, remedy_ids=[one.id for one in named], actor=ana, now=utc_now())
    assert scene.answer(first, "accepted").status_code == 303
    assert [scene.state(one) for one in (first, second, third)] == ["settled", "released", "reserved"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_click_waits_for_the_first_before_it_looks_whether_she_answered(scene: Scene) -> None:
    remedy = scene.offer()
    scene.answer(remedy, "accepted")
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: said.append(statement))
    deeds: dict[str, Any] = {
        "declined": lambda: scene.answer(scene.offer(1_000), "declined", intent="click-key-01"),
        "disagreed": lambda: scene.answer(scene.offer(1_000), "disagreed", "No.", intent="click-key-02"),
        "not_right": lambda: scene.hers.post(
            f"{scene.path}/receipts/{remedy.ref}/doubts", data={"reason": "Not this.", "intent": "click-key-03"}
        ),
    }
    for what, deed in deeds.items():
        said.clear()
        assert deed().status_code == 303
        looked = next(number for number, one in enumerate(said) if "customer_answer.intent = " in one)
        assert "pg_advisory_xact_lock" in said[looked - 1], what


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_answers_too_often_waits_and_keeps_her_words(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    remedy, other = scene.offer(), scene.offer(1_000)
    monkeypatch.setattr(answer_actions, "WRITTEN", rules.Limit(1, timedelta(hours=1)))
    assert scene.answer(remedy, "accepted").status_code == scene.answer(remedy, "accepted").status_code == 303
    late = scene.answer(other, "disagreed", "Two nights!", intent="another-key-1")
    assert late.status_code == 429 and "Two nights!" in late.text and "Wait a few minutes" in late.text
    assert scene.state(other) == "reserved"
    url = f"{scene.path}/receipts/{remedy.ref}/doubts"
    late = scene.hers.post(url, data={"reason": "I was told £60.", "intent": "another-key-2"})
    assert late.status_code == 429 and "I was told £60." in late.text and "Wait a few minutes" in late.text
    again = scene.hers.post(url, data={"reason": "I was told £60.", "intent": KEY})
    assert again.status_code == 409 and "I was told £60." in again.text and "You answered this already" in again.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_case_that_is_open_is_not_opened_again_and_her_words_become_a_message(scene: Scene) -> None:
    refused = scene.answer(None, "disagreed", "It is still broken.")
    assert refused.status_code == 422 and "open already" in refused.text
    assert re.search(r'<textarea[^>]*name="text"[^>]*>\s*It is still broken\.', refused.text)
    assert db.session.query(CustomerAnswer).count() == db.session.query(Message).count() == 0
