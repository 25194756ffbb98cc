"""`flask policy explain`: the page, the API and the command give one answer."""

import json

import pytest
from flask import Flask

from app.kernel.database import db
from app.remedies.models import Remedy
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy


@pytest.mark.parametrize(
    ("amount", "outcome", "code"),
    [("200.00", "allowed", "Yes"), ("200.01", "needs_approval", "Not alone"), ("99999", "refused", "No")],
)
def test_the_command_answers_what_the_api_answers_and_writes_nothing(
    app: Flask, amount: str, outcome: str, code: str
) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    asked = {"case": case.ref, "kind": "refund", "amount": {"amount": f"{float(amount):.2f}", "currency": "GBP"}}
    answer = Api(app, company.ana).post("/decisions", asked, key=None).get_json()
    runner = app.test_cli_runner()
    said = runner.invoke(args=["policy", "explain", case.ref, "refund", amount, company.ana.ref, "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    assert told == answer
    assert told["outcome"] == outcome
    words = runner.invoke(args=["policy", "explain", case.ref, "refund", amount, company.ana.email]).output
    assert words.startswith(code)
    assert "clause" in words
    assert db.session.query(Remedy).count() == 0


def test_the_command_says_what_it_cannot_answer(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    give(company.ana, case.id, 100)
    runner = app.test_cli_runner()
    assert company.nia is not None
    for args, sentence in (
        (["MG-99", "refund", "1", company.ana.ref], "no case MG-99"),
        ([case.ref, "refund", "1", "nobody@example.org"], "nobody is called"),
        ([case.ref, "gold", "1", company.ana.ref], "Choose a remedy"),
        ([case.ref, "refund", "1.001", company.ana.ref], "decimals"),
        ([case.ref, "refund", "1", company.nia.ref], "may not see"),
    ):
        said = runner.invoke(args=["policy", "explain", *args])
        assert said.exit_code == 1
        assert sentence in said.output
