"""The pages of payouts, asked by the owner, a colleague and a stranger; and the messages that Stripe signs."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies.connectors.signing import BadSignature, sign, verify
from app.remedies.payout_models import Payout, PayoutNotice, PayoutRoute
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy
from tests.remedies.payout_builders import again, connect, route, settled, work
from tests.remedies.stand_in import HOOK_SECRET, StandIn, stand_in


@pytest.fixture
def book(app: Flask) -> Iterator[StandIn]:
    with stand_in() as made:
        connect(app, made)
        yield made


def ready() -> Company:
    company = make_company()
    publish_policy()
    return company


def test_a_manual_payout_is_a_task_with_proof_for_those_of_the_site(app: Flask) -> None:
    company = ready()
    payout = settled(company)
    ana, bo, nia, audra = (
        sign_in(app.test_client(), who) for who in (company.ana, company.bo, company.nia or company.bo, company.audra)
    )
    url = f"/payouts/{payout.ref}"
    for client in (ana, bo, audra):
        assert "£120.00" in client.get("/payouts").text
        assert client.get(url).status_code == 200
    assert "£120.00" not in nia.get("/payouts?show=all").text
    assert nia.get(url).status_code == nia.post(f"{url}/proof").status_code == 404
    assert audra.post(f"{url}/proof").status_code == 403
    assert "I paid out" not in audra.get(url).text
    mistake = ana.post(f"{url}/proof", data={"reference": "", "done_at": "2026-01-05T10:00", "text": "from the till"})
    assert mistake.status_code == 422
    assert "from the till" in mistake.text
    done_at = (utc_now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    typed = {"reference": "TILL-88", "done_at": done_at, "text": ""}
    assert bo.post(f"{url}/proof", data=typed).status_code == 303
    assert bo.post(f"{url}/proof", data=typed).status_code == 409
    shown = ana.get(url).text
    assert "TILL-88" in shown
    assert "Bo Lindgren" in shown
    assert "Paid out" in ana.get(f"/cases/MG-{payout.case_id}").text


def test_a_failed_payout_is_seen_on_the_case_and_decided_by_a_supervisor(app: Flask, book: StandIn) -> None:
    company = ready()
    route(company, "stripe")
    payout = settled(company)
    ana, sam = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.sam)
    url = f"/payouts/{payout.ref}"
    assert ana.post(f"{url}/payment", data={"payment_ref": "4242 4242"}).status_code == 422
    book.faults = ["refused"]
    assert ana.post(f"{url}/payment", data={"payment_ref": "pi_000001"}).status_code == 303
    work()
    assert "Payout failed" in ana.get(f"/cases/MG-{payout.case_id}").text
    assert payout.ref in sam.get("/payouts?show=failed").text
    assert f"for MG-{payout.case_id} failed" in sam.get("/inbox").text
    assert ana.post(f"{url}/tries").status_code == 403
    assert sam.post(f"{url}/abandonment", data={"reason": ""}).status_code == 422
    assert sam.post(f"{url}/tries", data={"payment_ref": "nonsense"}).status_code == 422
    assert sam.post(f"{url}/tries", data={"payment_ref": "pi_000002"}).status_code == 303
    work()
    assert (again(payout.id).state, book.refunds[0]["payment_intent"]) == ("sent", "pi_000002")
    assert sam.post(f"{url}/abandonment", data={"reason": "enough"}).status_code == 409


def test_stripe_is_heard_only_with_its_signature_in_time_and_once(app: Flask, book: StandIn) -> None:
    company = ready()
    route(company, "stripe")
    payout = settled(company, payment="pi_000001")
    work()
    app.config["WTF_CSRF_ENABLED"] = True  # no form of ours: the signature alone counts
    now, client = utc_now(), app.test_client()
    body, headers = book.message(book.refunds[0], "succeeded", 1, now)

    def send(body: bytes, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/hooks/stripe", data=body, headers=named).status_code

    assert send(body) == 400
    assert send(body, Stripe_Signature=sign("whsec_another-secret", body, now)) == 400
    assert send(body + b" ", **{name.replace("-", "_"): value for name, value in headers.items()}) == 400
    assert send(body, Stripe_Signature=sign(HOOK_SECRET, body, now - timedelta(seconds=400))) == 400
    assert again(payout.id).state == "sent"
    for _ in range(3):
        assert client.post("/hooks/stripe", data=body, headers=headers).status_code == 200
    assert again(payout.id).state == "confirmed"
    assert db.session.query(PayoutNotice).count() == 1
    strange = b'{"type":"refund.updated","data":{"object":{"id":"re_9"}}}'
    for other in (strange, b"[]", b"nonsense"):
        assert send(other, Stripe_Signature=sign(HOOK_SECRET, other, now)) == 200
    assert send(b"x" * 300_000) == 413
    assert db.session.query(Payout).count() == 1


def test_a_signature_is_good_to_the_last_second_of_its_time_and_under_either_secret() -> None:
    now, body = utc_now().replace(microsecond=0), b"{}"
    header = sign("the-old-secret-00", body, now)
    for seconds in (-300, 0, 300):
        verify(header, ("the-new-secret-00", "the-old-secret-00"), body, now + timedelta(seconds=seconds))
    for seconds in (-301, 301):
        with pytest.raises(BadSignature, match="too old"):
            verify(header, ("the-old-secret-00",), body, now + timedelta(seconds=seconds))
    for broken in ("", "t=1", "v1=00", "t=x,v1=00", f"{header},t=1", "t=99999999999999,v1=aa"):
        with pytest.raises(BadSignature):
            verify(broken, ("the-old-secret-00",), body, now)
    with pytest.raises(BadSignature):
        verify(sign("", body, now), ("",), body, now)


def test_the_administrator_chooses_the_way_and_nothing_that_is_not_set_up(app: Flask) -> None:
    company = ready()
    ada, ana = sign_in(app.test_client(), company.ada), sign_in(app.test_client(), company.ana)
    assert ana.get("/payout-routes").status_code == 403
    typed = {"site_id": "", "kind": "refund", "connector": "stripe"}
    refused = ada.post("/payout-routes", data=typed)
    assert refused.status_code == 422
    assert "MAKEGOOD_STRIPE_API_KEY" in refused.text
    with stand_in() as book:
        connect(app, book)
        for connector in ("stripe", "webhook"):
            assert ada.post("/payout-routes", data={**typed, "connector": connector}).status_code == 303
    chosen = db.session.query(PayoutRoute).one()
    assert (chosen.key, chosen.connector) == ("*:refund", "webhook")
    assert "by our own server" in ada.get("/payout-routes").text
    assert ada.post(f"/payout-routes/{chosen.id}/removal").status_code == 303
    assert settled(company).connector == "manual"


def test_the_desk_tells_who_gave_what_waits_to_be_paid_out(app: Flask) -> None:
    company = ready()
    settled(company)  # Sam's
    mine = give(company.ana, make_case(company.ana).id, 4_000)
    remedies.accept(remedy_id=mine.id, actor=company.ana.actor, now=utc_now())
    ana, sam = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.sam)
    assert "1 to pay out" in ana.get("/payouts/waiting").text
    assert "/payouts/waiting" in ana.get("/").text
    shown = ana.get("/payouts?show=mine").text
    assert "£40.00" in shown
    assert "£120.00" not in shown
    assert sam.get("/payouts/waiting").text.strip() == ""
    payout = db.session.query(Payout).filter_by(remedy_id=mine.id).one()
    payouts.prove(payout_id=payout.id, reference="T-1", done_at=utc_now(), actor=company.ana.actor, now=utc_now())
    assert ana.get("/payouts/waiting").text.strip() == ""
