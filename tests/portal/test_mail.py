"""Mails to customers through a real SMTP server: the link, in her language, once a press."""

from datetime import timedelta
from typing import Any

from flask import Flask

from app.cases.models import Case
from app.customers import actions as customers
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications import outbox_jobs
from app.notifications.outbox_models import OutboxMessage
from app.portal import link_actions as links
from app.portal.link_queries import url_of
from tests.cases.builders import make_case
from tests.notifications.conftest import Box
from tests.people.builders import OPERATOR, make_company


def test_the_link_goes_to_the_customer_in_her_language_and_not_when_it_was_replaced(
    posting: tuple[Flask, Box],
) -> None:
    app, kept = posting
    company = make_company(second_site=False)
    case = make_case(company.ana)
    case_id, summary = case.id, case.summary
    say_language(case, "de")
    now = utc_now()
    said: dict[str, Any] = {"case_id": case_id, "actor": company.ana.actor}
    for _press in range(3):
        links.mail_link(now=now, **said)
    assert outbox_jobs.deliver_due(now=now + timedelta(minutes=1)) >= 1
    mails = [mail for mail in kept.mails if mail["To"] == "cleo@example.org"]
    assert len(mails) == 1
    assert url_of(case_id, 1) in mails[0].get_content()
    assert summary not in mails[0].get_content(), "what the desk calls it stands behind the button alone"
    payloads = repr([row.payload for row in db.session.query(OutboxMessage)])
    assert url_of(case_id, 1).rsplit(".", 1)[1] not in payloads
    links.mail_link(now=now + timedelta(minutes=5), **said)
    links.make_link(now=now + timedelta(minutes=5), **said)
    outbox_jobs.deliver_due(now=now + timedelta(minutes=6))
    assert len([mail for mail in kept.mails if mail["To"] == "cleo@example.org"]) == 1
    assert app.test_client().get(url_of(case_id, 2).removeprefix("http://localhost")).status_code == 200


def say_language(case: Case, language: str) -> None:
    customer = db.session.get_one(Customer, case.customer_id)
    customers.change(
        customer_id=customer.id, version=customer.version, name=customer.name, email=customer.email,
        phone=customer.phone, language=language, actor=OPERATOR, now=utc_now(),
    )  # fmt: skip
