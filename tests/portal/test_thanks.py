"""A customer thanks whoever put it right: from their page or after a survey, once, and without a rating."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.feedback import actions as feedback
from app.feedback import queries as surveys
from app.kernel.database import db
from app.kernel.time import utc_now
from app.reviews.recognition_models import CustomerThanks
from tests.cases.builders import make_case
from tests.feedback.test_surveys import _resolve
from tests.people.builders import make_company, sign_in
from tests.portal.builders import visit


def test_thanks_from_the_page_and_the_survey_reach_whoever_resolved_and_whoever_leads(app: Flask) -> None:
    company = make_company()
    now = utc_now()
    first, second = (make_case(company.ana, now=now - timedelta(days=5)) for _ in range(2))
    page = visit(app, first, company.ana)
    assert "Would you like to thank" not in page.get(f"/your-case/{first.ref}").text, "nobody has put it right yet"
    assert page.post(f"/your-case/{first.ref}/thanks", data={"text": "Thank you!"}).status_code == 409
    _resolve(first, company.bo.actor, now - timedelta(days=4))
    _resolve(second, company.bo.actor, now - timedelta(days=4))
    assert "Would you like to thank" in page.get(f"/your-case/{first.ref}").text
    wrong = page.post(f"/your-case/{first.ref}/thanks", data={"text": " a "})
    assert wrong.status_code == 422 and db.session.scalar(select(CustomerThanks.id)) is None
    words = "You saved our <b>anniversary</b>."
    assert page.post(f"/your-case/{first.ref}/thanks", data={"text": words}).status_code == 303
    assert "Would you like to thank" not in page.get(f"/your-case/{first.ref}").text, "once"
    assert page.post(f"/your-case/{first.ref}/thanks", data={"text": words}).status_code == 409
    stranger = app.test_client()
    assert stranger.post(f"/your-case/{second.ref}/thanks", data={"text": words}).status_code in (302, 303, 403, 404)

    survey = feedback.hand_out(case_id=second.id, actor=company.bo.actor, now=now)
    address = surveys.url_of(survey.id).removeprefix("http://localhost")
    client = app.test_client()
    assert client.post(f"{address}/thanks", data={"text": "Too early"}).status_code == 303
    answered = client.post(address, data={"csat": "5"}, follow_redirects=True).text
    assert "Would you like to thank" in answered
    assert client.post(f"{address}/thanks", data={"text": "  "}).status_code == 422
    assert "We have passed on your thanks" in client.post(f"{address}/thanks", data={"text": "So kind."}).text
    assert client.post(f"{address}/thanks", data={"text": "Again"}).status_code == 303

    rows = db.session.scalars(select(CustomerThanks).order_by(CustomerThanks.id)).all()
    assert [(row.receiver_id, row.text, row.origin) for row in rows] == [
        (company.bo.id, words, "page"), (company.bo.id, "So kind.", "survey"),
    ]  # fmt: skip
    types = db.session.scalars(select(AuditEntry.type).where(AuditEntry.type == "kudos:customer")).all()
    assert len(types) == 2
    his = sign_in(app.test_client(), company.bo).get("/kudos").text
    assert "You saved our &lt;b&gt;anniversary" in his and "So kind." in his
    led = sign_in(app.test_client(), company.sam).get("/kudos").text
    assert "What customers wrote to my people" in led and "So kind." in led
    assert "So kind." not in sign_in(app.test_client(), company.ana).get("/kudos").text
    assert company.tom is not None and "So kind." not in sign_in(app.test_client(), company.tom).get("/kudos").text


def test_an_unhappy_answer_is_asked_for_no_thanks(app: Flask) -> None:
    company = make_company()
    now = utc_now()
    case = make_case(company.ana, now=now - timedelta(days=5))
    _resolve(case, company.ana.actor, now - timedelta(days=4))
    survey = feedback.hand_out(case_id=case.id, actor=company.ana.actor, now=now)
    address = surveys.url_of(survey.id).removeprefix("http://localhost")
    client = app.test_client()
    assert "Would you like to thank" not in client.post(address, data={"csat": "1"}).text
    assert client.post(f"{address}/thanks", data={"text": "Oh well"}).status_code == 303
    assert db.session.scalar(select(CustomerThanks.id)) is None
