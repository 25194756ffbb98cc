"""Sign-in, sessions that end, throttles, CSRF and the way back, through HTTP."""

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import actions as people
from app.people import queries
from app.people.models import SignInSession, SignInThrottle
from tests.conftest import settings_for
from tests.people.builders import OPERATOR, Company, make_company, sign_in

PHRASE = "violet tram under nine oaks"


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company(second_site=False)
    people.set_pass_phrase(employee_id=made.ada.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    return made


def try_in(client: FlaskClient, phrase: str = PHRASE, email: str = "ada@makegood.example", **more: str):  # type: ignore[no-untyped-def]
    address = more.pop("address", "127.0.0.1")
    return client.post(
        "/sign-in", data={"email": email, "phrase": phrase, **more}, environ_base={"REMOTE_ADDR": address}
    )


def test_the_right_pass_phrase_opens_a_session_and_leads_back(app: Flask, company: Company) -> None:
    client = app.test_client()
    asked = client.get("/people?term=ana")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/sign-in?next=/people?term%3Dana"
    answer = try_in(client, next="/people?term=ana")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people?term=ana")
    assert "Ana Ruiz" in client.get("/people?term=ana").text


def test_the_way_back_ignores_other_sites(app: Flask, company: Company) -> None:
    assert try_in(app.test_client(), next="//evil.example/x").headers["Location"] == "/"


def test_a_wrong_phrase_an_unknown_a_new_and_a_former_person_get_the_same_answer(app: Flask, company: Company) -> None:
    people.set_pass_phrase(employee_id=company.bo.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    people.deactivate(employee_id=company.bo.id, actor=OPERATOR, now=utc_now())
    bodies = set()
    for email, phrase in (
        ("ada@makegood.example", "wrong wrong wrong"),
        ("zzz@makegood.example", PHRASE),
        ("ana@makegood.example", PHRASE),
        ("bo@makegood.example", PHRASE),
    ):
        answer = try_in(app.test_client(), phrase, email)
        assert answer.status_code == 422
        bodies.add(re.sub(r'(content|value)="[^"]{40,}"', "", answer.text.replace(email, "EMAIL")))
    assert len(bodies) == 1


def test_the_typed_address_is_kept_and_the_phrase_is_not(app: Flask, company: Company) -> None:
    answer = try_in(app.test_client(), "wrong wrong wrong")
    assert "ada@makegood.example" in answer.text
    assert "wrong wrong wrong" not in answer.text


def test_five_failures_throttle_this_address_and_lock_nobody_out_elsewhere(app: Flask, company: Company) -> None:
    client = app.test_client()
    assert [try_in(client, "wrong wrong wrong").status_code for _ in range(6)] == [422] * 5 + [429]
    throttled = try_in(client)
    assert throttled.status_code == 429
    assert 0 < int(throttled.headers["Retry-After"]) <= 901
    assert try_in(app.test_client(), address="10.9.9.9").status_code == 303


def test_a_throttle_ends_after_its_window(app: Flask, company: Company) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(6):
            try_in(app.test_client(), "wrong wrong wrong")
        clock.shift(timedelta(minutes=14, seconds=59))
        assert try_in(app.test_client()).status_code == 429
        clock.shift(timedelta(seconds=1))
        assert try_in(app.test_client()).status_code == 303


def test_one_address_may_not_try_many_accounts(app: Flask, company: Company) -> None:
    answers = [try_in(app.test_client(), "wrong", f"p{index}@x.example").status_code for index in range(61)]
    assert answers == [422] * 60 + [429]


def test_a_success_forgives_earlier_failures_of_the_account(app: Flask, company: Company) -> None:
    for _ in range(4):
        try_in(app.test_client(), "wrong wrong wrong")
    assert try_in(app.test_client()).status_code == 303
    assert [try_in(app.test_client(), "wrong wrong wrong").status_code for _ in range(5)] == [422] * 5
    assert db.session.query(SignInThrottle).count() == 3  # the account here, the address, the account anywhere


def test_the_session_ends_after_idle_time_and_after_its_absolute_time(app: Flask, company: Company) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        client = app.test_client()
        try_in(client)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert client.get("/me").status_code == 200
        clock.shift(timedelta(minutes=30))
        assert client.get("/me").status_code == 303
        try_in(client)
        for _ in range(19):
            clock.shift(timedelta(minutes=25))
            assert client.get("/me").status_code == 200
        clock.shift(timedelta(minutes=5))
        assert client.get("/me").status_code == 303


def test_sign_in_always_gives_a_new_token_and_ends_the_one_before(app: Flask, company: Company) -> None:
    client = app.test_client()
    try_in(client)
    with client.session_transaction() as cookie:
        first = cookie["_user_id"]
    try_in(client)
    with client.session_transaction() as cookie:
        assert cookie["_user_id"] != first
    assert db.session.query(SignInSession).filter(SignInSession.ended_at.is_(None)).count() == 1
    assert db.session.query(SignInSession).filter(SignInSession.token_hash == first).count() == 0


def test_signing_out_ends_the_session_also_for_a_copied_cookie(app: Flask, company: Company) -> None:
    client, thief = app.test_client(), app.test_client()
    try_in(client)
    with client.session_transaction() as cookie, thief.session_transaction() as copied:
        copied.update(cookie)
    assert thief.get("/me").status_code == 200
    answer = client.post("/sign-out")
    assert answer.headers["Clear-Site-Data"]
    assert client.get("/me").status_code == 303
    assert thief.get("/me").status_code == 303
    assert client.post("/sign-out").status_code == 303


def test_an_expired_session_sends_a_fragment_request_to_sign_in_as_a_whole(app: Flask, company: Company) -> None:
    answer = app.test_client().get(
        "/people", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/people?role=hr"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/people?role%3Dhr"


def test_a_cookie_never_signs_in_to_the_api(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    with client, app.test_request_context("/api/v1/cases"):
        from app.people.access import is_signed_in

        assert not is_signed_in()


def test_a_token_signs_in_until_it_is_revoked_or_its_owner_leaves(app: Flask, company: Company) -> None:
    from app.people.sign_in import owner_of

    now = utc_now()
    secret, token = people.make_token(name="export", actor=company.ana.actor, now=now)
    token_id = token.id
    owner = owner_of(secret, now)
    assert owner is not None
    assert owner.person.id == company.ana.id
    assert owner_of(secret, now + timedelta(days=366)) is None
    people.revoke_token(token_id=token_id, actor=company.ana.actor, now=now)
    assert owner_of(secret, now) is None
    other, _ = people.make_token(name="export", actor=company.bo.actor, now=now)
    people.deactivate(employee_id=company.bo.id, actor=company.ada.actor, now=now)
    assert owner_of(other, now) is None


@pytest.fixture
def guarded(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application that checks CSRF, as in production."""
    instance = create_app(settings_for(database_url, tmp_path), TESTING=True)
    with instance.app_context():
        make_company(second_site=False)
        db.session.remove()
    yield instance
    with instance.app_context():
        db.engine.dispose()


def test_a_change_without_a_csrf_token_is_refused(guarded: Flask) -> None:
    client = guarded.test_client()
    assert client.post("/sign-out").status_code == 400
    stale = client.post("/sign-in", data={"email": "ada@makegood.example", "phrase": PHRASE})
    assert (stale.status_code, stale.headers["Location"]) == (303, "/sign-in")
    page = client.get("/sign-in").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    sent = {"email": "zzz@makegood.example", "phrase": PHRASE, "csrf_token": token}
    assert client.post("/sign-in", data=sent).status_code == 422
    assert client.post("/sign-in", data=sent, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_wrong_host_is_not_answered_nor_repeated(app: Flask) -> None:
    answer = app.test_client().get("/sign-in", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_over_https_the_cookie_and_the_transport_are_bound_to_this_host(tmp_path: Path) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, MAKEGOOD_BASE_URL="https://localhost")
    answer = create_app(settings, TESTING=True).test_client().get("/sign-in", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-makegood=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


def test_a_refused_sign_in_is_logged_without_the_address_or_the_phrase(
    app: Flask, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    try_in(app.test_client(), "wrong wrong wrong")
    assert "sign-in refused: wrong-credentials" in caplog.text
    assert "ada@" not in caplog.text
    assert "wrong wrong wrong" not in caplog.text


def test_what_was_typed_when_the_session_was_over_is_carried_through_the_sign_in(guarded: Flask) -> None:
    """A form of ours that comes too late loses nothing, sends nothing by itself, and is shown to nobody else."""
    client, here = guarded.test_client(), {"Sec-Fetch-Site": "same-origin", "Referer": "http://localhost/coaching"}
    note = {"saw": "Listened first, <b>then</b> asked.", "whom": "1-2"}
    with guarded.app_context():
        for row in queries.active_people(("frontline",)):
            people.set_pass_phrase(employee_id=row.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    late = client.post("/coaching", data=note, headers=here)
    assert late.status_code == 401 and "kept, and you can send it then" in late.text
    assert 'action="/preferences"' not in late.text, "choosing a language here would leave the words behind"
    sent = {"typed": field(late.text, "typed"), "phrase": PHRASE}
    assert b"Listened" not in base64.b64decode(sent["typed"], validate=True), "nobody reads it in the page's source"
    wrong = {**sent, "email": "ana@makegood.example", "phrase": "never this one, no", "csrf_token": token(late.text)}
    assert field(client.post("/sign-in", data=wrong).text, "typed") == sent["typed"]
    shown = client.post("/sign-in", data={**sent, "email": "ana@makegood.example", "csrf_token": token(late.text)})
    assert shown.status_code == 200 and 'action="/coaching"' in shown.text and "/preferences" not in shown.text
    assert "Listened first, &lt;b&gt;then&lt;/b&gt; asked." in shown.text and field(shown.text, "whom") == "1-2"
    assert client.post("/coaching", data={**note, "csrf_token": token(shown.text)}).status_code == 422
    old = client.post("/coaching", data={**note, "csrf_token": "old"}, headers=here)
    assert old.status_code == 400 and field(old.text, "whom") == "1-2"
    assert client.post("/coaching", data={**note, "csrf_token": token(old.text)}).status_code == 422
    with guarded.app_context(), transaction():
        db.session.query(SignInSession).update({"seen_at": utc_now() - timedelta(days=1)})
    late = client.post("/coaching", data=note, headers=here)
    sent["typed"] = field(late.text, "typed")
    other = client.post("/sign-in", data={**sent, "email": "bo@makegood.example", "csrf_token": token(late.text)})
    assert other.status_code == 303, "it is not theirs"


def test_nothing_is_carried_that_another_site_sent_or_that_is_secret(guarded: Flask) -> None:
    client, words = guarded.test_client(), {"saw": "two words"}
    for headers in ({}, {"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost/"}, {"Referer": "http://evil.example/"}):  # fmt: skip
        assert client.post("/coaching", data=words, headers=headers).status_code == 303
    here = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/me/pass-phrase", data={"current": "my old phrase"}, headers=here).status_code == 303
    assert client.post("/coaching", data={"saw": "word", "whom": "1-2"}, headers=here).status_code == 303


def field(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def token(page: str) -> str:
    return page.split('name="csrf-token" content="')[1].split('"')[0]
