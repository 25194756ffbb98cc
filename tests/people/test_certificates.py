"""Certificates raise the level of authority, and their last instant lowers it, with a notice to those concerned."""

from datetime import timedelta

import pytest
from flask import Flask

from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people import certificate_actions as certificates
from app.people import certificate_jobs as jobs
from app.people import certificate_queries as queries
from app.remedies import queries as remedies
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import give, publish_policy

LIMITS = (
    {"unit": "incident", "role": "frontline", "limit_minor": 20_000, "currency": "GBP", "clause": "4.1"},
    {
        "unit": "incident",
        "role": "frontline",
        "level_min": 1,
        "limit_minor": 50_000,
        "currency": "GBP",
        "clause": "4.2",
    },
)


def test_a_certificate_raises_the_limit_until_its_last_instant_and_what_was_given_stays(app: Flask) -> None:
    company, now = make_company(), utc_now()
    publish_policy([dict(limit) for limit in LIMITS])
    case = make_case(company.ana)
    end = now + timedelta(days=100)
    granted = certificates.add_certificate(code="complaints-1", name="Complaints", level=1, actor=command("t"), now=now)
    certificates.grant(
        employee_id=company.ana.id, certificate_id=granted.id, expires_at=end, actor=command("t"), now=now
    )

    def answer(at: timedelta) -> tuple[str, str]:
        said = remedies.can_i(
            case_id=case.id, kind="refund", amount=Money(50_000, "GBP"), actor=company.ana.actor, now=end + at
        ).decision
        return said.outcome, said.clause

    assert answer(-timedelta(microseconds=1)) == ("allowed", "4.2")
    assert answer(timedelta()) == ("needs_approval", "4.1")
    given = give(company.ana, case.id, 50_000, now=now)
    assert given.decision is not None
    assert (given.decision["asked"]["level"], given.decision["asked"]["certificates"]) == (1, ["complaints-1"])
    assert jobs.tell_endings(now=end) == 1
    assert db.session.get(Remedy, given.id).state == "reserved"  # type: ignore[union-attr]
    assert queries.standing(company.bo.id, now) == queries.Standing()


def test_the_person_and_the_supervisor_are_told_two_weeks_before_and_at_the_end_once_each(app: Flask) -> None:
    company, now = make_company(), utc_now()
    made = certificates.add_certificate(code="desk", name="Desk", level=2, actor=command("t"), now=now)
    end = now + timedelta(days=30)
    certificates.grant(employee_id=company.ana.id, certificate_id=made.id, expires_at=end, actor=command("t"), now=now)
    before = end - timedelta(days=14)
    assert jobs.tell_endings(now=before - timedelta(seconds=1)) == 0
    assert jobs.tell_endings(now=before) == 1
    assert jobs.tell_endings(now=before) == 0
    assert jobs.tell_endings(now=end) == 1
    assert jobs.tell_endings(now=end + timedelta(days=9)) == 0
    told = [(row.employee_id, row.text_key) for row in db.session.query(Notification).order_by(Notification.id)]
    people = [company.ana.id, company.sam.id]
    assert told == [
        (who, line) for line in ("certificate:soon", "certificate:ended") for who in people
    ]  # fmt: skip


def test_a_revoked_certificate_gives_nothing_from_then_on(app: Flask) -> None:
    company, now = make_company(), utc_now()
    made = certificates.add_certificate(code="desk", name="Desk", level=2, actor=command("t"), now=now)
    granted = certificates.grant(
        employee_id=company.ana.id,
        certificate_id=made.id,
        expires_at=now + timedelta(days=30),
        actor=command("t"),
        now=now,
    )
    later = now + timedelta(days=1)
    assert queries.standing(company.ana.id, later).level == 2
    certificates.revoke(grant_id=granted.id, reason="not passed after all", actor=command("t"), now=later)
    assert queries.standing(company.ana.id, later) == queries.Standing()
    assert queries.standing(company.ana.id, now).level == 2
    with pytest.raises(certificates.GrantEnded):
        certificates.revoke(grant_id=granted.id, reason="again", actor=command("t"), now=later)
    with pytest.raises(BadInput):
        certificates.grant(
            employee_id=company.ana.id, certificate_id=made.id, expires_at=now, actor=command("t"), now=now
        )
    with pytest.raises(NotPermitted):
        certificates.add_certificate(code="x", name="X", level=1, actor=company.sam.actor, now=now)


def test_the_pages_grant_and_revoke(app: Flask) -> None:
    company = make_company()
    browser = sign_in(app.test_client(), company.ada)
    assert browser.post("/certificates", data={"name": "Desk", "code": "no spaces", "level": "2"}).status_code == 422
    assert browser.post("/certificates", data={"name": "Desk", "code": "desk", "level": "2"}).status_code == 303
    path = f"/people/{company.ana.ref}/certificates"
    wrong = browser.post(path, data={"certificate": "1", "expires_at": "2020-01-01"})
    assert wrong.status_code == 422
    assert "Choose a day to come." in wrong.text
    assert browser.post(path, data={"certificate": "1", "expires_at": "2099-12-31"}).status_code == 303
    assert "Level 2" in browser.get(f"/people/{company.ana.ref}").text
    assert browser.post("/certificate-grants/1/revocation", data={"reason": ""}).status_code == 422
    assert browser.post("/certificate-grants/1/revocation", data={"reason": "left"}).status_code == 303
    assert browser.get("/certificate-grants/99/revocation").status_code == 404
    assert sign_in(app.test_client(), company.sam).get(path).status_code == 403


def test_a_retired_certificate_is_granted_no_more_and_its_holders_keep_it_and_a_name_may_change(app: Flask) -> None:
    company = make_company()
    now = utc_now()
    made = certificates.add_certificate(code="fire", name="Fire safety", level=2, actor=company.ada.actor, now=now)
    certificates.grant(
        employee_id=company.ana.id, certificate_id=made.id, expires_at=now + timedelta(days=9), actor=company.ada.actor,
        now=now,
    )  # fmt: skip
    identity = made.id
    ada = sign_in(app.test_client(), company.ada)
    assert ada.post(f"/certificates/{identity}/name", data={"name": " "}).status_code == 422
    assert ada.post(f"/certificates/{identity}/name", data={"name": "Fire and water"}).status_code == 303
    assert ada.post(f"/certificates/{identity}/retirement").status_code == 303
    shown = ada.get("/certificates").text
    assert "Fire and water" in shown
    assert "Bring back" in shown
    with pytest.raises(BadInput):
        certificates.grant(
            employee_id=company.bo.id, certificate_id=identity, expires_at=now + timedelta(days=9),
            actor=company.ada.actor, now=now,
        )  # fmt: skip
    later = utc_now() + timedelta(days=1)
    assert queries.standing(company.ana.id, later) == queries.Standing(2, frozenset({"fire"}))
    assert queries.holders(later) == {identity: 1}
    assert ada.post(f"/certificates/{identity}/retirement", data={"back": "1"}).status_code == 303
    assert [row.retired_at for row in queries.certificates()] == [None]
    assert ada.post("/certificates/99/retirement").status_code == 404
    for person in (company.ana, company.sam, company.hana):
        client = sign_in(app.test_client(), person)
        assert client.post(f"/certificates/{identity}/name", data={"name": "Mine"}).status_code == 403
        assert client.post(f"/certificates/{identity}/retirement").status_code == 403
