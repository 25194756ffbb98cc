"""Changing a request about money before it is decided: the part now, another amount, and nothing left behind."""

from flask import Flask

from app.approvals.models import ExceptionRequest
from app.budgets.checks import violations
from app.budgets.models import Purse
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import publish_policy


def ask(company: Company, minor: int) -> ExceptionRequest:
    case = make_case(company.ana)
    return remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(minor, "GBP"), reason="Walked on their anniversary",
        intent="ask-for-this-0001", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip


def test_row_22_the_part_is_given_now_in_the_same_window_and_the_rest_is_asked_anew(app: Flask) -> None:
    company = make_company()
    publish_policy()
    request = ask(company, 90_000)
    client = sign_in(app.test_client(), company.ana)
    stale = {"part": "20001", "intent": "part-now-00000001"}
    assert client.post(f"/exceptions/{request.ref}/part", data=stale).status_code == 422
    said = {"part": "20000", "intent": "part-now-00000002"}
    assert client.post(f"/exceptions/{request.ref}/part", data=said).status_code == 303
    incident = db.session.query(Purse).populate_existing().filter_by(unit="incident").one()
    assert (incident.reserved_minor, incident.approved_minor) == (20_000, 0)
    again = client.post(f"/exceptions/{request.ref}/part", data={**said, "intent": "part-now-00000003"})
    assert again.status_code == 422
    db.session.refresh(request)
    assert (request.state, request.amount_minor, request.over[0]["over"]) == ("waiting", 70_000, 70_000)
    remedies.decide_exception(
        exception_id=request.id, outcome="approved", reason="", actor=company.sam.actor, now=utc_now()
    )
    states = {remedy.amount_minor: remedy.state for remedy in db.session.query(Remedy).populate_existing()}
    assert states == {20_000: "reserved", 70_000: "reserved"}
    db.session.refresh(incident)
    assert (incident.reserved_minor, incident.approved_minor) == (90_000, 70_000)
    assert violations() == []


def test_an_amended_request_is_judged_again_and_only_by_its_asker(app: Flask) -> None:
    company = make_company()
    publish_policy()
    request = ask(company, 90_000)
    url, said = f"/exceptions/{request.ref}/amendments", {"amount": "600.00", "reason": "The shuttle was ours."}
    assert sign_in(app.test_client(), company.bo).post(url, data=said).status_code == 403
    client = sign_in(app.test_client(), company.ana)
    own = client.post(url, data={**said, "amount": "150.00"})
    assert own.status_code == 422 and "take the request back" in own.text
    read = request.terms_hash
    assert client.post(url, data=said).status_code == 303
    sam = sign_in(app.test_client(), company.sam)
    decision = {"outcome": "approved", "terms": read}
    assert sam.post(f"/exceptions/{request.ref}/decisions", data=decision).status_code == 409
    db.session.refresh(request)
    assert (request.state, request.amount_minor) == ("waiting", 60_000)
    decision["terms"] = request.terms_hash
    assert sam.post(f"/exceptions/{request.ref}/decisions", data=decision).status_code == 303
    remedy = db.session.query(Remedy).populate_existing().one()
    assert (remedy.state, remedy.amount_minor, remedy.reason) == ("reserved", 60_000, "The shuttle was ours.")
    assert violations() == []


def test_a_request_taken_back_after_the_part_leaves_only_the_part_held(app: Flask) -> None:
    company = make_company()
    publish_policy()
    request = ask(company, 90_000)
    client = sign_in(app.test_client(), company.ana)
    client.post(f"/exceptions/{request.ref}/part", data={"part": "20000", "intent": "part-now-00000002"})
    assert client.post(f"/exceptions/{request.ref}/withdrawal").status_code == 303
    states = {remedy.amount_minor: remedy.state for remedy in db.session.query(Remedy).populate_existing()}
    assert states == {20_000: "reserved", 70_000: "withdrawn"}
    assert violations() == []
