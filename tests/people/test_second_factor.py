"""The second factor through HTTP: adding, signing in, replay, recovery, step-up, removal, throttles, and who is told."""

import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people import actions as people
from app.people import factor_actions as factors
from app.people.models import SecondFactor, SignInSession
from tests.conftest import _forget_the_last_request, settings_for
from tests.people.builders import OPERATOR, Company, make_company, sign_in
from tests.people.factoring import Authenticator, codes_of, give_factor, sign_in_proved

PHRASE = "violet tram under nine oaks"


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company(second_site=False)
    people.set_pass_phrase(employee_id=made.ana.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    return made


def type_phrase(client: FlaskClient, **more: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in", data={"email": "ana@makegood.example", "phrase": PHRASE, **more})


def type_code(client: FlaskClient, code: str):  # type: ignore[no-untyped-def]
    return client.post("/sign-in/code", data={"proof_code": code})


def told(employee_id: int) -> list[str]:
    rows = db.session.query(Notification).filter_by(employee_id=employee_id).order_by(Notification.id)
    return [row.text_key for row in rows]


def entries(kind: str) -> int:
    return int(db.session.query(AuditEntry).filter_by(type=kind).count())


def test_adding_shows_the_codes_once_ends_other_browsers_and_seals_the_secret(app: Flask, company: Company) -> None:
    here, elsewhere = app.test_client(), app.test_client()
    type_phrase(here)
    type_phrase(elsewhere)
    page = here.get("/me/second-factor").text
    sealed = re.search(r'name="proof_sealed"[^>]*value="([^"]+)"', page)
    secret = re.search(r'enrol__secret">([A-Z2-7 ]+)<', page)
    assert sealed and secret and "data:image/svg+xml" in page
    phone = Authenticator(secret[1].replace(" ", ""))
    sent = {"proof_sealed": sealed[1], "proof_code": "000000", "proof_phrase": PHRASE}
    wrong = here.post("/me/second-factor", data=sent)
    assert wrong.status_code == 422 and secret[1] in wrong.text
    assert here.post("/me/second-factor", data={**sent, "proof_phrase": "no"}).status_code == 422
    assert db.session.query(SecondFactor).count() == 0
    sent["proof_code"] = phone.code(utc_now())
    answer = here.post("/me/second-factor", data=sent)
    assert answer.status_code == 201 and "no-store" in answer.headers["Cache-Control"]
    assert len(re.findall(r"<code[^>]*>[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}</code>", answer.text)) == 10
    assert here.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 303
    kept = db.session.execute(text("SELECT secret FROM second_factor")).scalar_one()
    assert phone.secret not in kept
    assert here.post("/me/second-factor", data={**sent, "proof_code": phone.code(utc_now())}).status_code == 409
    assert told(company.ana.id) == ["security:new-device", "security:factor-added"]
    assert entries("person:factor-add") == 1


def test_nobody_is_signed_in_between_the_phrase_and_the_code(app: Flask, company: Company) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    client = app.test_client()
    with time_machine.travel(now, tick=False) as clock:
        half = type_phrase(client, next="/cases")
        assert (half.status_code, half.headers["Location"]) == (303, "/sign-in/code")
        assert client.get("/me").status_code == 303
        assert "authenticator app" in client.get("/sign-in/code").text
        assert type_code(client, "000000").status_code == 422
        done = type_code(client, phone.code(now))
        assert (done.status_code, done.headers["Location"]) == (303, "/cases")
        assert client.get("/me").status_code == 200
        late = app.test_client()
        type_phrase(late)
        clock.shift(timedelta(minutes=5))
        assert type_code(late, phone.code(utc_now())).headers["Location"] == "/sign-in"
    assert type_code(app.test_client(), phone.code(utc_now())).headers["Location"] == "/sign-in"


def test_a_phrase_changed_meanwhile_ends_the_half_sign_in_and_a_reset_keeps_the_factor(
    app: Flask, company: Company
) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    client = app.test_client()
    type_phrase(client)
    token, _until = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
    other = app.test_client()
    answer = other.post(f"/welcome/{token}", data={"phrase": "a wholly other phrase here"})
    assert answer.headers["Location"] == "/sign-in/code"
    assert other.get("/me").status_code == 303
    assert type_code(client, phone.code(utc_now())).headers["Location"] == "/sign-in"
    assert type_code(other, phone.code(utc_now())).headers["Location"] == "/"


def test_a_code_opens_once_also_on_another_browser_and_an_older_one_never(app: Flask, company: Company) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    with time_machine.travel(now, tick=False) as clock:
        first, second = app.test_client(), app.test_client()
        type_phrase(first)
        type_phrase(second)
        assert type_code(first, phone.code(now)).status_code == 303
        again = type_code(second, phone.code(now))
        assert again.status_code == 422 and "used already" in again.text
        assert "used already" in type_code(second, phone.code(now, -1)).text
        clock.shift(timedelta(seconds=30))
        assert type_code(second, phone.code(utc_now())).status_code == 303
    assert entries("session:prove") == 2
    assert entries("session:prove-fail") == 2


def test_of_two_who_type_the_same_code_at_once_one_gets_in(app: Flask, company: Company) -> None:
    """The guard stands in the statement: both have checked the code before either has used it up."""
    now = utc_now()
    phone = give_factor(company.ana, now)
    code, answers = phone.code(now), []
    ready = threading.Barrier(2)
    db.session.rollback()

    def attempt() -> None:
        with app.app_context():
            ready.wait()
            try:
                factors._use_code(company.ana.id, code, "sign-in", company.ana.actor, now)
                answers.append("in")
            except factors.CodeUsed:
                answers.append("used")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == ["in", "used"]


def test_wrong_codes_are_throttled_wherever_they_come_from_and_recovery_stays_open(
    app: Flask, company: Company
) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now, with_codes=True)
    with time_machine.travel(now, tick=False) as clock:
        statuses = []
        for place in range(6):
            client = app.test_client()
            type_phrase(client)
            client.environ_base["REMOTE_ADDR"] = f"10.0.0.{place}"
            statuses.append(type_code(client, "000000").status_code)
        assert statuses == [422] * 5 + [429]
        assert type_code(client, phone.code(now)).status_code == 429
        assert told(company.ana.id) == ["security:codes-guessed"]
        assert type_code(client, phone.codes[0].lower().replace("-", " ")).status_code == 303
        assert codes_of(company.ana) == 9
        assert told(company.ana.id)[-1] == "security:code-used"
        clock.shift(timedelta(minutes=5))
        other = app.test_client()
        type_phrase(other)
        assert type_code(other, phone.codes[0]).status_code == 422
        assert type_code(other, phone.code(utc_now())).status_code == 303


def test_a_session_without_a_proof_is_no_session_for_who_has_a_factor(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    assert client.get("/me").status_code == 200
    give_factor(company.ana, utc_now())
    assert client.get("/me").status_code == 303


def test_step_up_keeps_what_was_typed_and_gives_the_session_a_new_token(app: Flask, company: Company) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    client = sign_in_proved(app.test_client(), company.ana, now=now)
    with time_machine.travel(now + timedelta(minutes=4, seconds=59), tick=False) as clock:
        assert client.post("/me/tokens", data={"name": "night export"}).status_code == 201
        clock.shift(timedelta(seconds=1))
        asked = client.post("/me/tokens", data={"name": "day <export>"})
        assert asked.status_code == 403
        assert 'name="name" value="day &lt;export&gt;"' in asked.text
        assert 'name="language"' not in asked.text, "choosing a language here would leave what was typed behind"
        sent = {"proof_next": "/me/tokens", "proof_resent": "yes", "name": "day <export>"}
        wrong = client.post("/me/proof", data={**sent, "proof_code": "1"})
        assert wrong.status_code == 422 and "day &lt;export&gt;" in wrong.text
        before = {row.token_hash for row in db.session.query(SignInSession)}
        db.session.rollback()
        right = client.post("/me/proof", data={**sent, "proof_code": phone.code(utc_now())})
        assert (right.status_code, right.headers["Location"]) == (307, "/me/tokens")
        assert {row.token_hash for row in db.session.query(SignInSession)} != before
        assert client.post("/me/tokens", data={"name": "day <export>"}).status_code == 201


def test_adding_somebody_asks_for_a_proof_before_it_shows_a_link(app: Flask, company: Company) -> None:
    now = utc_now()
    give_factor(company.ada, now)
    sent = {"name": "Zoe Adams", "email": "zoe@makegood.example", "role": "admin", "site_id": company.quayside.id}
    for minutes, status in ((6, 403), (1, 201)):
        admin = sign_in_proved(app.test_client(), company.ada, now=now - timedelta(minutes=minutes))
        answer = admin.post("/people", data=sent)
        assert answer.status_code == status and ("/welcome/" in answer.text) is (status == 201)


def test_a_link_can_neither_send_a_deed_nor_lead_away(app: Flask, company: Company) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    client = sign_in_proved(app.test_client(), company.ana, now=now)
    page = client.get("/me/proof?proof_next=/me/second-factor/removal&proof_resent=yes&x=1").text
    assert 'name="proof_resent"' not in page
    answer = client.post("/me/proof", data={"proof_next": "//evil.example", "proof_code": phone.code(utc_now())})
    assert answer.headers["Location"] == "/"


def test_a_factor_is_removed_by_its_owner_after_a_proof_or_by_an_administrator(app: Flask, company: Company) -> None:
    now = utc_now()
    give_factor(company.ana, now, with_codes=True)
    client = sign_in_proved(app.test_client(), company.ana, now=now - timedelta(minutes=5))
    assert client.post("/me/second-factor/removal").status_code == 403
    admin = sign_in(app.test_client(), company.ada)
    assert "Take the second factor away" in admin.get(f"/people/{company.ana.ref}").text
    assert admin.post(f"/people/{company.ana.ref}/second-factor/removal").status_code == 303
    assert db.session.query(SecondFactor).count() == 0 and codes_of(company.ana) == 0
    assert client.get("/me").status_code == 303
    assert told(company.ana.id) == ["security:factor-removed"]
    assert admin.post(f"/people/{company.ana.ref}/second-factor/removal").status_code == 409
    bo = sign_in(app.test_client(), company.bo)
    assert bo.post(f"/people/{company.ana.ref}/second-factor/removal").status_code == 403


def test_new_recovery_codes_end_the_old_ones(app: Flask, company: Company) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now, with_codes=True)
    client = sign_in_proved(app.test_client(), company.ana, now=now)
    page = client.post("/me/second-factor/recovery-codes")
    assert page.status_code == 201 and codes_of(company.ana) == 10
    assert phone.codes[0] not in page.text
    other = app.test_client()
    type_phrase(other)
    assert type_code(other, phone.codes[0]).status_code == 422


def test_a_new_browser_is_told_of_and_a_known_one_is_not(app: Flask, company: Company) -> None:
    known = app.test_client()
    type_phrase(known)
    known.post("/sign-out")
    type_phrase(known)
    assert told(company.ana.id) == []
    type_phrase(app.test_client())
    assert told(company.ana.id) == ["security:new-device"]


def test_the_earlier_session_of_a_browser_ends_with_the_phrase_and_not_only_with_the_code(
    app: Flask, company: Company
) -> None:
    """Its cookie may have been copied: it opens nothing once somebody signs in anew in that browser."""
    give_factor(company.ana, utc_now())
    here, copied = sign_in_proved(app.test_client(), company.ana, now=utc_now()), app.test_client()
    cookie = here.get_cookie("makegood")
    assert cookie is not None
    copied.set_cookie("makegood", cookie.value)
    assert copied.get("/cases").status_code == 200
    type_phrase(here)
    assert copied.get("/cases").headers["Location"].startswith("/sign-in")


def test_all_other_browsers_can_be_signed_out_at_once(app: Flask, company: Company) -> None:
    here, there = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.ana)
    bo = sign_in(app.test_client(), company.bo)
    assert "Sign out everywhere else" in here.get("/me").text
    assert here.post("/me/sessions/ends").status_code == 303
    assert (here.get("/me").status_code, there.get("/me").status_code, bo.get("/me").status_code) == (200, 303, 200)


