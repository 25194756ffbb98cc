"""The link of a mail that asks for a decision: for one person, once, until its time, and above an amount with a code."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from app import create_app
from app.approvals import actions as approvals
from app.approvals import bound_actions
from app.approvals import link_actions as links
from app.approvals.models import ExceptionRequest, UsedLink
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.signing import sign
from app.kernel.time import utc_now
from app.notifications import outbox_jobs
from app.notifications.models import Notification
from tests.approvals.builders import make_request
from tests.conftest import _forget_the_last_request, settings_for
from tests.notifications.conftest import Box, box
from tests.people.builders import Company, make_company, sign_in
from tests.people.factoring import give_factor, sign_in_proved

__all__ = ["box"]
# The number of a request, and a form's token with the second in which it was made.
PASSING = re.compile(r"[0-9a-f]{32}|[\w-]{20,}\.[\w-]{6}\.[\w-]{27}")


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def link_of(request: ExceptionRequest, employee_id: int, now: datetime | None = None) -> str:
    line = db.session.query(Notification).filter_by(subject=request.ref, employee_id=employee_id).first()
    path = links.path_for(line, now or utc_now())
    db.session.rollback()
    assert path is not None
    return path


def test_looking_uses_nothing_up_and_the_decision_does(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    path = link_of(request, company.sam.id)
    sam = sign_in(app.test_client(), company.sam)
    for _ in range(20):
        page = sam.get(path)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer" and "no-store" in page.headers["Cache-Control"]
    token = path.removeprefix("/decide/")
    assert page.text.count(f'name="link" value="{token}"') == 3
    assert db.session.query(UsedLink).count() == 0
    sent = {"outcome": "declined", "link": token, "terms": request.terms_hash}
    again = sam.post(f"/exceptions/{request.ref}/decisions", data=sent)
    assert again.status_code == 422 and f'value="{token}"' in again.text  # no reason: nothing used up, and kept
    done = sam.post(f"/exceptions/{request.ref}/decisions", data={**sent, "reason": "Not this one."})
    assert done.status_code == 303
    assert db.session.query(UsedLink).count() == 1
    entry = db.session.query(AuditEntry).filter_by(type="exception:link").one()
    assert (entry.subject, entry.actor_id) == (request.ref, company.sam.id)
    later = sam.get(path)
    assert (later.status_code, later.headers["Location"]) == (303, f"/exceptions/{request.ref}")


def test_it_opens_for_nobody_but_the_one_it_was_sent_to(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    path = link_of(request, company.sam.id)
    stranger = app.test_client().get(path)
    assert stranger.status_code == 303 and stranger.headers["Location"].startswith("/sign-in?next=/decide/")
    for person in (company.max, company.ana, company.tom):
        assert person is not None
        client = sign_in(app.test_client(), person)
        other = client.get(path)
        assert other.status_code == 404
        nothing = client.get("/decide/nonsense").text.replace("/decide/nonsense", path)
        assert PASSING.sub("", other.text) == PASSING.sub("", nothing), "a real link answers like no link"
    # With somebody else's link a decision is one's own, and uses nothing up.
    sent = {"outcome": "approved", "link": path.removeprefix("/decide/")}
    assert (
        sign_in(app.test_client(), company.max).post(f"/exceptions/{request.ref}/decisions", data=sent).status_code
        == 303
    )
    assert db.session.query(UsedLink).count() == 0


def test_an_old_a_used_and_an_overtaken_link_lead_kindly_to_the_request(app: Flask, company: Company) -> None:
    now = utc_now()
    request = make_request(company.ana)
    path = link_of(request, company.sam.id, now)
    with time_machine.travel(now + links.LASTS - timedelta(seconds=1), tick=False) as clock:
        sam = sign_in(app.test_client(), company.sam)
        assert sam.get(path).status_code == 200
        clock.shift(timedelta(seconds=1))
        late = sam.get(path, follow_redirects=True)
        assert late.request.path == f"/exceptions/{request.ref}"
        assert "has ended" in late.text
    changed = make_request(company.ana, terms_hash="cd" * 32)
    said = {"e": changed.id, "n": 1, "t": "ab" * 8}
    token = sign("decide", company.sam.ref, said, expires_at=now + timedelta(hours=1), secrets_=links._secrets())
    sam = sign_in(app.test_client(), company.sam)
    assert sam.get(f"/decide/{token}").headers["Location"] == f"/exceptions/{changed.ref}"


@pytest.mark.parametrize("purpose", ["reset", "batch-shown"])
def test_a_text_signed_for_another_purpose_is_no_link(app: Flask, company: Company, purpose: str) -> None:
    now = utc_now()
    said = {"e": 1, "n": 1, "t": "ab" * 8}
    token = sign(purpose, company.sam.ref, said, expires_at=now + timedelta(hours=1), secrets_=links._secrets())
    with pytest.raises(NotFound):
        links.read(token, now)


def test_a_link_is_used_once_also_in_two_decisions_at_once(app: Flask, company: Company) -> None:
    """The key of the table holds it: here the second decision finds the link taken."""
    request, now = make_request(company.ana), utc_now()
    token = link_of(request, company.sam.id).removeprefix("/decide/")
    with links.using(token, exception_id=request.id, actor=company.sam.actor, now=now):
        pass
    with pytest.raises(links.LinkUsed), links.using(token, exception_id=request.id, actor=company.sam.actor, now=now):
        approvals.decide(
            exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=now
        )
    db.session.expire_all()
    assert db.session.get(ExceptionRequest, request.id).state == "waiting"  # type: ignore[union-attr]


def test_above_the_bound_a_code_is_asked_for_and_the_decision_goes_on_with_what_was_typed(
    app: Flask, company: Company
) -> None:
    now = utc_now()
    bound_actions.set_bounds(
        currency="GBP", batch_max=None, proof_above=Money(15_000, "GBP"), version=0, actor=company.max.actor, now=now
    )
    phone = give_factor(company.sam, now)
    request = make_request(company.ana)
    sam = sign_in_proved(app.test_client(), company.sam, now=now - timedelta(minutes=6))
    url, token = f"/exceptions/{request.ref}/decisions", link_of(request, company.sam.id).removeprefix("/decide/")
    sent = {"outcome": "less", "amount": "150.01", "reason": "A fair part.", "link": token, "terms": request.terms_hash}
    asked = sam.post(url, data=sent)
    assert asked.status_code == 403 and 'value="A fair part."' in asked.text
    kept = {**sent, "proof_next": url, "proof_resent": "yes"}
    right = sam.post("/me/proof", data={**kept, "proof_code": phone.code(utc_now())})
    assert (right.status_code, right.headers["Location"]) == (307, url)
    assert sam.post(url, data=kept).status_code == 303
    assert db.session.query(UsedLink).count() == 1
    small = make_request(company.ana)
    bare = sign_in_proved(app.test_client(), company.sam, now=now - timedelta(minutes=6))
    answer = bare.post(
        f"/exceptions/{small.ref}/decisions", data={"outcome": "less", "amount": "150.00", "reason": "So."}
    )
    assert answer.status_code == 303  # at the bound a bare sign-in is enough
    # Who has no second factor is led to add one, with the decision kept.
    other = make_request(company.ana)
    led = sign_in(app.test_client(), company.max).post(
        f"/exceptions/{other.ref}/decisions", data={"outcome": "approved"}
    )
    assert led.status_code == 307 and led.headers["Location"].startswith(
        "/me/second-factor/offer?proof_next=/exceptions"
    )


@pytest.fixture
def posting(box: tuple[Box, int], database_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Box]]:
    settings = settings_for(
        database_url, tmp_path, MAKEGOOD_SMTP_HOST="127.0.0.1", MAKEGOOD_SMTP_PORT=str(box[1]),
        MAKEGOOD_SMTP_STARTTLS="no", MAKEGOOD_MAIL_FROM="makegood@example.org",
    )  # fmt: skip
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    app.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    with app.app_context():
        yield app, box[0]
        db.session.remove()
        db.engine.dispose()


def test_the_mail_that_asks_carries_the_link_and_the_mail_that_tells_does_not(posting: tuple[Flask, Box]) -> None:
    app, box = posting
    company = make_company(second_site=False)
    request, now = make_request(company.ana), utc_now()
    outbox_jobs.deliver_due(now=now)
    mail = next(mail for mail in box.mails if mail["To"] == company.sam.email)
    path = re.search(r"http://localhost(/decide/\S+)", mail.get_content())
    assert path
    assert sign_in(app.test_client(), company.sam).get(path[1]).status_code == 200
    approvals.decide(
        exception_id=request.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=now
    )
    outbox_jobs.deliver_due(now=now)
    answer = box.mails[-1]
    assert answer["To"] == company.ana.email
    assert f"http://localhost/exceptions/{request.ref}" in answer.get_content()
    assert "/decide/" not in answer.get_content()
