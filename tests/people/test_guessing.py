"""Guesses from many places, and links asked for again and again: bounded, and nobody is locked out of their own browser."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import throttle_actions as throttle
from app.people.rules import ACCOUNT_ANYWHERE, Throttle
from app.people.secret_actions import TooManyLinks
from tests.people.builders import OPERATOR, make_company

PHRASE = "violet tram under nine oaks"


def try_in(client: FlaskClient, address: str, phrase: str = PHRASE) -> int:
    sent = {"email": "ana@makegood.example", "phrase": phrase}
    return int(client.post("/sign-in", data=sent, environ_base={"REMOTE_ADDR": address}).status_code)


def test_guesses_from_everywhere_are_bounded_and_the_owners_browser_still_gets_in(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (ACCOUNT_ANYWHERE.failures_max, ACCOUNT_ANYWHERE.window) == (100, timedelta(days=1))
    monkeypatch.setattr(throttle, "ACCOUNT_ANYWHERE", Throttle(6, timedelta(days=1)))
    company = make_company(second_site=False)
    people.set_pass_phrase(employee_id=company.ana.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    own, stranger = app.test_client(), app.test_client()
    assert try_in(own, "203.0.113.1") == 303
    own.post("/sign-out")
    answers = [try_in(stranger, f"198.51.100.{turn}", "guess number one of many") for turn in range(8)]
    assert answers == [422] * 6 + [429] * 2
    assert try_in(stranger, "198.51.100.99") == 429, "the right one too, from a browser that nobody knows"
    assert try_in(own, "203.0.113.1") == 303
    assert try_in(stranger, "198.51.100.98", "guess number one of many") == 422, "the owner came in: counted anew"


def test_a_neighbour_at_the_same_address_locks_nobody_out_of_their_own_browser(app: Flask) -> None:
    company = make_company(second_site=False)
    people.set_pass_phrase(employee_id=company.ana.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    own, neighbour, office = app.test_client(), app.test_client(), "203.0.113.1"
    assert try_in(own, office) == 303
    own.post("/sign-out")
    assert [try_in(neighbour, office, "guess number one of many") for _turn in range(6)] == [422] * 5 + [429]
    assert try_in(own, office) == 303
    own.post("/sign-out")
    assert try_in(neighbour, office) == 429, "the owner coming in frees nobody else"
    assert [try_in(own, office, "guess number one of many") for _turn in range(6)] == [422] * 5 + [429]
    assert try_in(own, "203.0.113.2") == 429, "whoever took that browser away guesses no more elsewhere"


def test_one_person_gets_five_links_a_day(app: Flask) -> None:
    company = make_company(second_site=False)
    now = utc_now()
    with time_machine.travel(now, tick=False):
        for _turn in range(5):
            people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
        with pytest.raises(TooManyLinks):
            people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now + timedelta(hours=23))
        people.make_link(employee_id=company.bo.id, actor=company.ada.actor, now=now)
        people.make_link(employee_id=company.ana.id, actor=OPERATOR, now=now)
        people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now + timedelta(days=2))
    db.session.rollback()
