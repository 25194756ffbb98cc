"""Mails and crashes: at every step of a delivery the process dies, against a real SMTP server; no mail comes twice by itself."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.paging import Page
from app.kernel.transactions import transaction
from app.notifications import outbox_actions as outbox
from app.notifications import outbox_jobs, outbox_queries
from app.notifications.actions import notify
from app.notifications.outbox_jobs import deliver_due
from app.notifications.outbox_models import OutboxAttempt, OutboxHandover
from app.notifications.outbox_rules import LEASE_SECONDS
from app.sla import actions as clocks
from app.sla.notice_words import REST_ENDED
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in
from tests.sla.builders import MONDAY, TEST

AFTER = MONDAY + timedelta(seconds=LEASE_SECONDS)


class Killed(BaseException):
    """Stands for a process that dies at once."""


def owe(company: Company) -> None:
    with transaction():
        clocks.audit.record(clocks.CANCELLED, subject="MG-1", actor=TEST, at=MONDAY, milestones=[])
        notify(
            employee_ids=[company.ana.id], kind="clock:rest-ended", subject="MG-1", url="/cases/MG-1",
            text_key=REST_ENDED, params={"case": "MG-1"}, at=MONDAY,
        )  # fmt: skip


def states() -> list[str]:
    db.session.rollback()
    return [row.state for row in db.session.query(OutboxAttempt).order_by(OutboxAttempt.id)]


def die(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool = False) -> None:
    """Let the first call of a function kill the process, before or after it has done its work."""
    real: Callable[..., Any] = getattr(owner, name)

    def deadly(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, real)
        if after:
            real(*given, **named)
        raise Killed

    monkeypatch.setattr(owner, name, deadly)


# Before the text goes out the server has nothing: the mail is sent once by the next try, by itself.
SAFE = [
    (smtplib.SMTP, "connect", False),
    (smtplib.SMTP, "connect", True),
    (smtplib.SMTP, "mail", True),
    (smtplib.SMTP, "rcpt", False),
    (smtplib.SMTP, "rcpt", True),
]
# From then on nobody knows: never sent, or taken by the server.
UNKNOWN = [(smtplib.SMTP, "data", False, 0), (smtplib.SMTP, "data", True, 1), (outbox_jobs, "_end", False, 1)]


@pytest.mark.parametrize(("owner", "name", "after"), SAFE)
def test_a_crash_before_the_text_goes_out_costs_nothing(
    posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool
) -> None:
    owe(make_company(second_site=False))
    die(monkeypatch, owner, name, after=after)
    with pytest.raises(Killed):
        deliver_due(now=MONDAY)
    assert (deliver_due(now=AFTER - timedelta(seconds=1)), deliver_due(now=AFTER)) == (0, 1)
    assert (len(posting[1].mails), states()) == (1, ["lost", "delivered"])
    assert db.session.query(OutboxHandover).count() == 0


@pytest.mark.parametrize(("owner", "name", "after", "taken"), UNKNOWN)
def test_a_crash_while_it_is_handed_over_is_shown_as_unknown_and_nothing_is_sent_blindly(
    posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool, taken: int
) -> None:
    app, box = posting
    company = make_company(second_site=False)
    owe(company)
    die(monkeypatch, owner, name, after=after)
    with pytest.raises(Killed):
        deliver_due(now=MONDAY)
    db.session.rollback()
    assert [deliver_due(now=AFTER + timedelta(days=day)) for day in range(3)] == [0, 0, 0]
    assert (len(box.mails), states()) == (taken, ["dead"])
    row = outbox_queries.dead_letters(Page()).rows[0]
    assert row.is_unknown
    ada = sign_in(app.test_client(), company.ada)
    assert "May have arrived" in ada.get("/outbox").text
    if taken:
        assert ada.post(f"/outbox/{row.ref}/arrival").status_code == 303
        assert ada.post(f"/outbox/{row.ref}/arrival").status_code == 409
        assert states() == ["delivered"]
    else:
        assert ada.post(f"/outbox/{row.ref}/tries").status_code == 303
        deliver_due(now=AFTER + timedelta(days=365 * 2))
        assert states() == ["failed", "delivered"]
    assert len(box.mails) == 1
    named = "outbox:arrived" if taken else "outbox:retry"
    assert db.session.query(AuditEntry).filter_by(type=named).count() == 1
    assert outbox_queries.dead_count() == db.session.query(OutboxHandover).count() == 0


def test_a_server_that_breaks_off_after_the_text_leaves_it_unknown_and_one_that_answers_does_not(
    posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    _app, box = posting
    company = make_company(second_site=False)
    owe(company)
    real = smtplib.SMTP.data

    def broken(server: smtplib.SMTP, text: bytes) -> Any:
        real(server, text)
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "data", broken)
    assert deliver_due(now=MONDAY) == 1
    monkeypatch.setattr(smtplib.SMTP, "data", real)
    assert (len(box.mails), states()) == (1, ["dead"])
    owe(company)
    box.answers = ["451 later", "554 never"]
    assert deliver_due(now=AFTER) == 1
    assert states() == ["dead", "failed", "waiting"], "a refusal is an answer: it is tried again"
    assert db.session.query(OutboxHandover).count() == 1


def test_a_try_that_another_process_has_taken_up_sends_nothing(
    posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process is slow to connect, its lease runs out, and another one delivers meanwhile."""
    owe(make_company(second_site=False))
    real = smtplib.SMTP.rcpt
    met: list[int] = []

    def slow(server: smtplib.SMTP, *given: Any) -> Any:
        monkeypatch.setattr(smtplib.SMTP, "rcpt", real)
        met.append(deliver_due(now=AFTER))
        return real(server, *given)

    monkeypatch.setattr(smtplib.SMTP, "rcpt", slow)
    deliver_due(now=MONDAY)
    assert (met, len(posting[1].mails), states()) == ([1], 1, ["lost", "delivered"])
    with pytest.raises(outbox.NotDead):
        outbox.note_arrived(message_id=1, actor=TEST, now=AFTER)


