"""Sign-in with the company's account: against a provider that others wrote, and against one that lies."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from oidc_provider_mock import run_server_in_thread

from app import create_app
from app.audit.models import AuditEntry, AuditPayload
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.people.models import SignInIdentity, SignInSession
from app.people.sso_rules import identity_of, mistake_of
from config import BadSetting
from tests.conftest import _forget_the_last_request, settings_for
from tests.people import builders
from tests.people.builders import OPERATOR, Company, make_company
from tests.people.factoring import Authenticator, give_factor
from tests.people.provider import (
    CLIENT,
    Provider,
    provider,
    settings_of,
    signed,
    signed_with_public_key,
    unsigned,
)  # fmt: skip

PHRASE = "violet tram under nine oaks"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provider() as idp:
        yield idp


@pytest.fixture
def idp(running: Provider) -> Provider:
    for name, value in vars(Provider(issuer=running.issuer)).items():
        setattr(running, name, value)
    return running


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company(second_site=False)


def trusting(app: Flask, tmp_path: Path, issuer: str, **more: str) -> Flask:
    """The same database, served by an application that trusts this provider."""
    url = app.extensions["makegood_settings"].database_url
    made = create_app(settings_for(url, tmp_path, **settings_of(issuer), **more), TESTING=True, WTF_CSRF_ENABLED=False)
    made.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    return made


def sign_in(client: FlaskClient, idp: Provider, **changes: str) -> Any:
    begun = client.get("/sign-in/company?next=/me")
    return client.get(idp.answer_to(begun.headers["Location"], **changes))


def is_in(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def refusals() -> list[str]:
    db.session.rollback()
    rows = (
        db.session.query(AuditPayload.payload)
        .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        .filter(AuditEntry.type == "session:refuse")
        .order_by(AuditEntry.id)
    )
    return [re.search(r'"why":"([^"]+)"', str(row.payload))[1] for row in rows]  # type: ignore[index]


def test_a_provider_that_others_wrote_lets_somebody_in_who_is_here_already(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    with run_server_in_thread(require_nonce=True) as server:
        issuer = f"http://localhost:{server.server_port}"
        requests.put(f"{issuer}/users/s-ana", json={"email": "Ana@makegood.example", "email_verified": True}, timeout=5)
        client = trusting(app, tmp_path, issuer).test_client()
        assert "Sign in with Quayside Hotels" in client.get("/sign-in?next=/cases").text
        begun = client.get("/sign-in/company?next=/me")
        asked = parse_qs(urlsplit(begun.headers["Location"]).query)
        assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
        agreed = requests.post(begun.headers["Location"], data={"sub": "s-ana"}, allow_redirects=False, timeout=5)
        back = urlsplit(agreed.headers["Location"])
        answer = client.get(f"{back.path}?{back.query}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
        assert "the company" in client.get("/me").text
        again = client.get(f"{back.path}?{back.query}")
        assert again.status_code == 400
        stranger = client.application.test_client()
        begun = stranger.get("/sign-in/company")
        agreed = requests.post(begun.headers["Location"], data={"sub": "nobody@here"}, allow_redirects=False, timeout=5)
        back = urlsplit(agreed.headers["Location"])
        assert "Nobody here has this account" in stranger.get(f"{back.path}?{back.query}").text
        assert not is_in(stranger)
    db.session.rollback()
    [session] = db.session.query(SignInSession)
    assert (session.employee_id, session.way) == (company.ana.id, "company")
    [identity] = db.session.query(SignInIdentity)
    assert (identity.subject, identity.way) == ("s-ana", "email")
    assert refusals() == ["state", "unknown"]


LIES: list[tuple[str, dict[str, Any]]] = [
    ("nonce", {"claims": {"nonce": "another"}}),
    ("nonce", {"claims": {"nonce": None}}),
    ("audience", {"claims": {"aud": "another"}}),
    ("audience", {"claims": {"aud": [CLIENT, "another"]}}),
    ("audience", {"claims": {"aud": [CLIENT, "another"], "azp": "another"}}),
    ("issuer", {"claims": {"iss": "https://evil.example"}}),
    ("expired", {"claims": {"exp": int(time.time()) - 3600}}),
    ("expired", {"claims": {"iat": int(time.time()) - 3600}}),
    ("expired", {"claims": {"exp": "never"}}),
    ("subject", {"claims": {"sub": 7}}),
    ("key", {"sign": lambda claims: signed(claims, kid="unknown")}),
    ("algorithm", {"sign": unsigned}),
    ("algorithm", {"sign": signed_with_public_key}),
    ("signature", {"sign": lambda claims: signed(claims)[:-8] + "AAAAAAAA"}),
    ("signature", {"sign": lambda _claims: "no.token"}),
    ("unverified", {"claims": {"email_verified": "true"}}),
    ("unverified", {"claims": {"email_verified": None}}),
    ("unknown", {"claims": {"email": "ana@makegood.example.evil.example"}}),
    ("unknown", {"claims": {"email": None}}),
    ("code", {"token_status": 400}),
]


def test_every_lie_is_refused_with_a_plain_page_and_an_entry(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    served = trusting(app, tmp_path, idp.issuer)
    got: list[str] = []
    for why, lie in LIES:
        for name, value in {**vars(Provider(issuer=idp.issuer)), **lie}.items():
            setattr(idp, name, value)
        client = served.test_client()
        client.environ_base["REMOTE_ADDR"] = f"10.0.0.{len(got)}"
        answer = sign_in(client, idp)
        assert answer.status_code == 403 and "Not signed in" in answer.text, why
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not is_in(client), why
        got.append(why)
    assert refusals() == got
    assert db.session.query(SignInSession).count() == 0
    assert db.session.query(SignInIdentity).count() == 0


def test_an_answer_counts_once_in_the_browser_that_began_it(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    served = trusting(app, tmp_path, idp.issuer)
    ana, thief = served.test_client(), served.test_client()
    begun = ana.get("/sign-in/company")
    thief.get("/sign-in/company")
    path = idp.answer_to(begun.headers["Location"])
    assert thief.get(path).status_code == 400 and not is_in(thief)
    kept = ana.get_cookie("makegood")
    assert ana.get(path).status_code == 303 and is_in(ana)
    assert kept is not None
    replay = served.test_client()
    replay.set_cookie("makegood", kept.value, domain="localhost")
    assert "answered already" in replay.get(path).text and not is_in(replay)
    assert served.test_client().get("/sign-in/company/answer?code=c&state=s").status_code == 400
    assert ana.get("/sign-in/company/answer?error=access_denied").status_code == 400
    assert refusals() == ["state", "replayed", "state", "state"]
    assert len(idp.redeemed) == 1 and len(idp.redeemed[0]["code_verifier"]) >= 43


def test_a_provider_that_can_not_be_asked_leaves_the_other_ways(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    broken: list[dict[str, Any]] = [
        {"padding": 100_000},
        {"document": {"issuer": "https://evil.example"}},
        {"document": {"authorization_endpoint": "javascript:alert(1)"}},
    ]
    for trouble in broken:
        for name, value in {**vars(Provider(issuer=idp.issuer)), **trouble}.items():
            setattr(idp, name, value)
        answer = trusting(app, tmp_path, idp.issuer).test_client().get("/sign-in/company")
        assert answer.status_code == 503 and "sign in another way" in answer.text, trouble
    # What it names may lead nowhere else: neither inside a network nor on by a redirect.
    for lie in ({"document": {"token_endpoint": "http://169.254.169.254/token"}}, {"token_status": 302}):
        for name, value in {**vars(Provider(issuer=idp.issuer)), **lie}.items():
            setattr(idp, name, value)
        client = trusting(app, tmp_path, idp.issuer).test_client()
        answer = sign_in(client, idp)
        assert answer.status_code in (403, 503) and not is_in(client), lie


def test_new_keys_are_asked_for_once(app: Flask, company: Company, tmp_path: Path, idp: Provider) -> None:
    served = trusting(app, tmp_path, idp.issuer)
    assert sign_in(served.test_client(), idp).status_code == 303
    idp.keys, idp.sign = ("k1", "k2"), lambda claims: signed(claims, kid="k2")
    assert sign_in(served.test_client(), idp).status_code == 303
    idp.sign = lambda claims: signed(claims, kid="k3")
    for _ in range(3):
        assert sign_in(served.test_client(), idp).status_code == 403
    assert idp.asked.count("/keys") == 2
    assert idp.asked.count("/.well-known/openid-configuration") == 1


def test_an_account_is_one_persons_and_a_leaver_has_none(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    served = trusting(app, tmp_path, idp.issuer)
    ana = served.test_client()
    assert sign_in(ana, idp).status_code == 303
    idp.claims = {"sub": "s-other"}
    assert "Somebody else" in sign_in(served.test_client(), idp).text
    # The subject stays bound, whatever the provider says of e-mail later.
    idp.claims = {"email": "sam@makegood.example"}
    again = served.test_client()
    sign_in(again, idp)
    assert "Ana Ruiz" in again.get("/me").text
    # An administrator takes a wrong account away; the next one is bound anew.
    ada = builders.sign_in(served.test_client(), company.ada)
    assert "company" in ada.get(f"/people/{company.ana.ref}").text
    assert ada.post(f"/people/{company.ana.ref}/company-account/removal").status_code == 303
    assert not is_in(ana)
    idp.claims = {"sub": "s-other"}
    assert sign_in(ana, idp).status_code == 303 and is_in(ana)
    people.deactivate(employee_id=company.ana.id, actor=OPERATOR, now=utc_now())
    assert not is_in(ana)
    assert "closed" in sign_in(ana, idp).text and not is_in(ana)
    assert refusals() == ["other", "closed"]


def test_only_a_second_factor_that_is_trusted_there_stands_for_the_own_one(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    give_factor(company.ana, utc_now())
    idp.claims = {"amr": ["pwd", "mfa"], "acr": "phr"}
    plain = trusting(app, tmp_path, idp.issuer).test_client()
    assert sign_in(plain, idp).headers["Location"] == "/sign-in/code" and not is_in(plain)
    trusted = trusting(app, tmp_path, idp.issuer, MAKEGOOD_OIDC_SECOND_FACTOR="mfa,hwk").test_client()
    assert sign_in(trusted, idp).headers["Location"] == "/me" and is_in(trusted)
    idp.claims = {"amr": ["pwd"]}
    less = trusting(app, tmp_path, idp.issuer, MAKEGOOD_OIDC_SECOND_FACTOR="mfa").test_client()
    assert sign_in(less, idp).headers["Location"] == "/sign-in/code"


def test_whoever_has_no_pass_phrase_adds_a_factor_of_their_own_right_after_coming_in(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    served = trusting(app, tmp_path, idp.issuer, MAKEGOOD_SECOND_FACTOR="everybody", MAKEGOOD_OIDC_SECOND_FACTOR="mfa")
    ana = served.test_client()
    with time_machine.travel(utc_now() - timedelta(minutes=11), tick=False):
        sign_in(ana, idp)
        assert ana.get("/me").headers["Location"].startswith("/me/second-factor")
    assert "within ten minutes" in add_factor(ana).text
    ana.post("/sign-out")
    sign_in(ana, idp)
    assert add_factor(ana).status_code == 201 and is_in(ana)
    # A factor that was proved there lets Bo look around; a sensitive deed, later, asks for one of their own.
    idp.claims = {"sub": "s-bo", "email": "bo@makegood.example", "amr": ["mfa"]}
    bo = served.test_client()
    sign_in(bo, idp)
    assert is_in(bo)
    with time_machine.travel(utc_now() + timedelta(minutes=6), tick=False):
        assert bo.post("/me/tokens", data={"name": "export"}).headers["Location"].startswith("/me/second-factor")


def add_factor(client: FlaskClient) -> Any:
    page = client.get("/me/second-factor").text
    assert "proof_phrase" not in page
    sealed = re.search(r'name="proof_sealed"[^>]*value="([^"]+)"', page)
    secret = re.search(r'enrol__secret">([A-Z2-7 ]+)<', page)
    assert sealed and secret
    code = Authenticator(secret[1].replace(" ", "")).code(utc_now())
    return client.post("/me/second-factor", data={"proof_sealed": sealed[1], "proof_code": code})


def test_where_the_company_alone_lets_in_only_administrators_keep_a_pass_phrase(
    app: Flask, company: Company, tmp_path: Path, idp: Provider
) -> None:
    for person in (company.ana, company.ada):
        people.set_pass_phrase(employee_id=person.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    served = trusting(app, tmp_path, idp.issuer, MAKEGOOD_OIDC_ONLY="yes")
    ana, ada = served.test_client(), served.test_client()
    assert 'name="phrase"' not in ana.get("/sign-in").text
    assert 'name="phrase"' in ana.get("/sign-in?way=pass-phrase").text
    typed = ana.post("/sign-in", data={"email": "ana@makegood.example", "phrase": PHRASE})
    assert typed.status_code == 422 and "its own sign-in only" in typed.text and not is_in(ana)
    assert ada.post("/sign-in", data={"email": "ada@makegood.example", "phrase": PHRASE}).status_code == 303
    assert sign_in(ana, idp).status_code == 303 and is_in(ana)


@pytest.mark.parametrize(
    "wrong",
    [
        {"MAKEGOOD_OIDC_ISSUER": "https://id.example"},
        {
            "MAKEGOOD_OIDC_ISSUER": "ftp://id.example",
            "MAKEGOOD_OIDC_CLIENT_ID": "m",
            "MAKEGOOD_OIDC_CLIENT_SECRET": "s" * 16,
        },
        {**settings_of("https://id.example"), "MAKEGOOD_OIDC_CLIENT_SECRET": "short and told"},
        {**settings_of("https://id.example?x=1")},
        {"MAKEGOOD_OIDC_ONLY": "yes"},
        {"MAKEGOOD_SCIM_ROLES": "boss"},
        {"MAKEGOOD_SCIM_ROLES": ","},
    ],
)
def test_settings_that_let_nobody_in_stop_the_start_and_tell_no_secret(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadSetting) as refusal:
        settings_for("sqlite:///x", tmp_path, **wrong)
    assert "told" not in str(refusal.value)


def test_production_asks_for_a_provider_behind_https(tmp_path: Path) -> None:
    plain = settings_of("http://id.example")
    made = settings_for("sqlite:///x", tmp_path, **plain)
    assert made.oidc_issuer == "http://id.example" and plain["MAKEGOOD_OIDC_CLIENT_SECRET"] not in repr(made)
    safe = {"MAKEGOOD_ENV": "production", "SECRET_KEY": "k" * 40, "MAKEGOOD_BASE_URL": "https://desk.example"}
    with pytest.raises(BadSetting, match="MAKEGOOD_OIDC_ISSUER"):
        settings_for("sqlite:///x", tmp_path, **plain, **safe)


def test_claims_hold_on_one_side_of_each_edge_only() -> None:
    good = {"iss": "i", "aud": "c", "sub": "s", "nonce": "n", "iat": 1000, "exp": 1300}
    at = {"issuer": "i", "client_id": "c", "nonce": "n"}
    assert mistake_of(good, **at, now_seconds=1359.9) is None
    assert mistake_of(good, **at, now_seconds=1360) == "expired"
    assert mistake_of({**good, "exp": 9_999}, **at, now_seconds=1600) is None
    assert mistake_of({**good, "exp": 9_999}, **at, now_seconds=1600.1) == "expired"
    assert mistake_of({**good, "iat": 1061}, **at, now_seconds=1000) == "expired"
    assert mistake_of({**good, "nbf": 1061}, **at, now_seconds=1000) == "expired"
    assert mistake_of({**good, "aud": ["c", "d"], "azp": "c"}, **at, now_seconds=1000) is None
    assert mistake_of({}, **at, now_seconds=1000) == "issuer"
    assert identity_of({"sub": "s", "amr": "mfa", "email": 7}, ("mfa",)).has_factor is False
