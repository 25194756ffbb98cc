"""The dialogue through the API: in and out, once per key, exactly as it was said."""

import pytest
from flask import Flask

from app.kernel.database import db
from app.messages.models import Message
from tests.api.client import Api, a_company, problem
from tests.people.builders import Company

TEXT = "  Ist mein Zimmer fertig?\n🙂 "


@pytest.fixture
def company(app: Flask) -> Company:
    return a_company(app)


def test_a_customers_message_comes_in_and_the_answer_goes_out_once_each(app: Flask, company: Company) -> None:
    ana = Api(app, company.ana)
    case = ana.log()["ref"]
    came = {"direction": "in", "channel": "chat", "text": TEXT}
    first = ana.post(f"/cases/{case}/messages", came, key="chat-0001")
    assert first.status_code == 201, first.text
    assert ana.post(f"/cases/{case}/messages", came, key="chat-0001").get_json() == first.get_json()
    went = ana.post(f"/cases/{case}/messages", {"direction": "out", "channel": "page", "text": "By three."})
    assert went.get_json()["case"] == case
    rows = db.session.query(Message.direction, Message.text, Message.author_id).order_by(Message.id).all()
    assert [tuple(row) for row in rows] == [("in", TEXT, None), ("out", "By three.", company.ana.id)]
    clocks = {one["milestone"]: one["state"] for one in ana.get(f"/cases/{case}").get_json()["clocks"]}
    assert clocks["first_response"] in ("met", "missed")


def test_a_stranger_an_unknown_channel_and_no_words_are_refused(app: Flask, company: Company) -> None:
    ana = Api(app, company.ana)
    case = ana.log()["ref"]
    said = {"direction": "in", "channel": "chat", "text": "Hello"}
    assert company.nia is not None
    problem(Api(app, company.nia).post(f"/cases/{case}/messages", said), 404, "not-found")
    problem(Api(app, company.audra).post(f"/cases/{case}/messages", said), 403, "not-permitted")
    for change in ({"channel": "smoke"}, {"direction": "up"}, {"text": " "}, {"extra": 1}):
        problem(ana.post(f"/cases/{case}/messages", {**said, **change}), 422, "bad-input")
    assert db.session.query(Message).count() == 0
