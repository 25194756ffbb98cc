"""Every page names its permission or says why it is open; what the table refuses, no page gives."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.kernel.time import utc_now
from app.people import actions as people
from app.people.access import declared
from app.people.models import ROLES
from app.people.permissions import PERMISSIONS
from app.people.queries import PersonRow
from tests.people.builders import Company, make_company, sign_in

ANSWERS = {200, 302, 303}
WRITING = ("POST", "PUT", "PATCH", "DELETE")
# Open pages are few, and a new one is a decision: add it here with its reason beside the view.
PUBLIC_GET = {
    "api.description",
    "feedback.ask",
    "ops.livez",
    "ops.prometheus",
    "ops.readyz",
    "people.begin_company",
    "people.provision",
    "people.sign_in",
    "people.sign_in_code",
    "people.take_company",
    "people.welcome",
    "portal.download",
    "portal.link",
    "portal.page",
    "portal.receipt",
    "portal.report",
    "portal.reported",
    "portal.time_zone",
    "problems.stop",
    "ui.script",
    "ui.stylesheet",
}
PUBLIC_POST = {
    "feedback.answer",
    "feedback.thank",
    "portal.answer",
    "portal.choose_zone",
    "portal.doubt",
    "portal.thank",
    "portal.end_visit",
    "portal.open_link",
    "portal.send_report",
    "portal.write",
    "problems.stop_updates",
    "remedies.hear_stripe",
    "people.begin_session",
    "people.choose_phrase",
    "people.prove_sign_in",
    "people.sign_in_by_passkey",
    "people.sign_in_options",
    "people.sign_out",
    "ui.preferences",
}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Rule, app: Flask) -> str:
    """Fill a rule's arguments with something that names no record."""
    values = {
        name: 999_999 if hasattr(rule._converters[name], "num_convert") else "XX-999999" for name in rule.arguments
    }
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))


def is_api(rule: Rule) -> bool:
    return rule.rule.startswith("/api/")


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def one_of_each_role(company: Company) -> dict[str, PersonRow]:
    everyone = (company.ana, company.sam, company.max, company.hana, company.audra, company.ada)
    return {person.role: person for person in everyone}


def test_every_endpoint_declares_a_permission_or_a_reason_to_be_open(app: Flask) -> None:
    silent = [rule.endpoint for rule in rules(app) if declared(rule.endpoint) == (None, None)]
    both = [rule.endpoint for rule in rules(app) if None not in declared(rule.endpoint)]
    unknown = {permission for rule in rules(app) if (permission := declared(rule.endpoint)[0])} - set(PERMISSIONS)
    short = [
        rule.endpoint for rule in rules(app) if (reason := declared(rule.endpoint)[1]) is not None and len(reason) < 15
    ]
    assert (silent, both, unknown, short) == ([], [], set(), [])


def test_open_pages_are_exactly_the_listed_ones(app: Flask) -> None:
    public = [rule for rule in rules(app) if declared(rule.endpoint)[1] is not None]
    reading = {rule.endpoint for rule in public if "GET" in (rule.methods or ())}
    assert reading <= PUBLIC_GET, reading - PUBLIC_GET
    assert {rule.endpoint for rule in public} - reading <= PUBLIC_POST


def test_an_endpoint_that_declares_nothing_is_refused_for_everyone(app: Flask, company: Company) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert app.test_client().get("/forgotten").status_code == 403
    assert sign_in(app.test_client(), company.max).get("/forgotten").status_code == 403


def test_a_stranger_is_sent_to_sign_in_by_every_page_that_needs_a_permission(app: Flask, company: Company) -> None:
    client = app.test_client()
    for rule in rules(app):
        if declared(rule.endpoint)[0] is None:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(address(rule, app), method=method)
            if is_api(rule):
                assert answer.status_code in (401, 429), (method, rule.rule, answer.status_code)
            else:
                assert answer.status_code == 303, (method, rule.rule, answer.status_code)
                assert answer.headers["Location"].startswith("/sign-in"), rule.rule


