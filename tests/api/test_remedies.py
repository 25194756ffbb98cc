"""Money through the API: asked, given, settled, released, reversed; above authority it is decided by somebody else."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.budgets.models import Purse
from app.kernel.database import db
from app.remedies.models import Remedy
from tests.api.client import Api, a_company, problem
from tests.people.builders import Company
from tests.remedies.builders import publish_policy


def money(amount: str, currency: str = "GBP") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def refund(amount: str, **changes: Any) -> dict[str, Any]:
    return {"kind": "refund", "amount": money(amount), "reason": "Two hours without a room.", **changes}


@pytest.fixture
def company(app: Flask) -> Company:
    company = a_company(app)
    publish_policy()
    return company


@pytest.fixture
def ana(app: Flask, company: Company) -> Api:
    return Api(app, company.ana)


@pytest.fixture
def case(ana: Api) -> str:
    return str(ana.log(customer={"name": "Cleo Marsh"})["ref"])


def held() -> tuple[int, int]:
    """Reserved and settled minor units of the one purse of the month of an employee."""
    db.session.rollback()
    row = db.session.execute(
        select(Purse.reserved_minor, Purse.settled_minor).where(Purse.unit == "employee_month")
    ).first()
    return (row[0], row[1]) if row else (0, 0)


def remedy_count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Remedy)) or 0


def test_can_i_names_every_window_and_writes_nothing(ana: Api, case: str) -> None:
    answer = ana.post("/decisions", {"case": case, "kind": "refund", "amount": money("120.00")}, key=None)
    decision = answer.get_json()
    assert answer.status_code == 200
    assert (decision["outcome"], decision["allowed_now"]) == ("allowed", money("120.00"))
    window = next(row for row in decision["windows"] if row["unit"] == "incident")
    assert (window["limit"], window["used"], window["requested"], window["headroom"]) == (
        money("200.00"),
        money("0.00"),
        money("120.00"),
        money("80.00"),
    )
    assert {row["unit"] for row in decision["windows"]} >= {"incident", "customer_days", "employee_month", "team_month"}
    assert all(row["clause"] for row in decision["windows"])
    assert remedy_count() == 0


def test_a_remedy_within_authority_is_reserved_and_then_settled(ana: Api, case: str) -> None:
    answer = ana.post(f"/cases/{case}/remedies", refund("120.00"))
    remedy = answer.get_json()
    assert (answer.status_code, remedy["state"], remedy["decision"]["outcome"]) == (201, "reserved", "allowed")
    assert held() == (12_000, 0)
    settled = ana.post(f"/remedies/{remedy['ref']}/settlement", {}).get_json()
    assert (settled["state"], settled["amount"]) == ("settled", money("120.00"))
    assert held() == (0, 12_000)
    assert [row["state"] for row in ana.get(f"/cases/{case}").get_json()["remedies"]] == ["settled"]
    problem(ana.post(f"/remedies/{remedy['ref']}/settlement", {}), 409, "already-ended")


def test_a_part_can_be_settled_and_the_rest_is_free_again(ana: Api, case: str) -> None:
    ref = ana.post(f"/cases/{case}/remedies", refund("120.00")).get_json()["ref"]
    for wrong in (money("120.01"), money("0.00"), money("10.00", "USD"), money("1.001")):
        body = problem(ana.post(f"/remedies/{ref}/settlement", {"amount": wrong}), 422, "bad-input")
        assert [row["field"] for row in body["errors"]] == ["amount"]
    assert ana.post(f"/remedies/{ref}/settlement", {"amount": money("100.00")}).status_code == 201
    assert held() == (0, 10_000)


def test_what_the_customer_does_not_take_is_released(ana: Api, case: str) -> None:
    for outcome in ("declined", "withdrawn", "released"):
        ref = ana.post(f"/cases/{case}/remedies", refund("120.00")).get_json()["ref"]
        assert ana.post(f"/remedies/{ref}/release", {"outcome": outcome}).get_json()["state"] == outcome
        assert held() == (0, 0)


def test_a_supervisor_reverses_and_the_frontline_may_not(app: Flask, company: Company, ana: Api, case: str) -> None:
    ref = ana.post(f"/cases/{case}/remedies", refund("120.00")).get_json()["ref"]
    ana.post(f"/remedies/{ref}/settlement", {})
    problem(ana.post(f"/remedies/{ref}/reversal", {"reason": "Wrong guest."}), 403, "not-permitted")
    sam = Api(app, company.sam)
    assert sam.post(f"/remedies/{ref}/reversal", {"reason": "Wrong guest."}).get_json()["state"] == "reversed"
    assert held() == (0, 0)


def test_the_same_key_never_pays_twice(ana: Api, case: str) -> None:
    first = ana.post(f"/cases/{case}/remedies", refund("50.00"), key="pay")
    again = ana.post(f"/cases/{case}/remedies", refund("50.00"), key="pay")
    assert (first.status_code, again.get_data()) == (201, first.get_data())
    problem(ana.post(f"/cases/{case}/remedies", refund("60.00"), key="pay"), 422, "idempotency-key-reused")
    assert (remedy_count(), held()) == (1, (5_000, 0))


def test_above_authority_the_whole_decision_says_why_and_is_replayed(ana: Api, case: str) -> None:
    first = ana.post(f"/cases/{case}/remedies", refund("200.01"), key="much")
    body = problem(first, 422, "needs-approval")
    exceeded = [row for row in body["decision"]["windows"] if row["exceeded"]]
    assert [row["unit"] for row in exceeded] == ["incident", "customer_cause"]
    assert exceeded[0]["headroom"] == money("-0.01")
    assert ana.post(f"/cases/{case}/remedies", refund("200.01"), key="much").get_data() == first.get_data()
    assert (remedy_count(), held()) == (0, (0, 0))


def test_at_the_limit_it_is_allowed(ana: Api, case: str) -> None:
    assert ana.post(f"/cases/{case}/remedies", refund("200.00")).status_code == 201


REFUSED: list[tuple[dict[str, Any], str]] = [
    (refund("0.00"), "refused"),
    (refund("10.00", kind="apology"), "refused"),
    (refund("10.00", kind="unheard-of"), "bad-input"),
    (refund("10.001"), "bad-input"),
    ({**refund("10.00"), "amount": money("10.00", "USD")}, "bad-input"),
    ({**refund("10.00"), "amount": {"amount": 10, "currency": "GBP"}}, "bad-input"),
    (refund("10.00", reason=" "), "bad-input"),
    (refund("10.00", colour="red"), "bad-input"),
]


def test_what_the_policy_or_the_form_refuses_is_unprocessable(ana: Api, case: str) -> None:
    for body, code in REFUSED:
        problem(ana.post(f"/cases/{case}/remedies", body), 422, code)
    assert remedy_count() == 0


def test_an_exception_is_asked_seen_and_approved_by_somebody_else(
    app: Flask, company: Company, ana: Api, case: str
) -> None:
    asked = ana.post(f"/cases/{case}/exceptions", refund("500.00")).get_json()
    assert (asked["state"], asked["requested_by"]) == ("waiting", company.ana.ref)
    assert asked["decision"]["outcome"] == "needs_approval"
    sam = Api(app, company.sam)
    assert [row["ref"] for row in sam.get("/exceptions").get_json()["items"]] == [asked["ref"]]
    body = {"outcome": "approved", "amount": money("400.00"), "reason": "Fair."}
    problem(ana.post(f"/exceptions/{asked['ref']}/decisions", body), 403, "not-permitted")
    decided = sam.post(f"/exceptions/{asked['ref']}/decisions", body).get_json()
    assert (decided["state"], decided["granted"], decided["decided_by"]) == (
        "approved",
        money("400.00"),
        company.sam.ref,
    )
    problem(sam.post(f"/exceptions/{asked['ref']}/decisions", body), 409, "already-ended")
    assert ana.post(f"/remedies/{asked['remedy']}/settlement", {}).get_json()["state"] == "settled"
    assert held() == (0, 40_000)


def test_an_exception_is_declined_with_a_reason(app: Flask, company: Company, ana: Api, case: str) -> None:
    ref = ana.post(f"/cases/{case}/exceptions", refund("500.00")).get_json()["ref"]
    sam = Api(app, company.sam)
    body = {"outcome": "declined", "reason": "Not our fault."}
    decided = sam.post(f"/exceptions/{ref}/decisions", body, key="no").get_json()
    assert (decided["state"], decided["decision_reason"]) == ("declined", "Not our fault.")
    assert sam.post(f"/exceptions/{ref}/decisions", body, key="no").get_json() == decided
    assert held() == (0, 0)


def test_the_same_key_asks_once(ana: Api, case: str) -> None:
    first = ana.post(f"/cases/{case}/exceptions", refund("500.00"), key="ask")
    assert ana.post(f"/cases/{case}/exceptions", refund("500.00"), key="ask").get_data() == first.get_data()
    assert remedy_count() == 1


def test_a_supervisor_cannot_decide_their_own(app: Flask, company: Company, case: str) -> None:
    sam = Api(app, company.sam)
    ref = sam.post(f"/cases/{case}/exceptions", refund("2500.00")).get_json()["ref"]
    problem(sam.post(f"/exceptions/{ref}/decisions", {"outcome": "approved", "reason": "Me."}), 403, "may-not-decide")


def test_a_strangers_money_is_absent(app: Flask, company: Company, ana: Api, case: str) -> None:
    assert company.tom is not None
    remedy = ana.post(f"/cases/{case}/remedies", refund("50.00")).get_json()["ref"]
    asked = ana.post(f"/cases/{case}/exceptions", refund("500.00")).get_json()["ref"]
    tom = Api(app, company.tom)
    for path, body in (
        (f"/cases/{case}/remedies", refund("5.00")),
        (f"/cases/{case}/exceptions", refund("500.00")),
        (f"/remedies/{remedy}/settlement", {}),
        (f"/remedies/{remedy}/release", {"outcome": "declined"}),
        (f"/remedies/{remedy}/reversal", {"reason": "Mine."}),
        (f"/exceptions/{asked}/decisions", {"outcome": "approved", "reason": "Mine."}),
        ("/decisions", {"case": case, "kind": "refund", "amount": money("5.00")}),
    ):
        problem(tom.post(path, body), 404, "not-found")
    assert tom.get("/exceptions").get_json()["items"] == []
    assert held() == (5_000, 0)


def test_an_older_version_of_a_remedy_is_a_conflict(ana: Api, case: str) -> None:
    remedy = ana.post(f"/cases/{case}/remedies", refund("50.00")).get_json()
    body = {"version": remedy["version"] + 1}
    problem(ana.post(f"/remedies/{remedy['ref']}/settlement", body), 409, "changed-meanwhile")