def test_who_must_have_a_factor_sees_nothing_before_it_is_added(
    app: Flask, company: Company, tmp_path: Path, database_url: str
) -> None:
    settings = settings_for(database_url, tmp_path, MAKEGOOD_SECOND_FACTOR="supervisor,manager")
    strict = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    strict.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    with strict.app_context():
        sam, ana = sign_in(strict.test_client(), company.sam), sign_in(strict.test_client(), company.ana)
        for client, url, status in ((sam, "/cases", 303), (sam, "/me", 303), (ana, "/cases", 200)):
            assert client.get(url).status_code == status, url
        assert sam.get("/cases").headers["Location"] == "/me/second-factor?proof_next=/cases"
        assert sam.post("/me/tokens", data={"name": "way round"}).status_code == 303
        assert sam.get("/me/second-factor").status_code == 200
        give_factor(company.sam, utc_now())
        assert sign_in_proved(strict.test_client(), company.sam, now=utc_now()).get("/cases").status_code == 200
        db.session.remove()
        db.engine.dispose()


def test_a_secret_sealed_under_a_retired_key_still_counts_and_is_sealed_anew(
    app: Flask, company: Company, tmp_path: Path, database_url: str
) -> None:
    now = utc_now()
    phone = give_factor(company.ana, now)
    before = db.session.execute(text("SELECT secret FROM second_factor")).scalar_one()
    old = app.extensions["makegood_settings"].secret_key
    db.session.rollback()
    for fallbacks, is_read in (("", False), (old, True)):
        settings = settings_for(database_url, tmp_path, SECRET_KEY="k" * 40, SECRET_KEY_FALLBACKS=fallbacks)
        with create_app(settings, TESTING=True).app_context():
            try:
                found = factors.prove(
                    employee_id=company.ana.id, code=phone.code(now), why="sign-in", actor=company.ana.actor, now=now
                )
                assert is_read and found.way == "code"
            except factors.FactorUnreadable:
                assert not is_read
            after = db.session.execute(text("SELECT secret FROM second_factor")).scalar_one()
            assert (after != before) == is_read
            db.session.remove()
            db.engine.dispose()
