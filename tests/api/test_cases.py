"""Cases through the API: the owner, a colleague, a stranger; replays; every way to be refused."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case
from app.cases.rules import ATTRIBUTIONS, CAUSES, CHANNELS, OUTCOMES, WAITING_FOR
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from tests.api.client import NOISE, Api, a_company, problem
from tests.people.builders import OPERATOR, Company

CLEO = {"name": "Cleo Marsh", "email": "cleo@example.com"}
DEEDS: list[tuple[str, dict[str, Any]]] = [
    ("notes", {"text": "Called, no answer."}),
    ("resolution", {"outcome": "made_good", "root_cause": "equipment"}),
    ("reopening", {"reason": "It hums again."}),
    ("pauses", {"waiting_for": "customer", "reason": "Asked for the room number."}),
]


@pytest.fixture
def company(app: Flask) -> Company:
    return a_company(app)


@pytest.fixture
def ana(app: Flask, company: Company) -> Api:
    return Api(app, company.ana)


def case_count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def test_a_case_is_logged_with_its_customer_and_its_clocks(ana: Api) -> None:
    case = ana.log(customer=CLEO, occurred_at="2026-03-19T15:00:00+01:00")
    assert case["state"] == "open"
    assert case["ref"].startswith("MG-")
    assert case["customer"].startswith("CU-")
    assert case["occurred_at"] == "2026-03-19T14:00:00Z"
    assert {clock["milestone"] for clock in case["clocks"]} >= {"acknowledge", "first_response", "resolve"}
    assert ana.get(f"/cases/{case['ref']}").get_json()["version"] == case["version"]


def test_a_case_needs_no_customer(ana: Api) -> None:
    assert ana.log()["customer"] is None


def test_the_same_address_is_the_same_customer(ana: Api) -> None:
    assert ana.log(customer=CLEO)["customer"] == ana.log(customer={**CLEO, "name": "C. Marsh"})["customer"]


def test_the_same_key_logs_one_case_and_answers_the_same(ana: Api) -> None:
    first = ana.post("/cases", NOISE, key="once")
    second = ana.post("/cases", dict(reversed(NOISE.items())), key="once")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.get_data() == first.get_data()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert case_count() == 1


def test_the_same_key_with_other_content_is_refused(ana: Api) -> None:
    ana.post("/cases", NOISE, key="once")
    problem(ana.post("/cases", {**NOISE, "severity": 3}, key="once"), 422, "idempotency-key-reused")
    assert case_count() == 1


def test_a_refused_deed_is_replayed_as_it_was_refused(ana: Api) -> None:
    ref = ana.log()["ref"]
    first = ana.post(f"/cases/{ref}/reopening", {"reason": "Again."}, key="r")
    problem(first, 409, "not-in-this-state")
    ana.post(f"/cases/{ref}/resolution", {"outcome": "made_good", "root_cause": "equipment"})
    assert ana.post(f"/cases/{ref}/reopening", {"reason": "Again."}, key="r").get_data() == first.get_data()


def test_a_deed_without_a_key_is_a_bad_request_and_changes_nothing(ana: Api) -> None:
    problem(ana.post("/cases", NOISE, key=None), 400, "idempotency-key-missing")
    assert case_count() == 0


def test_notes_pauses_resolution_and_reopening_move_the_case(ana: Api) -> None:
    ref = ana.log()["ref"]
    assert ana.post(f"/cases/{ref}/notes", {"text": "Called."}).status_code == 201
    waiting = ana.post(f"/cases/{ref}/pauses", {"waiting_for": "customer", "reason": "Room number?"}).get_json()
    assert (waiting["state"], waiting["waiting_for"]) == ("waiting", "customer")
    assert "paused" in {clock["state"] for clock in waiting["clocks"]}
    body = {"outcome": "made_good", "root_cause": "equipment", "version": waiting["version"]}
    resolved = ana.post(f"/cases/{ref}/resolution", body).get_json()
    assert (resolved["state"], resolved["outcome"]) == ("resolved", "made_good")
    again = ana.post(f"/cases/{ref}/reopening", {"reason": "It hums again."}).get_json()
    assert (again["state"], again["reopened_count"]) == ("open", 1)


def test_an_older_version_is_a_conflict(ana: Api) -> None:
    case = ana.log()
    ana.post(f"/cases/{case['ref']}/notes", {"text": "Called."})
    body = {"outcome": "made_good", "root_cause": "equipment", "version": case["version"]}
    problem(ana.post(f"/cases/{case['ref']}/resolution", body), 409, "changed-meanwhile")


def test_without_a_token_nothing_is_answered(app: Flask, company: Company, ana: Api) -> None:
    nobody = Api(app, None)
    ref = ana.log()["ref"]
    answers = [nobody.get("/cases"), nobody.get(f"/cases/{ref}"), nobody.post("/cases", NOISE)]
    for answer in answers:
        problem(answer, 401, "no-token")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_colleague_reads_the_case_and_a_stranger_finds_nothing(app: Flask, company: Company, ana: Api) -> None:
    assert company.nia is not None
    ref = ana.log()["ref"]
    assert Api(app, company.bo).get(f"/cases/{ref}").status_code == 200
    stranger = Api(app, company.nia)
    hidden, absent = stranger.get(f"/cases/{ref}"), stranger.get("/cases/MG-999999")
    assert problem(hidden, 404, "not-found")["detail"] == problem(absent, 404, "not-found")["detail"]
    assert stranger.get("/cases").get_json()["items"] == []


def test_a_strangers_deeds_find_nothing_and_change_nothing(app: Flask, company: Company, ana: Api) -> None:
    assert company.nia is not None
    case = ana.log()
    stranger = Api(app, company.nia)
    for deed, body in DEEDS:
        problem(stranger.post(f"/cases/{case['ref']}/{deed}", body), 404, "not-found")
        problem(stranger.post(f"/cases/MG-999999/{deed}", body), 404, "not-found")
    assert ana.get(f"/cases/{case['ref']}").get_json()["version"] == case["version"]


def test_roles_without_the_permission_are_told_so(app: Flask, company: Company, ana: Api) -> None:
    for person in (company.hana, company.ada, company.audra):
        problem(Api(app, person).post("/cases", NOISE), 403, "not-permitted")
    assert case_count() == 0


def test_a_token_ends_with_its_owner(app: Flask, company: Company) -> None:
    bo = Api(app, company.bo)
    assert bo.get("/cases").status_code == 200
    people.deactivate(employee_id=company.bo.id, actor=OPERATOR, now=utc_now())
    problem(bo.get("/cases"), 401, "token-not-valid")


def test_a_wrong_field_is_named_and_nothing_is_logged(ana: Api) -> None:
    wrong = {"severity": 9, "category": "unheard-of", "occurred_at": "2999-01-01T00:00:00Z", "colour": 1}
    for field, value in wrong.items():
        body = problem(ana.post("/cases", {**NOISE, field: value}), 422, "bad-input")
        assert [row["field"] for row in body["errors"]] == [field]
    assert case_count() == 0


def test_a_name_and_a_summary_are_one_line_without_marks_that_turn_words_round(ana: Api) -> None:
    """Both stand in lists and in the subjects of mails: what a form takes off, the API takes off too."""
    typed = "Cleo\r\nBcc: x@evil.example \u202eoelC\x1b[31m"
    made = ana.log(summary=f"{typed} \u2066cold", customer={"name": typed, "email": "cleo@example.org"})
    said = "Cleo Bcc: x@evil.example oelC[31m"
    assert (made["summary"], ana.get(f"/customers/{made['customer']}").get_json()["name"]) == (f"{said} cold", said)
    problem(ana.post("/cases", {**NOISE, "summary": "\u202e\x08"}), 422, "bad-input")


def test_what_is_no_json_of_a_bearable_size_is_refused_unread(ana: Api) -> None:
    for data in (b"", b"{", b"\xff\xfe", b"[" * 5000):
        problem(ana.post("/cases", data=data, content_type="application/json"), 400, "not-json")
    form = "application/x-www-form-urlencoded"
    problem(ana.post("/cases", data="severity=2", content_type=form), 415, "unsupported-media-type")
    huge = b"x" * (1024 * 1024 + 1)
    problem(ana.post("/cases", data=huge, content_type="application/json"), 413, "too-large")
    assert case_count() == 0


def test_unknown_addresses_and_methods_are_problems_too(ana: Api) -> None:
    problem(ana.get("/nothing"), 404, "not-found")
    answer = ana.post("/clocks", {})
    problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


def test_pages_follow_each_other_without_a_gap(ana: Api) -> None:
    refs = {ana.log(severity=number % 4)["ref"] for number in range(5)}
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        answer = ana.get("/cases", limit=2, **({"cursor": cursor} if cursor else {})).get_json()
        seen += [row["ref"] for row in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(refs)


def test_a_cursor_that_was_changed_is_refused(ana: Api) -> None:
    for number in range(3):
        ana.log(severity=number)
    cursor = ana.get("/cases", limit=1).get_json()["next"]
    for changed in (cursor + "x", "\x91", "ünknown", "."):
        problem(ana.get("/cases", limit=1, cursor=changed), 422, "bad-input")
    problem(ana.get("/clocks", limit=1, cursor=cursor), 422, "bad-input")


def test_a_wrong_parameter_is_named(ana: Api) -> None:
    wrong: list[dict[str, Any]] = [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"state": "gone"}, {"colour": "red"}]
    for query in wrong:
        body = problem(ana.get("/cases", **query), 422, "bad-input")
        assert [row["field"] for row in body["errors"]] == list(query)


def test_filters_narrow_the_list(ana: Api) -> None:
    open_case, resolved = ana.log(), ana.log(severity=1)
    ana.post(f"/cases/{resolved['ref']}/resolution", {"outcome": "made_good", "root_cause": "equipment"})
    assert [row["ref"] for row in ana.get("/cases").get_json()["items"]] == [open_case["ref"]]
    assert [row["ref"] for row in ana.get("/cases", state="resolved").get_json()["items"]] == [resolved["ref"]]
    assert ana.get("/cases", severity=4).get_json()["items"] == []
    assert ana.get("/cases", owner="nobody").get_json()["items"] == []


def test_too_many_requests_are_told_when_to_come_back(app: Flask, ana: Api) -> None:
    app.extensions["makegood_api_limits"]["token"]._burst = 1
    answer = [ana.get("/cases") for _ in range(20)][-1]
    problem(answer, 429, "too-many-requests")
    assert int(answer.headers["Retry-After"]) >= 1


def test_the_words_of_the_schema_are_the_rooms_own() -> None:
    from typing import get_args

    from app.api import schemas

    assert get_args(schemas.Channel) == CHANNELS
    assert get_args(schemas.Attribution) == ATTRIBUTIONS
    assert get_args(schemas.Outcome) == OUTCOMES
    assert get_args(schemas.Cause) == CAUSES
    assert get_args(schemas.PauseIn.model_fields["waiting_for"].annotation) == WAITING_FOR
