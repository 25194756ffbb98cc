"""What one person, one address, one request and one query may ask for."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.kernel.database import db
from app.ops import bounds
from app.ops.starting import begin
from tests.people.builders import make_company, sign_in
from tests.problems.builders import make_cause


@pytest.fixture
def bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The same database, in an application where three requests are many."""
    for name in ("PERSON_PER_MINUTE", "STRANGER_PER_MINUTE"):
        monkeypatch.setattr(bounds, name, 1)
    return create_app(app.extensions["makegood_settings"], TESTING=True, WTF_CSRF_ENABLED=False, PAGE_BURST=3)


def test_who_asks_too_often_waits_and_nobody_else_does(app: Flask, bounded: Flask) -> None:
    company = make_company(second_site=False)
    db.session.remove()
    with bounded.app_context():
        clients = {person.name: sign_in(bounded.test_client(), person) for person in (company.ana, company.bo)}
        db.session.remove()
    ana, bo = clients.values()
    assert [ana.get("/inbox").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ana.get("/inbox")
    assert int(refused.headers["Retry-After"]) >= 1 and "Wait a few seconds" in refused.text
    assert (bo.get("/inbox").status_code, ana.get("/livez").status_code) == (200, 200)
    stranger = bounded.test_client()
    assert [stranger.get("/sign-in").status_code for _ in range(3)] == [200, 200, 429]
    assert stranger.get("/sign-in", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 200


def test_methods_and_sizes_that_no_page_takes_are_refused(app: Flask) -> None:
    client = app.test_client()
    assert [client.open("/sign-in", method=name).status_code for name in ("TRACE", "PUT", "DELETE")] == [405] * 3
    sign_in = "/sign-in"
    assert client.post(sign_in, data=b"x" * (11 * 1024 * 1024), content_type="text/plain").status_code == 413
    for fields in (["x" * (3 * 1024 * 1024)], ["x"] * 250):
        parts = (f'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n{value}\r\n' for value in fields)
        body = "".join([*parts, "--x--\r\n"]).encode()
        answer = client.post(sign_in, data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 413


def test_a_web_process_ends_a_statement_that_takes_too_long(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no clock for statements")
    monkeypatch.setattr("app.kernel.logs.configure", lambda **_how: None)
    monkeypatch.setattr(bounds, "STATEMENT_SECONDS_MAX", 1)
    db.session.remove()
    db.engine.dispose()
    begin(app, is_web=True)
    with pytest.raises(OperationalError, match="statement timeout"):
        db.session.execute(text("SELECT pg_sleep(5)"))
    db.session.rollback()


def test_a_number_no_column_holds_and_a_day_beyond_the_calendar_break_no_page(app: Flask) -> None:
    """They are like none: left out, refused beside the field, or no address here; never a failure of ours."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    company, huge = make_company(second_site=False), "9" * 20
    cause = make_cause(company.max)
    max_ = sign_in(app.test_client(), company.max, is_proved=True)
    asked = (
        f"/causes/{cause.ref}/cases?category={huge}", f"/promises?site={huge}", f"/feedback?site={huge}&days=7",
        f"/clocks?team={huge}", f"/clocks?team=-{huge}", "/audit?since=0001-01-01", "/audit?until=9999-12-31",
    )  # fmt: skip
    answers = {path: max_.get(path).status_code for path in asked}
    assert {code for path, code in answers.items() if "audit" not in path} == {200}, answers
    assert {code for path, code in answers.items() if "audit" in path} == {422}, answers
    paths = (
        f"/me/reports/{huge}/pause",
        f"/break-glass/{huge}/end",
        f"/inbox/{huge}/read",
        f"/audit/searches/{huge}/removal",
    )
    assert {path: max_.post(path, data={"version": huge}).status_code for path in paths} == dict.fromkeys(paths, 404)
