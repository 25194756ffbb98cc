"""A link opens one case by a button, nothing by being fetched, and nothing at all once it was replaced, guessed or over."""

import logging
import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit.models import AuditPayload
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.database import Base, db
from app.kernel.time import utc_now
from app.portal import link_actions as links
from app.portal.link_queries import url_of
from app.portal.models import CustomerLink, PortalThrottle
from app.portal.rules import GUESSES
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.portal.builders import path_of, visit

LINK_BUTTON = "Open my case"


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def snapshot() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    found = {
        name: sorted(map(tuple, db.session.execute(text(f'SELECT * FROM "{name}"'))), key=repr)
        for name in Base.metadata.tables
    }
    db.session.rollback()
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_scanners_that_fetch_every_link_twenty_times_change_nothing(app: Flask, company: Company) -> None:
    paths = [path_of(app, make_case(company.ana), company.ana) for _link in range(2)]
    before = snapshot()
    for path in paths:
        for _time in range(20):
            scanner = app.test_client()
            answer = scanner.get(path, headers={"User-Agent": "link scanner"})
            assert answer.status_code == 200 and LINK_BUTTON in answer.text
            assert scanner.head(path).status_code == 200
    assert snapshot() == before
    assert app.test_client().post(paths[0]).status_code == 303


def test_the_button_begins_a_visit_to_this_case_alone(app: Flask, company: Company) -> None:
    case, other = make_case(company.ana), make_case(company.ana, customer="Dora Klein", summary="Cold soup at dinner")
    hers = visit(app, case, company.ana)
    page = hers.get(f"/your-case/{case.ref}")
    assert page.status_code == 200 and "Air conditioning failed" in page.text
    assert "Cold soup" not in page.text
    for ref in (other.ref, "MG-999", "nothing"):
        assert hers.get(f"/your-case/{ref}").status_code == 404
        assert hers.post(f"/your-case/{ref}/messages", data={"text": "hello", "intent": "x" * 12}).status_code == 404
    cookie = hers.get_cookie(f"makegood-case-{case.id}")
    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    hers.set_cookie(f"makegood-case-{other.id}", cookie.value)
    assert hers.get(f"/your-case/{other.ref}").status_code == 404
    assert hers.get("/cases").status_code == 303, "a visit signs nobody in"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_opens_nothing_answers_like_what_was_never_there(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    replaced = path_of(app, case, company.ana)
    revoked = path_of(app, case, company.ana)
    assert app.test_client().get(replaced).status_code == 404
    links.revoke_link(case_id=case.id, actor=company.ana.actor, now=utc_now())
    guessed = f"{replaced.split('.')[0]}.{revoked.split('.')[1]}"  # what one says, under the other's signature
    answers = [app.test_client().get(path) for path in (replaced, revoked, guessed, "/c/no-such-thing", "/c/1.2.3.4")]
    answers += [app.test_client().post(path) for path in (replaced, revoked, guessed)]
    answers += [app.test_client().get(f"/your-case/{case.ref}"), app.test_client().get("/your-case/MG-999")]
    assert {answer.status_code for answer in answers} == {404}
    bare = {re.sub(r'content="[^"]{60,}"|value="[^"]{60,}"|value="/[^"]*"', "", answer.text) for answer in answers[:5]}
    assert len(bare) == 1, "a guess must not tell which of them it was"
    assert all("This link opens nothing" in answer.text and case.summary not in answer.text for answer in answers)


def test_a_new_link_ends_the_visits_of_the_one_before(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    hers = visit(app, case, company.ana)
    fresh = path_of(app, case, company.ana)
    answer = hers.post(f"/your-case/{case.ref}/messages", data={"text": "Still there?", "intent": "x" * 12})
    assert answer.status_code == 404 and "Still there?" in answer.text, "what was typed isn't lost"
    assert app.test_client().post(fresh).status_code == 303
    assert [link.revoked_at is None for link in db.session.query(CustomerLink).order_by(CustomerLink.id)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_visit_ends_after_half_an_hour_and_a_page_ninety_days_after_closing(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(company.ana)
    hers = visit(app, case, company.ana)
    now = utc_now()
    monkeypatch.setattr("app.portal.visits.utc_now", lambda: now + timedelta(minutes=31))
    assert hers.get(f"/your-case/{case.ref}").status_code == 404
    monkeypatch.undo()
    said = {"case_id": case.id, "actor": company.ana.actor, "now": now}
    cases.resolve(outcome="made_good", root_cause="equipment", note="", **said)
    cases.close(**said)
    path = path_of(app, db.session.get_one(Case, case.id), company.ana)
    assert app.test_client().get(path).status_code == 200
    monkeypatch.setattr("app.portal.link_views.utc_now", lambda: now + timedelta(days=90, seconds=1))
    assert app.test_client().get(path).status_code == 404


def test_an_address_that_guesses_waits_and_others_do_not(app: Flask, company: Company) -> None:
    path = path_of(app, make_case(company.ana), company.ana)
    here = {"REMOTE_ADDR": "203.0.113.9"}
    guesser = app.test_client()
    codes = [guesser.get(f"/c/a.1.{n}.b", environ_base=here).status_code for n in range(GUESSES.count_max + 2)]
    assert codes == [404] * GUESSES.count_max + [429] * 2
    refused = guesser.get(path, environ_base=here)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert app.test_client().get(path).status_code == 200
    assert "203.0.113.9" not in repr([row.key for row in db.session.query(PortalThrottle)])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_is_stored_nowhere_and_tells_nobody_its_address(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    hers = visit(app, case, company.ana)
    for answer in (
        hers.get(path_of(app, case, company.ana)),
        hers.get(f"/your-case/{case.ref}"),
        hers.get("/c/nothing"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_token_reaches_the_trail_the_outbox_or_the_log(
    app: Flask, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = make_case(company.ana)
    mac = path_of(app, case, company.ana).rsplit(".", 1)[1]
    app.test_client().post(url_of(case.id, 1).removeprefix("http://localhost"))
    app.test_client().get("/c/x." + mac)
    kept = repr(snapshot())
    assert mac not in kept and mac not in caplog.text
    assert db.session.query(AuditPayload).count() > 0
    types = [row.type for row in db.session.execute(text("SELECT type FROM audit_entry")).all()]
    assert {"link:make", "link:open"} <= set(types)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_who_works_in_the_case_makes_links_and_staff_do_not_open_them(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    assert company.nia is not None
    for person, code in ((company.ana, 303), (company.nia, 404), (company.hana, 403), (company.audra, 403)):
        answer = sign_in(app.test_client(), person).post(f"/cases/{case.ref}/customer-link")
        assert answer.status_code == code, person.name
    shown = sign_in(app.test_client(), company.ana).get(f"/cases/{case.ref}")
    assert url_of(case.id, 1) in shown.text
    ana = sign_in(app.test_client(), company.ana)
    assert "signed in as staff" in ana.get(url_of(case.id, 1).removeprefix("http://localhost")).text
    assert ana.post(url_of(case.id, 1).removeprefix("http://localhost")).status_code == 409
    preview = ana.get(f"/cases/{case.ref}/customer-page")
    assert preview.status_code == 200 and "Accept" not in preview.text
