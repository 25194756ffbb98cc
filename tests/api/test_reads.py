"""Lists and single records: who sees what, and that figures agree with the deeds."""

import pytest
from flask import Flask

from app.api.measures import MEASURES
from tests.api.client import Api, a_company, problem
from tests.api.test_remedies import money, refund
from tests.people.builders import Company
from tests.remedies.builders import publish_policy


@pytest.fixture
def company(app: Flask) -> Company:
    company = a_company(app)
    publish_policy()
    return company


@pytest.fixture
def ana(app: Flask, company: Company) -> Api:
    return Api(app, company.ana)


def test_purses_show_limit_use_and_what_is_left(app: Flask, company: Company, ana: Api) -> None:
    case = ana.log()["ref"]
    ana.post(f"/cases/{case}/remedies", refund("120.00"))
    purses = {row["unit"]: row for row in ana.get("/purses").get_json()["items"]}
    assert purses["employee_month"]["reserved"] == money("120.00")
    assert purses["employee_month"]["headroom"] == money("1080.00")
    assert purses["employee_month"]["employee"] == company.ana.ref
    assert [row["employee"] for row in Api(app, company.bo).get("/purses").get_json()["items"]] == [None]


def test_clocks_are_listed_by_due_time_and_filtered(ana: Api) -> None:
    first, second = ana.log(severity=4)["ref"], ana.log(severity=1)["ref"]
    listed = ana.get("/clocks").get_json()["items"]
    assert [row["due_at"] for row in listed] == sorted(row["due_at"] for row in listed)
    assert {row["case"] for row in listed} == {first, second}
    assert {row["case"] for row in ana.get("/clocks", case=first).get_json()["items"]} == {first}
    assert {row["milestone"] for row in ana.get("/clocks", milestone="resolve").get_json()["items"]} == {"resolve"}
    ana.post(f"/cases/{first}/resolution", {"outcome": "made_good", "root_cause": "equipment"})
    assert {row["case"] for row in ana.get("/clocks").get_json()["items"]} == {second}


def test_clock_pages_follow_each_other(ana: Api) -> None:
    ana.log(severity=4)
    ana.log(severity=1)
    whole = [row["ref"] for row in ana.get("/clocks").get_json()["items"]]
    first = ana.get("/clocks", limit=2).get_json()
    rest = ana.get("/clocks", limit=200, cursor=first["next"]).get_json()
    assert [row["ref"] for row in first["items"] + rest["items"]] == whole
    assert rest["next"] is None


def test_the_trail_is_for_those_who_may_read_it(app: Flask, company: Company, ana: Api) -> None:
    case = ana.log(summary="The lift hums")["ref"]
    problem(ana.get("/audit"), 403, "not-permitted")
    entry = Api(app, company.audra).get("/audit", case=case, type="case:log").get_json()["items"][0]
    assert (entry["subject"], entry["actor"], entry["case"]) == (case, company.ana.ref, case)
    assert entry["said"]["summary"] == "The lift hums"
    assert "_address" not in entry["said"]
    assert Api(app, company.tom).get("/audit", case=case).get_json()["items"] == []  # type: ignore[arg-type]


def test_the_trail_has_pages(app: Flask, company: Company, ana: Api) -> None:
    ana.log()
    audra = Api(app, company.audra)
    first = audra.get("/audit", limit=3).get_json()
    second = audra.get("/audit", limit=3, cursor=first["next"]).get_json()
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 6


def test_a_customer_comes_with_their_cases(app: Flask, company: Company, ana: Api) -> None:
    case = ana.log(customer={"name": "Cleo Marsh", "email": "cleo@example.com"})
    found = ana.get(f"/customers/{case['customer']}").get_json()
    assert (found["name"], found["email"]) == ("Cleo Marsh", "cleo@example.com")
    assert [row["ref"] for row in found["cases"]] == [case["ref"]]
    problem(Api(app, company.tom).get(f"/customers/{case['customer']}"), 404, "not-found")
    problem(ana.get("/customers/CU-999999"), 404, "not-found")
    problem(ana.get("/customers/Cleo"), 404, "not-found")


