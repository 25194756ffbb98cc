"""The panel and the remedies of a case, asked by the owner, a colleague and a stranger."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.approvals.models import ExceptionRequest
from app.budgets.checks import violations
from app.budgets.models import Purse
from app.kernel.database import db
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

HX = {"HX-Request": "true"}


def ready(app: Flask) -> tuple[Company, str]:
    company = make_company()
    publish_policy()
    ref = make_case(company.ana).ref
    db.session.rollback()
    return company, ref


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def offer(client: FlaskClient, ref: str, amount: str, **changes: Any) -> Any:
    typed = {"kind": "refund", "amount": amount, "nature": "goodwill", "intent": "a-key-of-its-own", **changes}
    return client.post(f"/cases/{ref}/remedies", data=typed)


def test_the_answer_follows_what_is_typed_and_writes_nothing(app: Flask) -> None:
    company, ref = ready(app)
    client = sign_in(app.test_client(), company.ana)
    for amount, said in (
        ("120.00", "Yes, you may."),
        ("3000", "Sam Okafor decides."),
        ("20000", "Nobody may"),
        ("x", "No."),
    ):
        answer = client.post(f"/cases/{ref}/can-i", data={"kind": "refund", "amount": amount}, headers=HX)
        assert answer.status_code == 200
        assert said in words(answer.text)
        assert "<html" not in answer.text
    assert "Offer £120.00 to Cleo" in client.post(f"/cases/{ref}/can-i", data={"kind": "refund", "amount": "120"}).text
    assert db.session.query(Remedy).count() == 0


def test_a_form_sent_twice_offers_once(app: Flask) -> None:
    company, ref = ready(app)
    client = sign_in(app.test_client(), company.ana)
    for _ in range(2):
        answer = offer(client, ref, "120.00")
        assert (answer.status_code, answer.location) == (303, f"/cases/{ref}#remedies")
    assert db.session.query(Remedy).count() == 1


def test_above_authority_the_same_form_asks_for_an_exception_and_gives_the_part_at_once(app: Flask) -> None:
    company, ref = ready(app)
    client = sign_in(app.test_client(), company.ana)
    silent = offer(client, ref, "3000")
    assert silent.status_code == 422
    assert 'value="3000"' in silent.text
    for _ in range(2):
        assert offer(client, ref, "3000", reason="No bed for the night.", part="20000").status_code == 303
    assert db.session.query(ExceptionRequest).one().amount_minor == 280_000
    assert {row.state: row.amount_minor for row in db.session.query(Remedy)} == {
        "reserved": 20_000,
        "requested": 280_000,
    }


def test_mistakes_stand_beside_their_field_and_change_nothing(app: Flask) -> None:
    company, ref = ready(app)
    client = sign_in(app.test_client(), company.ana)
    for typed in (
        {"amount": ""},
        {"amount": "-5"},
        {"amount": "NaN"},
        {"amount": "1e3"},
        {"amount": "1.234"},
        {"kind": "gold"},
    ):
        answer = offer(client, ref, **{"amount": "5", **typed})
        assert answer.status_code == 422, typed
    assert offer(client, ref, "500", nature="redress").status_code == 422
    assert db.session.query(Remedy).count() == 0


def test_an_offer_is_accepted_once_and_reversed_by_who_leads(app: Flask) -> None:
    company, ref = ready(app)
    ana, sam = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.sam)
    offer(ana, ref, "120.00")
    assert ana.post("/remedies/RM-1/acceptance").status_code == 303
    assert ana.post("/remedies/RM-1/acceptance").status_code == 409
    assert ana.post("/remedies/RM-1/reversal", data={"reason": "wrong guest"}).status_code == 403
    assert sam.post("/remedies/RM-1/reversal", data={"reason": ""}).status_code == 422
    assert sam.post("/remedies/RM-1/reversal", data={"reason": "wrong guest"}).status_code == 303
    assert db.session.query(Remedy).populate_existing().one().state == "reversed"
    assert violations() == []


def test_a_stranger_finds_nothing_and_those_who_only_read_may_not_give(app: Flask) -> None:
    company, ref = ready(app)
    assert company.nia is not None
    offer(sign_in(app.test_client(), company.ana), ref, "120.00")
    stranger, auditor = sign_in(app.test_client(), company.nia), sign_in(app.test_client(), company.audra)
    for url in (
        f"/cases/{ref}/can-i",
        f"/cases/{ref}/remedies",
        "/remedies/RM-1/acceptance",
        "/remedies/RM-1/withdrawal",
    ):
        assert stranger.post(url, data={"kind": "refund", "amount": "5"}).status_code == 404
        assert auditor.post(url, data={"kind": "refund", "amount": "5"}).status_code == 403
    assert sign_in(app.test_client(), company.bo).post("/remedies/RM-1/withdrawal").status_code == 303


def test_less_may_be_accepted_and_what_is_not_needed_is_released(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    first, second = give(company.ana, case.id, 5_000), give(company.ana, case.id, 4_000)
    ana = sign_in(app.test_client(), company.ana)
    assert "Otherwise…" in ana.get(f"/cases/{case.ref}").text
    for wrong in ("50.01", "no money"):
        assert ana.post(f"/remedies/{first.ref}/acceptance", data={"amount": wrong}).status_code == 422
    assert ana.post(f"/remedies/{first.ref}/acceptance", data={"amount": "30.00"}).status_code == 303
    released = ana.post(f"/remedies/{second.ref}/release", data={"reason": "a room was found"})
    assert released.status_code == 303
    assert ana.post(f"/remedies/{second.ref}/release", data={"reason": "again"}).status_code == 409
    db.session.expire_all()
    states = {row.id: (row.state, row.amount_minor) for row in db.session.query(Remedy)}
    assert states == {first.id: ("settled", 3_000), second.id: ("released", 4_000)}
    month = db.session.query(Purse).filter_by(unit="employee_month").one()
    assert (month.reserved_minor, month.settled_minor) == (0, 3_000)
    assert violations() == []