@pytest.mark.parametrize("role", ROLES)
def test_a_page_opens_for_a_role_exactly_when_the_table_says_so(app: Flask, company: Company, role: str) -> None:
    person = one_of_each_role(company)[role]
    client = sign_in(app.test_client(), person)
    wrong = []
    for rule, method, allowed in attempts(app, role):
        answer = client.open(address(rule, app), method=method)
        if not allowed and answer.status_code != 403:
            wrong.append((method, rule.rule, answer.status_code))
        if allowed and method == "GET" and not rule.arguments and answer.status_code not in ANSWERS:
            wrong.append((method, rule.rule, answer.status_code))
        if allowed and answer.status_code in (401, 403):
            wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def attempts(app: Flask, role: str) -> Iterator[tuple[Rule, str, bool]]:
    """Every page and method, with whether the role may. A permitted change is left out: its own room tests it."""
    for rule in rules(app):
        permission = declared(rule.endpoint)[0]
        if permission is None or is_api(rule):
            continue
        allowed = role in PERMISSIONS[permission]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if not (allowed and method in WRITING):
                yield rule, method, allowed


@pytest.mark.parametrize("role", ROLES)
def test_the_api_refuses_a_role_exactly_when_the_table_says_so(app: Flask, company: Company, role: str) -> None:
    person = one_of_each_role(company)[role]
    client, headers = token_client(app, person)
    wrong = []
    for rule in rules(app):
        permission = declared(rule.endpoint)[0]
        if permission is None or not is_api(rule):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(
                address(rule, app), method=method, headers=headers, json={} if method in WRITING else None
            )
            if (answer.status_code == 403) != (role not in PERMISSIONS[permission]) or answer.status_code in (401, 500):
                wrong.append((method, rule.rule, answer.status_code))
    assert wrong == []


def token_client(app: Flask, person: PersonRow) -> tuple[FlaskClient, dict[str, str]]:
    secret, _ = people.make_token(name="routes", actor=person.actor, now=utc_now())
    return app.test_client(), {"Authorization": f"Bearer {secret}", "Idempotency-Key": "routes-0001"}


def test_every_answer_has_the_security_headers_also_errors(app: Flask, company: Company) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["people.teams"] = broken
    stranger, ada = app.test_client(), sign_in(app.test_client(), company.ada)
    answers = [
        ada.get(address(rule, app)) for rule in rules(app) if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    answers += [ada.get("/nothing"), ada.get("/people/EM-999"), ada.get("/sign-out"), ada.post("/people", data={})]
    answers += [stranger.get("/people"), stranger.get("/static/favicon.svg"), stranger.get("/api/v1/nothing")]
    answers += [ada.get("/static/none.css")]
    answers += [
        sign_in(app.test_client(), company.ana).get("/people"),
        stranger.get("/", headers={"Host": "evil.example"}),
    ]
    seen = {answer.status_code for answer in answers}
    assert {200, 303, 400, 403, 404, 405, 422, 500} <= seen
    for answer in answers:
        where = (answer.request.path, answer.status_code)
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy, where
        assert "frame-ancestors 'none'" in policy, where
        assert "unsafe" not in policy, where
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", where
        assert answer.headers.get("Referrer-Policy") in ("same-origin", "no-referrer"), where
        assert answer.headers.get("Cross-Origin-Opener-Policy") == "same-origin", where
        assert answer.headers.get("Cross-Origin-Resource-Policy") == "same-origin", where
        assert answer.headers.get("Permissions-Policy"), where
        assert answer.headers.get("X-Frame-Options") == "DENY", where
        assert answer.headers.get("Cache-Control"), where
        assert answer.status_code < 400 or answer.headers["Cache-Control"] == "no-store", where
        assert "Strict-Transport-Security" not in answer.headers, where


def broken() -> str:
    raise RuntimeError("a secret detail")


broken.needs = "people.read"  # type: ignore[attr-defined]


def test_a_failure_tells_its_reference_and_no_detail(app: Flask, company: Company) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["people.teams"] = broken
    answer = sign_in(app.test_client(), company.ada).get("/teams")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "Reference" in answer.text