def test_a_measure_never_comes_without_its_n(app: Flask, company: Company, ana: Api) -> None:
    case = ana.log()["ref"]
    ana.post(f"/cases/{case}/exceptions", refund("500.00"))
    ana.post(f"/cases/{case}/resolution", {"outcome": "made_good", "root_cause": "equipment"})
    sam = Api(app, company.sam)
    for name in MEASURES:
        answer = sam.get(f"/metrics/{name}", period="7d").get_json()
        assert answer["name"] == name
        assert all("n" in row for row in answer["figures"])
        if answer["unit"] == "share":
            assert all(row["value"] is None for row in answer["figures"] if row["n"] < 10)
        problem(ana.get(f"/metrics/{name}"), 403, "not-permitted")


def test_an_unknown_measure_is_absent(app: Flask, company: Company) -> None:
    problem(Api(app, company.sam).get("/metrics/ranking"), 404, "not-found")
    problem(Api(app, company.sam).get("/metrics/due", period="2d"), 422, "bad-input")


def test_the_description_is_open_and_names_every_resource(app: Flask) -> None:
    described = Api(app, None).get("/openapi.json").get_json()
    assert described["openapi"] == "3.1.0"
    wanted = {
        "/cases",
        "/cases/{ref}",
        "/cases/{ref}/letters",
        "/cases/{ref}/messages",
        "/cases/{ref}/notes",
        "/cases/{ref}/resolution",
        "/cases/{ref}/reopening",
        "/cases/{ref}/pauses",
        "/cases/{ref}/remedies",
        "/cases/{ref}/exceptions",
        "/decisions",
        "/remedies/{ref}/settlement",
        "/remedies/{ref}/release",
        "/remedies/{ref}/reversal",
        "/exceptions",
        "/exceptions/{ref}",
        "/exceptions/{ref}/amendments",
        "/exceptions/{ref}/answers",
        "/exceptions/{ref}/decisions",
        "/exceptions/{ref}/messages",
        "/exceptions/{ref}/questions",
        "/mail",
        "/matrix",
        "/payouts",
        "/payouts/{ref}",
        "/pulses",
        "/pulses/{ref}",
        "/purses",
        "/clocks",
        "/clocks/{ref}/explanation",
        "/audit",
        "/check-backs",
        "/check-backs/{ref}/completion",
        "/check-backs/{ref}/moves",
        "/customers/{ref}",
        "/customers/{ref}/check-backs",
        "/customers/{ref}/consents",
        "/customers/{ref}/merges",
        "/customers/{ref}/unmerge",
        "/customers/{ref}/wishes",
        "/metrics/{name}",
        "/outcomes",
        "/reviews",
        "/reviews/{ref}",
    }
    assert set(described["paths"]) == wanted
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_the_clock_of_an_exception_is_listed_until_it_is_decided(app: Flask, company: Company, ana: Api) -> None:
    case = ana.log()["ref"]
    asked = ana.post(f"/cases/{case}/exceptions", refund("500.00")).get_json()["ref"]
    sam = Api(app, company.sam)
    for reader in (ana, sam):
        (row,) = reader.get("/clocks", milestone="approval").get_json()["items"]
        assert (row["case"], row["milestone"], row["state"]) == (case, "approval", "running")
        assert (row["target_seconds"], row["stopped_at"]) == (3_600, None)
    assert row["ref"] in {one["ref"] for one in ana.get("/clocks", case=case).get_json()["items"]}
    assert company.nia is not None
    assert Api(app, company.nia).get("/clocks", milestone="approval").get_json()["items"] == []
    assert ana.get(f"/clocks/{row['ref']}/explanation").status_code == 200
    sam.post(f"/exceptions/{asked}/decisions", {"outcome": "declined", "reason": "No."})
    assert ana.get("/clocks", milestone="approval").get_json()["items"] == []
    (met,) = ana.get("/clocks", milestone="approval", open="false").get_json()["items"]
    assert (met["ref"], met["state"]) == (row["ref"], "met")
    assert met["stopped_at"] is not None
