"""The matrix, amendments, questions and answers through the API; and what a program may not decide."""

from datetime import timedelta

import pytest
from flask import Flask

from app.approvals import absence_actions as absences
from app.approvals import bound_actions
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.kernel.money import Money
from app.kernel.time import utc_now
from tests.api.client import Api, a_company, problem
from tests.api.test_remedies import money, refund
from tests.approvals.builders import publish_matrix
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


@pytest.fixture
def sam(app: Flask, company: Company) -> Api:
    return Api(app, company.sam)


def ask(ana: Api, amount: str = "500.00") -> str:
    case = ana.log(customer={"name": "Cleo Marsh"})["ref"]
    return str(ana.post(f"/cases/{case}/exceptions", refund(amount)).get_json()["ref"])


def test_the_matrix_says_who_decides_what_to_who_reads_policies(
    app: Flask, company: Company, ana: Api, sam: Api
) -> None:
    assert sam.get("/matrix").get_json() == {"number": None, "published_at": None, "rows": []}
    row = MatrixRow(
        "Large", (StepRule((f"person:{company.max.id}",), 1), StepRule(("role:manager",), 1)), "GBP", 10_000, 50_000,
        site_id=company.quayside.id, kinds=("refund",), askers=("role:frontline",),
    )  # fmt: skip
    publish_matrix(company, row)
    found = sam.get("/matrix").get_json()
    assert found["number"] == 1
    assert found["rows"] == [
        {
            "name": "Large", "above": money("100.00"), "up_to": money("500.00"), "site": "Quayside", "team": None,
            "kinds": ["refund"], "categories": [], "natures": [], "asked_by": ["role:frontline"],
            "steps": [
                {"who": [f"person:{company.max.ref}"], "needed": 1}, {"who": ["role:manager"], "needed": 1},
            ],
        }
    ]  # fmt: skip
    problem(ana.get("/matrix"), 403, "not-permitted")


def test_a_question_is_answered_and_the_request_amended_each_once_per_key(
    app: Flask, company: Company, ana: Api, sam: Api
) -> None:
    ref = ask(ana)
    first = sam.post(f"/exceptions/{ref}/questions", {"text": "Did he keep the receipt?"}, key="q")
    assert first.status_code == 201
    assert (
        sam.post(f"/exceptions/{ref}/questions", {"text": "Did he keep the receipt?"}, key="q").get_json()
        == first.get_json()
    )
    assert ana.post(f"/exceptions/{ref}/answers", {"text": "Yes, it is on file."}).status_code == 201
    amended = ana.post(f"/exceptions/{ref}/amendments", {"amount": money("450.00"), "reason": "He found a part."})
    assert (amended.status_code, amended.get_json()["amount"]) == (201, money("450.00"))
    lines = sam.get(f"/exceptions/{ref}/messages").get_json()["items"]
    assert [(line["kind"], line["by"]) for line in lines] == [
        ("question", company.sam.ref), ("answer", company.ana.ref), ("amended", company.ana.ref),
    ]  # fmt: skip
    assert lines[2]["changed"]["after"] == money("450.00")
    assert sam.get(f"/exceptions/{ref}").get_json()["reason"] == "He found a part."
    problem(
        ana.post(f"/exceptions/{ref}/amendments", {"amount": money("1.00"), "reason": "x"}, key=None), 400, "missing"
    )
    problem(ana.post(f"/exceptions/{ref}/amendments", {"amount": money("1.00"), "reason": "So."}), 422, "bad-input")


def test_nobody_talks_about_or_changes_what_is_not_theirs(app: Flask, company: Company, ana: Api, sam: Api) -> None:
    ref = ask(ana)
    bo, tom = Api(app, company.bo), Api(app, company.tom)
    change = {"amount": money("300.00"), "reason": "Less."}
    problem(bo.post(f"/exceptions/{ref}/amendments", change), 403, "not-permitted")
    problem(bo.post(f"/exceptions/{ref}/answers", {"text": "Yes."}), 403, "not-permitted")
    problem(ana.post(f"/exceptions/{ref}/questions", {"text": "May I?"}), 403, "not-permitted")
    for path, body in (
        ("", None), ("/messages", None), ("/questions", {"text": "Why?"}), ("/answers", {"text": "So."}), ("/amendments", change),
    ):  # fmt: skip
        for there in (ref, "EX-999"):
            answer = (
                tom.get(f"/exceptions/{there}{path}") if body is None else tom.post(f"/exceptions/{there}{path}", body)
            )
            problem(answer, 404, "not-found")
    assert sam.get(f"/exceptions/{ref}/messages").get_json() == {"items": []}


def test_above_the_bound_a_program_decides_nothing_but_may_decline(
    app: Flask, company: Company, ana: Api, sam: Api
) -> None:
    bound_actions.set_bounds(
        currency="GBP",
        batch_max=None,
        proof_above=Money(40_000, "GBP"),
        version=0,
        actor=company.max.actor,
        now=utc_now(),
    )
    first, second, third = ask(ana), ask(ana, "410.00"), ask(ana, "420.00")
    yes = {"outcome": "approved", "reason": "Fair."}
    problem(sam.post(f"/exceptions/{first}/decisions", yes), 403, "proof-needed")
    assert sam.post(f"/exceptions/{second}/decisions", {**yes, "amount": money("400.00")}).status_code == 201
    assert sam.post(f"/exceptions/{third}/decisions", {"outcome": "declined", "reason": "No."}).status_code == 201


def test_a_stand_in_outside_of_their_reach_decides_nothing_above_the_bound_by_a_program(
    app: Flask, company: Company, ana: Api
) -> None:
    now, tom = utc_now(), company.tom
    assert tom is not None
    bound_actions.set_bounds(
        currency="GBP", batch_max=None, proof_above=Money(40_000, "GBP"), version=0, actor=company.max.actor, now=now
    )
    absences.set_absence(
        employee_id=company.sam.id, from_at=now - timedelta(hours=1), to_at=now + timedelta(days=1), stand_in_id=tom.id,
        actor=company.sam.actor, now=now,
    )  # fmt: skip
    first, second = ask(ana), ask(ana, "390.00")
    yes = {"outcome": "approved", "reason": "Fair."}
    his = Api(app, tom)
    problem(his.post(f"/exceptions/{first}/decisions", yes), 403, "proof-needed")
    assert his.post(f"/exceptions/{second}/decisions", yes).status_code == 201
    problem(his.post("/exceptions/EX-999/decisions", yes), 404, "not-found")
