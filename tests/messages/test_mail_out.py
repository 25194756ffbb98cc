"""Mail to a customer: addressed, threaded, sent once, and what became of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.audit.models import AuditEntry
from app.cases.models import Case, CaseEvent
from app.customers import actions as customers
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.time import utc_now
from app.messages import mail_actions as mails
from app.messages import mail_rules
from app.messages.draft_actions import forget_old, keep_draft
from app.messages.mail_models import MailOut, MessageDraft
from app.messages.mail_queries import draft_of, mails_of_case
from app.messages.mailbox_actions import set_mailbox
from app.messages.models import Message
from app.notifications import outbox_jobs
from app.notifications.models import Notification
from tests.cases.builders import make_case
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company

TEXT = "Dear Cleo,\n\nwe are sorry – the room is <b>yours</b> again.\n\n  Ana & Bo 🙂"
SECRETS = ("a" * 40, "b" * 40)


def write(case: Case, company: Company, **changes: Any) -> Message:
    said: dict[str, Any] = {
        "case_id": case.id, "text": TEXT, "channel": "email", "to": "cleo@example.org", "actor": company.ana.actor,
        "now": utc_now(), "intent": "intent-1",
    }  # fmt: skip
    return mails.write(**{**said, **changes})


def test_a_reply_address_and_a_message_id_name_what_they_were_signed_for_and_nothing_else() -> None:
    address = mail_rules.reply_address("care@quay.example", 12, SECRETS)
    assert mail_rules.case_of_address(f'"Care" <{address.upper()}>', SECRETS) == 12
    assert mail_rules.case_of_address(address, SECRETS[1:]) is None
    assert mail_rules.case_of_address(address, (SECRETS[1], SECRETS[0])) == 12  # an older secret still opens
    assert mail_rules.case_of_address(address.replace("+c12.", "+c13."), SECRETS) is None
    known = mail_rules.rfc_id(7, "care@quay.example", SECRETS)
    assert mail_rules.message_of_id(known, SECRETS) == 7
    assert mail_rules.message_of_id(known.replace("<m7.", "<m8."), SECRETS) is None
    assert mail_rules.case_of_address(known, SECRETS) is None


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Cold room", "Re: Cold room"),
        ("RE: AW: Re[2]: Cold room", "Re: Cold room"),
        ("Cold\r\nBcc: all@example.org", "Re: Cold Bcc: all@example.org"),
        ("\u202eevil\x00", "Re: evil"),
        ("", "Re:"),
    ],
)
def test_the_subject_of_an_answer_is_one_line_with_one_re(subject: str, answer: str) -> None:
    assert mail_rules.answer_subject(subject) == answer


def test_the_html_part_says_the_same_words_and_runs_nothing() -> None:
    page = mail_rules.as_html("Hello <script>x</script>\nyou\n\nBye & thanks", "de-DE")
    assert "<script>" not in page and "&lt;script&gt;x&lt;/script&gt;<br>\nyou</p>\n<p>Bye &amp; thanks</p>" in page


def test_a_mail_goes_out_once_with_its_ids_and_the_case_says_so(posting: tuple[Flask, Box]) -> None:
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    set_mailbox(
        site_id=case.site_id, address="Care@Quay.example", name="Quayside, ☼", category_id=None, severity=2, version=0,
        actor=company.ada.actor, now=utc_now(),
    )  # fmt: skip
    first = write(case, company, waits=True)
    assert write(case, company, waits=True).id == first.id
    assert [one.state for one in mails_of_case(case.id).out] == ["queued"]
    assert outbox_jobs.deliver_due(now=utc_now()) == 1
    assert outbox_jobs.deliver_due(now=utc_now() + timedelta(days=2)) == 0
    (mail,) = box.mails
    secrets = posting[0].extensions["makegood_settings"].secrets
    assert mail["From"].addresses[0].addr_spec == "care@quay.example"
    assert mail_rules.case_of_address(str(mail["Reply-To"]), secrets) == case.id
    assert mail_rules.message_of_id(str(mail["Message-ID"]), secrets) == first.id
    assert mail["Auto-Submitted"] is None and mail["Subject"] == f"What you told us ({case.ref})"
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain.get_content().replace("\r\n", "\n") == TEXT + "\n" and "&lt;b&gt;yours" in html.get_content()
    assert [one.state for one in mails_of_case(case.id).out] == ["sent"]
    case = db.session.get_one(Case, case.id)
    assert (case.state, case.waiting_for) == ("waiting", "customer")
    types = [entry.type for entry in db.session.query(AuditEntry).filter_by(case_id=case.id).order_by(AuditEntry.id)]
    assert set(types[-9:]) >= {"case:answer", "message:send", "mail:queue", "case:wait", "mail:send"}


def test_send_and_resolve_is_one_deed_and_a_refusal_leaves_nothing(posting: tuple[Flask, Box]) -> None:
    company = make_company()
    case = make_case(company.ana)
    with pytest.raises(BadInput):
        write(case, company, ending=mails.Ending("made_good", "nonsense", ""))
    with pytest.raises(mails.AddressChanged):
        write(case, company, to="old@example.org")
    with pytest.raises(BadInput) as refusal:
        write(case, company, text="Dear {{customer_name}}")
    assert "The customer's name" in refusal.value.errors["text"][0]
    with pytest.raises(NotFound):
        write(case, company, actor=company.nia.actor if company.nia else None)
    assert (db.session.query(Message).count(), db.session.query(MailOut).count()) == (0, 0)
    write(case, company, ending=mails.Ending("made_good", "equipment", "New unit"))
    assert db.session.get_one(Case, case.id).state == "resolved"
    assert outbox_jobs.deliver_due(now=utc_now()) == 1


def test_without_an_address_or_a_server_nothing_is_promised(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    with pytest.raises(mails.MailIsOff):
        write(case, company)
    assert write(case, company, channel="page").channel == "page"


def test_an_address_is_not_flooded(posting: tuple[Flask, Box], monkeypatch: pytest.MonkeyPatch) -> None:
    company = make_company()
    case = make_case(company.ana)
    monkeypatch.setattr(mail_rules, "RECIPIENT_MAILS_MAX", 2)
    for number in range(2):
        write(case, company, intent=f"intent-{number}")
    with pytest.raises(mails.TooManyMails):
        write(case, company, intent="intent-2")
    write(case, company, intent="intent-2", now=utc_now() + timedelta(minutes=61))


def test_an_outage_of_a_day_loses_nothing_and_sends_nothing_twice(posting: tuple[Flask, Box]) -> None:
    """The server takes no mail for 24 hours; the scheduler runs all the while, by a clock of our own."""
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    start: datetime = utc_now()
    for number in range(3):
        write(case, company, intent=f"intent-{number}", text=f"Number {number}", now=start)
    box.answers = ["451 not now"] * 10_000
    now = start
    while now < start + timedelta(hours=24):
        outbox_jobs.deliver_due(now=now)
        now += timedelta(minutes=20)
    assert box.mails == [] and {one.state for one in mails_of_case(case.id).out} == {"queued"}
    assert all(one.tries > 10 and one.next_at for one in mails_of_case(case.id).out)
    box.answers = []
    while now < start + timedelta(hours=27):
        outbox_jobs.deliver_due(now=now)
        now += timedelta(minutes=20)
    said = sorted(mail.get_body(("plain",)).get_content().strip() for mail in box.mails)
    assert said == [f"Number {n}" for n in range(3)]
    assert {one.state for one in mails_of_case(case.id).out} == {"sent"}


def test_a_mail_that_is_refused_for_good_stands_on_the_case_as_failed(posting: tuple[Flask, Box]) -> None:
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    message = write(case, company)
    for _try in range(60):
        box.answers = ["554 never"]
        outbox_jobs.deliver_due(now=utc_now() + timedelta(hours=2 * _try))
    (mail,) = mails_of_case(case.id).out
    assert (mail.state, mail.message_id) == ("failed", message.id) and "554" in (mail.reason or "")
    event = db.session.query(CaseEvent).filter_by(case_id=case.id, kind="mail").one()
    assert event.data["what"] == "failed" and event.data["address"] == "cleo@example.org"
    assert db.session.query(Notification).filter_by(kind="mail:failed", employee_id=company.ana.id).count() == 1


def test_a_draft_is_kept_for_one_person_until_it_is_sent_or_old(posting: tuple[Flask, Box]) -> None:
    company = make_company()
    case = make_case(company.ana)
    said = {"case_id": case.id, "subject": "Your room", "now": utc_now()}
    keep_draft(text="Dear", actor=company.ana.actor, **said)
    keep_draft(text="Dear Cleo,\n ", actor=company.ana.actor, **said)
    keep_draft(text="Bo's", actor=company.bo.actor, **said)
    assert company.nia is not None
    with pytest.raises(NotFound):
        keep_draft(text="mine", actor=company.nia.actor, **said)
    found = draft_of(case.id, company.ana.id)
    assert found and (found.subject, found.text) == ("Your room", "Dear Cleo,\n ")
    write(case, company)
    assert draft_of(case.id, company.ana.id) is None
    assert forget_old(now=utc_now() + timedelta(days=29)) == 0
    assert forget_old(now=utc_now() + timedelta(days=31)) == 1
    assert db.session.query(MessageDraft).count() == 0


def test_a_customer_who_changed_her_address_gets_it_there(posting: tuple[Flask, Box]) -> None:
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    customer = db.session.get_one(Customer, case.customer_id)
    customers.change(
        customer_id=customer.id, version=customer.version, name=customer.name, email="cleo@new.example", phone=None,
        language="de", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    write(case, company, to="cleo@new.example")
    outbox_jobs.deliver_due(now=utc_now())
    assert (box.mails[0]["To"].addresses[0].addr_spec, box.mails[0]["Content-Language"]) == ("cleo@new.example", "de")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_click_waits_for_the_first_before_it_looks_whether_it_was_sent(app: Flask) -> None:
    company = make_company(second_site=False)
    case_id, said = make_case(company.ana).id, list[str]()
    event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, *_rest: said.append(statement))
    words: dict[str, Any] = {"case_id": case_id, "text": "By noon.", "channel": "page", "intent": "click-key-01"}
    mails.write(actor=company.ana.actor, now=utc_now(), **words)
    locked = next(number for number, one in enumerate(said) if "case_file" in one and "FOR UPDATE" in one)
    assert locked < next(number for number, one in enumerate(said) if "message.intent = " in one)
