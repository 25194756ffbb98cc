"""Passkeys through HTTP: adding, signing in, step-up, removal; and every answer that must be refused."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry, AuditPayload
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people import actions as people
from app.people.models import Passkey, PasskeyChallenge, SignInSession
from app.people.passkey_rules import is_cloned, place_of
from tests.people.builders import OPERATOR, Company, make_company, sign_in
from tests.people.factoring import codes_of, give_factor, sign_in_proved
from tests.people.passkeying import Device

PHRASE = "violet tram under nine oaks"
HERE = "http://localhost"


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company(second_site=False)
    people.set_pass_phrase(employee_id=made.ana.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    return made


def post(client: FlaskClient, url: str, **data: Any) -> Any:
    return client.post(url, data=data, base_url=HERE)


def add_passkey(client: FlaskClient, device: Device, name: str = "work laptop") -> Any:
    said = post(client, "/me/passkeys/options", proof_own_phrase=PHRASE)
    assert said.status_code == 200, said.text
    return post(client, "/me/passkeys", proof_name=name, proof_own_phrase="", proof_answer=device.make(said.json))


def ask(client: FlaskClient) -> Any:
    return post(client, "/sign-in/passkey/options").json


def come_in(client: FlaskClient, answer: str) -> Any:
    return post(client, "/sign-in/passkey", proof_answer=answer)


def at_home(app: Flask, person: Any, **more: Any) -> FlaskClient:
    """A client whose cookies hold at localhost, where passkeys work."""
    client = app.test_client()
    sign_in(client, person, **more)
    return client


def refusals() -> list[str]:
    wanted = select(AuditPayload.payload).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
    rows = db.session.scalars(wanted.where(AuditEntry.type == "session:passkey-refuse").order_by(AuditEntry.id))
    return [" ".join(json.loads(row)[key] for key in ("why", "reason")) for row in rows if row]


def told(employee_id: int) -> list[str]:
    rows = db.session.query(Notification).filter_by(employee_id=employee_id).order_by(Notification.id)
    return [row.text_key for row in rows]


def test_a_passkey_is_added_with_codes_and_then_signs_in_alone(app: Flask, company: Company) -> None:
    here, elsewhere, device = at_home(app, company.ana), at_home(app, company.ana), Device()
    assert post(here, "/me/passkeys/options", proof_own_phrase="wrong").status_code == 422
    made = add_passkey(here, device)
    assert made.status_code == 201 and len(re.findall(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}", made.text)) == 10
    assert codes_of(company.ana) == 10 and db.session.query(Passkey).count() == 1
    assert here.get("/me", base_url=HERE).status_code == 200
    assert elsewhere.get("/me", base_url=HERE).status_code == 303

    visitor = app.test_client()
    assert come_in(visitor, device.answer(ask(visitor))).status_code == 303
    assert visitor.post("/me/tokens", data={"name": "export"}, base_url=HERE).status_code == 201, "it counts as two"
    assert db.session.query(Passkey).one().sign_count == 1
    assert told(company.ana.id)[:1] == ["security:passkey-added"]

    post(here, "/me/passkeys/options")
    second = Device()
    assert add_passkey(here, second, "phone").status_code == 303
    assert codes_of(company.ana) == 10
    assert second.handle == device.handle and "ana" not in second.handle


def test_a_pass_phrase_alone_lets_nobody_in_who_has_a_passkey(app: Flask, company: Company) -> None:
    device = Device()
    add_passkey(at_home(app, company.ana), device)
    client = app.test_client()
    answer = post(client, "/sign-in", email="ana@makegood.example", phrase=PHRASE)
    assert answer.headers["Location"].endswith("/sign-in/code")
    assert "Use your passkey" in client.get("/sign-in/code", base_url=HERE).text
    options = ask(client)
    assert [one["id"] for one in options["allowCredentials"]] == [json.loads(device.answer(options))["id"]]
    assert come_in(client, device.answer(options)).headers["Location"] == "/"


def test_it_steps_up_and_goes_on_with_what_was_typed(app: Flask, company: Company) -> None:
    device, now = Device(), utc_now()
    with time_machine.travel(now - timedelta(minutes=20), tick=False):
        client = at_home(app, company.ana)
        add_passkey(client, device)
    with time_machine.travel(now, tick=False):
        asked = post(client, "/me/tokens", name="night export")
        assert asked.status_code == 403 and "/me/proof/passkey" in asked.text
        answer = device.answer(post(client, "/me/proof/passkey/options").json)
        sent = {"proof_next": "/me/tokens", "proof_resent": "yes", "name": "night export"}
        right = post(client, "/me/proof/passkey", proof_answer=answer, **sent)
        assert (right.status_code, right.headers["Location"]) == (307, "/me/tokens")
        assert post(client, "/me/tokens", name="night export").status_code == 201


def _lie(device: Device, options: Any, how: str) -> str:
    if how == "origin":
        device.origin = "https://evil.example"
    elif how == "rp":
        device.rp_id = "evil.example"
    elif how == "unverified":
        device.verifies = False
    elif how == "counter":
        return device.answer(options, counts=False)
    elif how == "signature":
        device.key = Device().key
    elif how == "stranger":
        device.handle = Device(handle="x" * 43).handle
    return device.answer(options)


def test_a_wrong_answer_writes_an_entry_and_nothing_else(app: Flask, company: Company) -> None:
    device, visitor = Device(), app.test_client()
    add_passkey(at_home(app, company.ana), device)
    assert come_in(visitor, device.answer(ask(visitor))).status_code == 303
    lies = ("origin", "rp", "unverified", "signature", "stranger", "counter")
    for how in lies:
        before = (db.session.query(SignInSession).count(), db.session.query(AuditEntry).count())
        db.session.rollback()
        visitor, liar = app.test_client(), replace(device)
        assert come_in(visitor, _lie(liar, ask(visitor), how)).status_code == 422, how
        after = (db.session.query(SignInSession).count(), db.session.query(AuditEntry).count())
        assert after == (before[0], before[1] + 1), how
        assert visitor.get("/me", base_url=HERE).status_code == 303
    assert refusals() == [f"sign-in {how}" for how in lies]
    assert db.session.query(Passkey).one().sign_count == 1
    assert told(company.ana.id).count("security:passkey-copied") == 1


def test_a_question_is_good_once_in_its_own_browser_and_for_five_minutes(app: Flask, company: Company) -> None:
    device, now = Device(), utc_now()
    add_passkey(at_home(app, company.ana), device)
    with time_machine.travel(now, tick=False) as clock:
        one, other = app.test_client(), app.test_client()
        ask(other)
        answer = device.answer(ask(one))
        assert come_in(other, answer).status_code == 422
        assert come_in(one, answer).status_code == 303
        assert come_in(other, answer).status_code == 422
        again = app.test_client()
        late = device.answer(ask(again))
        clock.shift(timedelta(minutes=5))
        assert come_in(again, late).status_code == 422
    assert refusals() == ["sign-in challenge"] * 3
    assert db.session.query(PasskeyChallenge).count() <= 1, "what was asked is swept away"


def test_somebody_elses_passkey_proves_nothing(app: Flask, company: Company) -> None:
    theirs, own = Device(), Device()
    add_passkey(at_home(app, company.ana), theirs)
    give_factor(company.bo, utc_now())
    bo = app.test_client()
    sign_in_proved(bo, company.bo, now=utc_now())
    assert add_passkey(bo, own).status_code == 303
    options = post(bo, "/me/proof/passkey/options").json
    assert post(bo, "/me/proof/passkey", proof_answer=theirs.answer(options)).status_code == 422
    assert refusals() == ["step-up stranger"]
    key_id = db.session.query(Passkey).filter_by(employee_id=company.ana.id).one().id
    assert post(bo, f"/me/passkeys/{key_id}/removal").status_code == 404
    half = app.test_client()
    post(half, "/sign-in", email="ana@makegood.example", phrase=PHRASE)
    own.handle = ""
    assert come_in(half, own.answer(ask(half))).status_code == 422
    assert refusals() == ["step-up stranger", "sign-in stranger"]


def test_junk_is_refused_and_names_nobody(app: Flask, company: Company) -> None:
    client, ana = app.test_client(), at_home(app, company.ana)
    ask(client)
    junk = ("", "null", "[]", "{}", '{"id":"a","rawId":"a","type":"public-key","response":{}}', "x" * 30_000)
    for answer in junk:
        assert come_in(client, answer).status_code == 422
        assert post(ana, "/me/passkeys", proof_name="x1", proof_answer=answer).status_code == 422
    assert refusals() == ["register unreadable"] * len(junk)


def test_the_last_factor_of_a_role_that_must_have_one_stays(app: Flask, company: Company) -> None:
    settings = app.extensions["makegood_settings"]
    client, device = at_home(app, company.ana), Device()
    add_passkey(client, device)
    key_id = db.session.query(Passkey).one().id
    db.session.rollback()
    object.__setattr__(settings, "second_factor_roles", ("frontline",))
    assert post(client, f"/me/passkeys/{key_id}/removal").status_code == 409
    assert "Remove</" not in client.get("/me/second-factor", base_url=HERE).text
    give_factor(company.ana, utc_now())
    assert post(client, f"/me/passkeys/{key_id}/removal").status_code == 303
    assert codes_of(company.ana) == 10 and told(company.ana.id)[-1] == "security:passkey-removed"
    assert post(client, "/me/second-factor/removal").status_code == 409
    object.__setattr__(settings, "second_factor_roles", ())
    assert post(client, "/me/second-factor/removal").status_code == 303
    assert codes_of(company.ana) == 0


def test_an_administrator_takes_passkeys_away_with_everything_else(app: Flask, company: Company) -> None:
    ana = at_home(app, company.ana)
    add_passkey(ana, Device())
    admin = sign_in(app.test_client(), company.ada)
    assert admin.post(f"/people/{company.ana.ref}/second-factor/removal").status_code == 303
    assert db.session.query(Passkey).count() == 0 and codes_of(company.ana) == 0
    assert ana.get("/me", base_url=HERE).status_code == 303


def test_elsewhere_the_address_where_they_work_is_named(app: Flask, company: Company) -> None:
    client = app.test_client()
    refused = client.post("/sign-in/passkey/options", base_url="http://127.0.0.1")
    assert refused.status_code == 409 and HERE in refused.text
    assert HERE in client.get("/sign-in", base_url="http://127.0.0.1").text
    assert db.session.query(PasskeyChallenge).count() == 0


def test_passkeys_belong_to_the_configured_address() -> None:
    for url, rp_id, origin in (
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("https://makegood.example", "makegood.example", "https://makegood.example"),
        ("https://makegood.example:443", "makegood.example", "https://makegood.example"),
    ):
        place = place_of(url)
        assert place is not None and (place.rp_id, place.origin) == (rp_id, origin)
    assert place_of("https://192.0.2.7") is None


@pytest.mark.parametrize(
    ("kept", "shown", "cloned"), [(0, 0, False), (0, 1, False), (4, 5, False), (5, 5, True), (5, 0, True)]
)
def test_a_counter_that_does_not_move_on_is_a_copy(kept: int, shown: int, cloned: bool) -> None:
    assert is_cloned(kept, shown) is cloned