@pytest.mark.parametrize(("has_looked", "ends"), [(False, ["delivered"]), (True, ["failed", "waiting"])])
def test_a_slow_try_that_was_given_up_says_what_it_knows_unless_somebody_has_settled_it(
    posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch, has_looked: bool, ends: list[str]
) -> None:
    """The server takes the text for longer than the lease: another process calls it unknown, and then it is taken."""
    company = make_company(second_site=False)
    owe(company)
    real = smtplib.SMTP.data
    seen: list[list[str]] = []

    def slow(server: smtplib.SMTP, text: bytes) -> Any:
        monkeypatch.setattr(smtplib.SMTP, "data", real)
        outbox_jobs._note_unknown(AFTER)
        seen.append(states())
        assert outbox_queries.dead_letters(Page()).rows[0].is_unknown
        db.session.rollback()
        if has_looked:
            outbox.retry(message_id=1, actor=company.ada.actor, now=AFTER)
        return real(server, text)

    monkeypatch.setattr(smtplib.SMTP, "data", slow)
    deliver_due(now=MONDAY)
    assert (seen, states(), len(posting[1].mails)) == ([["dead"]], ends, 1)
    assert db.session.query(OutboxHandover).count() == 0


def test_a_try_of_somebody_else_keeps_its_handover(posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow try that learns nothing leaves what another process wrote about it as it is."""
    owe(make_company(second_site=False))

    def broken(server: smtplib.SMTP, text: bytes) -> Any:
        outbox_jobs._note_unknown(AFTER)
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(smtplib.SMTP, "data", broken)
    deliver_due(now=MONDAY)
    assert (states(), db.session.query(OutboxHandover).count()) == (["dead"], 1)
    assert outbox_queries.dead_letters(Page()).rows[0].is_unknown
