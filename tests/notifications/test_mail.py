"""Notices by mail: quiet hours and digests as rules, and real mails through a real SMTP server."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.audit import actions as audit
from app.customers.check_back_actions import HANDED
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.time import UTC, utc_now
from app.kernel.transactions import transaction
from app.notifications import jobs, mail_actions, outbox_jobs
from app.notifications.actions import notify
from app.notifications.mail_rules import Wish, digest_day, send_at
from app.notifications.outbox_models import OutboxAttempt
from app.people.queries import person
from app.people.stop_actions import stop_access
from app.sla import jobs as sla_jobs
from tests.notifications.conftest import Box
from tests.people.builders import OPERATOR, make_company, sign_in
from tests.sla.builders import HOUR, MONDAY, open_desk

LONDON = "Europe/London"


def local(text: str, zone: str = LONDON) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("quiet", "at", "expected"),
    [
        ((None, None), "2026-02-02 23:30", "2026-02-02 23:30"),
        (("22:00", "07:00"), "2026-02-02 21:59", "2026-02-02 21:59"),
        (("22:00", "07:00"), "2026-02-02 22:00", "2026-02-03 07:00"),
        (("22:00", "07:00"), "2026-02-03 06:59", "2026-02-03 07:00"),
        (("22:00", "07:00"), "2026-02-03 07:00", "2026-02-03 07:00"),
        (("12:00", "14:00"), "2026-02-03 13:00", "2026-02-03 14:00"),
        (("23:00", "01:30"), "2026-03-28 23:30", "2026-03-29 02:00"),  # 01:30 is skipped that night
        (("08:00", "08:00"), "2026-02-03 08:00", "2026-02-03 08:00"),
    ],
)
def test_quiet_hours_hold_a_mail_until_they_end(quiet: tuple[str | None, str | None], at: str, expected: str) -> None:
    assert send_at(Wish("each", *quiet, zone=LONDON), local(at)) == local(expected)


@pytest.mark.parametrize(
    ("at", "last", "day"),
    [
        ("2026-02-03 07:59", None, None),
        ("2026-02-03 08:00", None, "2026-02-03"),
        ("2026-02-03 08:00", "2026-02-03", None),
        ("2026-02-09 12:00", "2026-02-03", "2026-02-09"),
        ("2026-03-29 08:00", "2026-03-28", "2026-03-29"),
    ],
)
def test_a_digest_is_due_once_a_day_on_the_readers_wall(at: str, last: str | None, day: str | None) -> None:
    found = digest_day(Wish("digest", zone=LONDON), datetime.fromisoformat(last).date() if last else None, local(at))
    assert (found.isoformat() if found else None) == day
    assert digest_day(Wish("each", zone=LONDON), None, local(at)) is None


def test_a_breach_reaches_inbox_and_mail_once_each_after_quiet_hours_and_in_a_digest(
    posting: tuple[Flask, Box],
) -> None:
    _app, box = posting
    desk = open_desk()
    ana, sam = person(desk.ana), person(desk.sam)
    assert ana is not None and sam is not None
    mail_actions.prefer(
        mail="each", quiet_from="08:00", quiet_to="11:00", digest_at="08:00", version=0, actor=ana.actor, now=MONDAY
    )
    mail_actions.prefer(
        mail="digest", quiet_from=None, quiet_to=None, digest_at="16:00", version=0, actor=sam.actor, now=MONDAY
    )
    desk.start(severity=4)  # acknowledge by 09:15, reply by 09:30
    second = timedelta(seconds=1)
    for minutes in (10, 15, 30):
        sla_jobs.sweep(now=MONDAY + timedelta(minutes=minutes) + second)
    now = MONDAY + HOUR
    assert outbox_jobs.deliver_due(now=now) == 0  # Ana's are quiet, Sam's wait for the digest
    box.answers = ["451 come back later"]
    assert outbox_jobs.deliver_due(now=MONDAY + 2 * HOUR) >= 3
    assert outbox_jobs.deliver_due(now=MONDAY + 3 * HOUR) == 1
    to_ana = [mail for mail in box.mails if mail["To"] == ana.email]
    assert sorted(mail["Subject"] for mail in to_ana).count("MG-1 was not acknowledged in time.") == 1
    assert len({mail["Message-ID"] for mail in to_ana}) == len(to_ana) == len(box.mails)
    assert "http://localhost/cases/MG-1" in to_ana[0].get_content()
    assert [jobs.send_digests(now=MONDAY + 6.9 * HOUR), jobs.send_digests(now=MONDAY + 7 * HOUR)] == [0, 1]
    assert [jobs.send_digests(now=MONDAY + 7 * HOUR), outbox_jobs.deliver_due(now=MONDAY + 7 * HOUR)] == [0, 1]
    digest = box.mails[-1]
    assert digest["To"] == sam.email
    assert "The first reply to MG-1 is late." in digest.get_content()
    assert {row[0] for row in db.session.query(OutboxAttempt.state)} == {"delivered", "failed"}


def test_without_a_mail_server_nothing_is_owed(app: Flask) -> None:
    desk = open_desk()
    desk.start(severity=4)
    sla_jobs.sweep(now=MONDAY + 90 * HOUR)
    assert db.session.query(OutboxAttempt).count() == 0
    assert jobs.send_digests(now=MONDAY) == 0


def test_everyone_chooses_their_own_notices(app: Flask) -> None:
    company = make_company(second_site=False)
    client = sign_in(app.test_client(), company.ana)
    assert b"Europe/London" in client.get("/me/notices").data
    typed = {"version": "0", "mail": "digest", "quiet_from": "22:00", "quiet_to": "07:00", "digest_at": "07:30"}
    assert client.post("/me/notices", data=typed).status_code == 303
    held = mail_actions.held_wish(company.ana.id)
    assert (held.wish.mail, held.wish.quiet_from, held.wish.digest_at, held.version) == ("digest", "22:00", "07:30", 1)
    assert client.post("/me/notices", data=typed).status_code == 409
    for change in ({"mail": "often"}, {"quiet_to": ""}, {"quiet_from": "25:00"}, {"digest_at": "soon"}):
        assert client.post("/me/notices", data={**typed, "version": "1", **change}).status_code == 422, change
    actor = company.bo.actor
    with pytest.raises(BadInput):
        mail_actions.prefer(
            mail="x", quiet_from=None, quiet_to=None, digest_at="08:00", version=0, actor=actor, now=utc_now()
        )
    with pytest.raises(Conflict):
        mail_actions.prefer(
            mail="off", quiet_from=None, quiet_to=None, digest_at="08:00", version=9, actor=actor, now=datetime.now(UTC)
        )


def test_whose_access_was_stopped_gets_no_notice_and_words_with_line_ends_go_out(posting: tuple[Flask, Box]) -> None:
    """Nobody could take over what Bo holds, so Bo is not deactivated yet: customers' names reach them no more all the same."""
    _app, box = posting
    company, now = make_company(second_site=False), utc_now()
    with transaction():
        notify(
            employee_ids=[company.ana.id, company.bo.id], kind="exception", subject="EX-1", url="/exceptions/EX-1",
            text_key="check_back:due", params={"customer": "Cleo\r\nBcc: x@evil.example", "what": "warm?"}, at=now,
        )  # fmt: skip
        audit.record(HANDED, subject="CB-1", actor=OPERATOR, at=now, owner="EM-1")
    stop_access(employee_id=company.bo.id, reason="Nobody can take over.", actor=OPERATOR, now=now)
    outbox_jobs.deliver_due(now=now, limit=50)
    sent = [mail for mail in box.mails if "Cleo" in str(mail["Subject"])]
    assert [mail["To"] for mail in sent] == [company.ana.email]
    assert "Bcc: x@evil.example" in sent[0]["Subject"] and sent[0]["Bcc"] is None
