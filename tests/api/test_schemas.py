"""What the API refuses before any room hears of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.api.auth import bearer
from app.api.idempotency import fingerprint, key_of
from app.api.problems import ApiProblem
from app.api.schemas import CaseIn, MoneyIn, NoteIn
from app.kernel.errors import BadInput
from app.kernel.money import Money

CASE = {"category": "room", "severity": 2, "summary": "Not ready", "channel": "desk"}


def refused(model: Any, body: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(body)
    return [".".join(map(str, row["loc"])) for row in caught.value.errors()]


def case_with(**changes: Any) -> str:
    import orjson

    return orjson.dumps({**CASE, **changes}).decode()


def test_the_shortest_case_is_enough() -> None:
    case = CaseIn.model_validate_json(case_with())
    assert (case.severity, case.customer, case.occurred_at) == (2, None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"severity": 5}, "severity"),
        ({"severity": -1}, "severity"),
        ({"severity": "2"}, "severity"),
        ({"severity": 2.5}, "severity"),
        ({"severity": True}, "severity"),
        ({"summary": ""}, "summary"),
        ({"summary": " \t"}, "summary"),
        ({"summary": "a\x00b"}, "summary"),
        ({"summary": "x" * 121}, "summary"),
        ({"channel": "pigeon"}, "channel"),
        ({"category": "Room 1"}, "category"),
        ({"occurred_at": "2026-03-19T15:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": 1_700_000_000}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at"),
        ({"customer": {"name": ""}}, "customer.name"),
        ({"customer": {"name": "Cleo", "email": "no address"}}, "customer.email"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    assert refused(CaseIn, case_with(**changes)) == [field]


def test_three_point_zero_is_a_whole_number() -> None:
    assert CaseIn.model_validate_json(case_with(severity=3.0)).severity == 3


def test_a_text_at_the_limit_is_taken() -> None:
    assert len(CaseIn.model_validate_json(case_with(summary="x" * 120)).summary) == 120


@pytest.mark.parametrize("text", ["120", "120.00", "0.5", "0"])
def test_an_amount_is_text_in_major_units(text: str) -> None:
    money = MoneyIn.model_validate_json(f'{{"amount": "{text}", "currency": "USD"}}').money()
    assert money == Money(round(float(text) * 100), "USD")


@pytest.mark.parametrize("text", ["-1", "1e3", "1,000.00", "١٢", "", " 1", "1.", ".5", "1.0000", "9" * 13])
def test_what_is_no_amount_is_refused(text: str) -> None:
    assert refused(MoneyIn, f'{{"amount": "{text}", "currency": "USD"}}') == ["amount"]


def test_a_number_is_no_amount() -> None:
    assert refused(MoneyIn, '{"amount": 120.0, "currency": "USD"}') == ["amount"]


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("1.001", "USD"), ("1.00", "XQX")])
def test_a_currency_that_cannot_hold_the_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(BadInput):
        MoneyIn(amount=text, currency=currency).money()


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(ValidationError):
        NoteIn.model_validate_json('{"text": "\\ud800"}')


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        ("Bearer " + "x" * 201, None),
    ],
)
def test_a_bearer_token_is_found_in_its_header(header: str, token: str | None) -> None:
    assert bearer(header) == token


def test_equal_requests_have_one_fingerprint_whatever_the_order_of_keys() -> None:
    assert fingerprint("POST", "/a", {"x": 1, "y": 2}) == fingerprint("POST", "/a", {"y": 2, "x": 1})
    assert fingerprint("POST", "/a", {"x": 1}) != fingerprint("POST", "/a", {"x": 2})
    assert fingerprint("POST", "/a", {"x": 1}) != fingerprint("POST", "/b", {"x": 1})


@pytest.mark.parametrize("header", [None, "", "a b", "ключ", "x" * 201])
def test_a_missing_or_malformed_key_is_a_bad_request(header: str | None) -> None:
    from flask import Flask
    from flask_babel import Babel

    app = Flask(__name__)
    Babel(app)
    with app.test_request_context(), pytest.raises(ApiProblem) as caught:
        key_of(header)
    assert caught.value.status == 400
