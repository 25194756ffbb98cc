"""Mail that comes: once, threaded, hers or a stranger's, bounces, new cases, the list; by the inlet and by IMAP."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.attachments.queries import files_of
from app.cases import actions as cases
from app.cases.models import Case, CaseEvent
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.time import utc_now
from app.messages import jobs, mail_rules, sort_actions
from app.messages import mail_actions as mails
from app.messages import mail_in_actions as mail_in
from app.messages.mail_in_actions import POSTMAN, take_in
from app.messages.mail_models import MailIn, MailOut
from app.messages.mail_queries import mails_of_case
from app.messages.mailbox_actions import set_mailbox
from app.messages.models import Message
from app.messages.queries import messages_of
from app.notifications import outbox_jobs
from app.notifications.models import Notification
from app.people.models import Site
from tests.api.client import Api
from tests.attachments.hostile import picture
from tests.cases.builders import make_case
from tests.messages.imap_stand_in import imap_server
from tests.messages.mails import bounce, hostile, mail
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in


def take(raw: bytes, **changes: Any) -> mail_in.Taken:
    return take_in(**{"raw": raw, "source": "api", "actor": POSTMAN, "now": utc_now(), **changes})


def sent_mail(company: Company, case: Case, box: Box) -> Any:
    mails.write(
        case_id=case.id, text="What happened?", channel="email", to="cleo@example.org", waits=True,
        actor=company.ana.actor, now=utc_now(), intent="first",
    )  # fmt: skip
    outbox_jobs.deliver_due(now=utc_now())
    return box.mails[-1]


def set_box(company: Company, site_id: int, category_id: int | None = None) -> None:
    set_mailbox(
        site_id=site_id, address="care@quay.example", name="Quayside", category_id=category_id, severity=2, version=0,
        actor=company.ada.actor, now=utc_now(),
    )  # fmt: skip


def test_her_answer_stands_on_the_case_once_and_the_clocks_go_on(posting: tuple[Flask, Box]) -> None:
    company = make_company()
    case = make_case(company.ana)
    set_box(company, case.site_id)
    ours = sent_mail(company, case, posting[1])
    said = "It was <b>cold</b>.\n\nOn Mon, 2 Feb 2026 at 10:00, Quayside <care@quay.example> wrote:\n> What happened?\n"
    raw = mail(said, In_Reply_To=str(ours["Message-ID"]), Subject="Re: Your room", Message_ID="<one@example.org>")
    first = take(raw)
    again = take(raw + b"\r\n", source="imap")  # the same Message-ID, over another way
    assert (first.kind, first.case_id, again.is_repeat, again.mail_id) == ("customer", case.id, True, first.mail_id)
    assert [(row.direction, row.text) for row in messages_of(case.id)][-1] == ("in", "It was <b>cold</b>.")
    assert db.session.query(MailIn).count() == 1 and db.session.query(Message).filter_by(direction="in").count() == 1
    assert db.session.get_one(Case, case.id).state == "open"
    assert db.session.query(Notification).filter_by(kind="customer:wrote", employee_id=company.ana.id).count() == 1
    mails.write(
        case_id=case.id, text="We are sorry.", channel="email", to="cleo@example.org", actor=company.ana.actor,
        now=utc_now(), intent="second",
    )  # fmt: skip
    out = db.session.query(MailOut).order_by(MailOut.message_id.desc()).first()
    assert out is not None and (out.answers, out.subject) == ("<one@example.org>", "Re: Your room")
    assert out.refs == f"{ours['Message-ID']} <one@example.org>"
    page = sign_in(posting[0].test_client(), company.ana).get(f"/cases/{case.ref}").text
    assert "It was &lt;b&gt;cold&lt;/b&gt;." in page and f"/mails/{first.mail_id}" in page
    assert "Send to cleo@example.org" in page


def test_a_stranger_is_not_taken_for_her_and_a_wrong_sign_opens_no_case(posting: tuple[Flask, Box]) -> None:
    company = make_company()
    case = make_case(company.ana)
    set_box(company, case.site_id)
    secrets = posting[0].extensions["makegood_settings"].secrets
    reply_to = mail_rules.reply_address("care@quay.example", case.id, secrets)
    forged = take(mail("Pay me instead", sender="mallory@evil.example", To=reply_to))
    assert (forged.kind, forged.case_id) == ("stranger", case.id)
    assert messages_of(case.id) == ()
    event = db.session.query(CaseEvent).filter_by(case_id=case.id, kind="mail").one()
    assert (event.text, event.data["address"]) == ("Pay me instead", "mallory@evil.example")
    wrong = take(mail("Let me in", sender="mallory@evil.example", To=reply_to.replace(f"+c{case.id}.", "+c77.")))
    assert (wrong.kind, wrong.case_id) == ("unsorted", None)
    auto = take(mail("I am away", To=reply_to, Auto_Submitted="auto-replied"))
    assert (auto.kind, auto.case_id) == ("auto", case.id) and messages_of(case.id) == ()
    page = sign_in(posting[0].test_client(), company.ana).get(f"/cases/{case.ref}").text
    assert "an address that isn" in page and "event--stranger" in page


def test_a_bounce_stands_on_the_case_with_a_task_to_telephone_and_our_own_mail_is_a_loop(
    posting: tuple[Flask, Box],
) -> None:
    company = make_company()
    case = make_case(company.ana)
    set_box(company, case.site_id)
    ours = sent_mail(company, case, posting[1])
    assert take(ours.as_bytes()).kind == "loop"
    assert take(bounce(ours.as_bytes(), action="delayed")).kind == "delay"
    assert [one.state for one in mails_of_case(case.id).out] == ["sent"]
    assert take(bounce(ours.as_bytes())).kind == "bounce"
    (out,) = mails_of_case(case.id).out
    assert out.state == "bounced" and "5.1.1" in (out.reason or "")
    assert db.session.query(Notification).filter_by(kind="mail:bounced", employee_id=company.ana.id).count() == 1
    page = sign_in(posting[0].test_client(), company.ana).get(f"/cases/{case.ref}").text
    assert "The mail to cleo@example.org did not arrive." in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_our_own_mail_is_a_loop_also_where_the_site_has_no_mailbox(app: Flask) -> None:
    make_company(second_site=False)
    settings = app.extensions["makegood_settings"]
    app.extensions["makegood_settings"] = replace(settings, mail_from="Care@House.example")
    assert take(mail("Round and round", X_Loop="care@house.example")).kind == "loop"
    assert take(mail("From ourselves", sender="care@house.example")).kind == "loop"
    assert take(mail("From a guest", X_Loop="other@house.example")).kind == "unsorted"


def test_a_mail_of_no_case_opens_one_or_waits_until_somebody_sorts_it(app: Flask) -> None:
    company = make_company()
    old = make_case(company.ana)
    assert old.category_id is not None and company.nia is not None
    waiting = take(mail("  Lost my coat \n"))
    assert (waiting.kind, waiting.case_id) == ("unsorted", None)  # no mailbox is known
    set_box(company, old.site_id, old.category_id)
    joined = take(mail("About the heating", Subject="Heating"))
    assert joined.kind == "unsorted"  # Cleo has an open case
    opened = take(mail("The lift is stuck", sender="Dora <dora@example.org>", Subject="Lift"))
    case = db.session.get_one(Case, opened.case_id)
    assert (opened.kind, case.summary, case.channel, case.description) == (
        "opened",
        "Lift",
        "email",
        "The lift is stuck",
    )
    with pytest.raises(NotFound):
        sort_actions.join(mail_id=joined.mail_id, case_ref=old.ref, actor=company.nia.actor, now=utc_now())
    with pytest.raises(BadInput):
        sort_actions.join(mail_id=joined.mail_id, case_ref="MG-999", actor=company.ana.actor, now=utc_now())
    sort_actions.join(mail_id=joined.mail_id, case_ref=old.ref, actor=company.ana.actor, now=utc_now())
    assert [row.text for row in messages_of(old.id)] == ["About the heating"]
    with pytest.raises(sort_actions.SortedAlready):
        sort_actions.set_aside(mail_id=joined.mail_id, actor=company.ana.actor, now=utc_now())
    client = sign_in(app.test_client(), company.max)
    assert "Lost my coat" in client.get("/mails").text
    assert client.get(f"/mails/{waiting.mail_id}").status_code == 200
    said = {"deed": "open", "category_id": str(old.category_id), "severity": "1"}
    assert client.post(f"/mails/{waiting.mail_id}/sorting", data={**said, "category_id": ""}).status_code == 422
    assert client.post(f"/mails/{waiting.mail_id}/sorting", data=said).status_code == 303
    made = db.session.query(Message).order_by(Message.id.desc()).first()
    assert made is not None and made.text == "  Lost my coat "
    ana = sign_in(app.test_client(), company.ana)
    stranger = sign_in(app.test_client(), company.nia)
    assert ana.get(f"/mails/{opened.mail_id}/original").headers["Content-Type"] == "application/octet-stream"
    assert stranger.get(f"/mails/{opened.mail_id}").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_brings_its_files_and_its_instant_to_the_case_also_when_somebody_sorts_it(app: Flask) -> None:
    company = make_company()
    old = make_case(company.ana)
    came_at = utc_now() - timedelta(hours=5)
    makes = (("cleo@example.org", "join"), ("dora@example.org", "stranger"), ("erik@example.org", "open"))
    for sender, deed in makes:
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Message-ID"] = sender, "care@quay.example", f"<{deed}@example.org>"
        made.set_content("See the picture.")
        made.add_attachment(picture("PNG"), maintype="image", subtype="png", filename=f"{deed}.png")
        made.add_attachment(b"MZ", maintype="application", subtype="x-dosexec", filename="run.exe")
        taken = take(made.as_bytes(), now=came_at)
        assert taken.kind == "unsorted"
        said: dict[str, Any] = {"mail_id": taken.mail_id, "actor": company.max.actor, "now": utc_now()}
        if deed == "open":
            case = sort_actions.open_case(site_id=old.site_id, category_id=old.category_id, severity=2, **said)
        else:
            case = sort_actions.join(case_ref=old.ref, **said)
        assert files_of("case", case.id)[-1].name == f"{deed}.png"
        refused = db.session.query(CaseEvent).filter_by(case_id=case.id, kind="mail").all()
        assert "file" in [event.data["what"] for event in refused]
        row = db.session.get_one(MailIn, taken.mail_id)
        assert row.at == came_at and len(mails_of_case(case.id).came) >= 1
        if deed != "stranger":
            assert db.session.get_one(Message, row.message_id).at == came_at
    assert len(mails_of_case(old.id).came) == 2
    page = sign_in(app.test_client(), company.max).get(f"/cases/{old.ref}").text
    assert page.count("See the picture.") == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_opened_a_case_by_mail_is_told_once_what_comes_next_and_no_robot_is_answered(
    posting: tuple[Flask, Box],
) -> None:
    company, box = make_company(), posting[1]
    category = make_case(company.ana).category_id
    set_box(company, company.ana.site_id, category)
    dora = {"sender": "Dora <dora@example.org>"}
    opened = take(mail("The lift is stuck", **dora))
    assert opened.kind == "opened" and take(mail("The lift is stuck", **dora)).is_repeat
    take(mail("I am away", sender="erik@example.org", Auto_Submitted="auto-replied"))
    assert outbox_jobs.deliver_due(now=utc_now()) == 1
    (told,) = box.mails
    text = told.get_content()
    assert told["To"] == "dora@example.org" and told["Auto-Submitted"] == "auto-generated"
    assert f"MG-{opened.case_id}" in str(told["Subject"]) and "We answer you by" in text and "/c/" in text
    assert "lift" not in text and "lift" not in str(told["Subject"]), "what the mail was called stays out"
    events = [one.kind for one in db.session.query(CaseEvent).filter_by(case_id=opened.case_id)]
    assert events.count("acknowledged") == 1
    answer = take(mail("On the third floor.", To=str(told["Reply-To"]), **dora))
    assert (answer.kind, answer.case_id) == ("customer", opened.case_id)
    assert take(told.as_bytes()).kind in ("loop", "auto")
    cases.resolve(
        case_id=opened.case_id or 0, outcome="explained", root_cause="equipment", note="", actor=company.sam.actor,
        now=utc_now(),
    )  # fmt: skip
    for number in range(6):
        again = take(mail(f"Another thing, number {number}", **dora))
        if again.kind == "unsorted":
            sort_actions.open_case(
                mail_id=again.mail_id, site_id=company.ana.site_id, category_id=category, severity=1,
                actor=company.max.actor, now=utc_now(),
            )  # fmt: skip
    outbox_jobs.deliver_due(now=utc_now())
    assert len(box.mails) == 5


def test_the_inlet_takes_a_mail_by_a_token_of_its_own_permission_and_once(app: Flask) -> None:
    company = make_company()
    raw = mail("By the inlet")
    inlet = Api(app, company.ada)
    said = {"data": raw, "content_type": "message/rfc822"}
    first = inlet.post("/mail", key="k1", **said)
    again = inlet.post("/mail", key="k1", **said)
    other = inlet.post("/mail", key="k2", **said)
    assert (first.status_code, first.json["kind"], first.json["repeat"], first.json) == (
        201,
        "unsorted",
        False,
        again.json,
    )
    assert other.json == {**first.json, "repeat": True}
    assert inlet.post("/mail", key="k1", **{**said, "data": mail("else")}).status_code == 422
    assert inlet.post("/mail", {}).status_code == 415
    assert Api(app, company.ana).post("/mail", **said).status_code == 403


def test_fetched_mail_is_marked_as_seen_only_after_it_was_taken_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_company()
    with imap_server() as (post, url):
        settings = app.extensions["makegood_settings"]
        app.extensions["makegood_settings"] = replace(settings, imap_url=url)
        post.put(mail("one"))
        large = post.put(mail("two", Subject="Film of the room"))
        post.sizes[large] = 60_000_000
        post.put(mail("three"))
        monkeypatch.setattr(jobs.mail_in, "take_in", _dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.poll(now=utc_now())
        assert post.seen == set() and db.session.query(MailIn).count() == 0
        monkeypatch.undo()
        assert jobs.poll(now=utc_now(), limit=2) == 2 and post.seen == {1, 2}
        assert jobs.poll(now=utc_now()) == 1 and jobs.poll(now=utc_now()) == 0
        post.seen.clear()  # a server that forgot: nothing comes twice
        assert jobs.poll(now=utc_now()) == 3 and db.session.query(MailIn).count() == 3
        assert {row.why for row in db.session.query(MailIn)} == {"nowhere", "too-large"}
        app.extensions["makegood_settings"] = replace(settings, imap_url=url.replace("secret", "wrong"))
        with pytest.raises(jobs.MailboxNotReached):
            jobs.poll(now=utc_now())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fault_of_the_database_leaves_a_mail_in_the_box_and_holds_up_no_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_company()
    good, failures = jobs.mail_in.take_in, [OperationalError("x", {}, Exception("down")), BadInput({"text": ["no"]})]

    def stumbles(**said: Any) -> Any:
        if failures:
            raise failures.pop(0)
        return good(**said)

    with imap_server() as (post, url):
        settings = app.extensions["makegood_settings"]
        app.extensions["makegood_settings"] = replace(settings, imap_url=url)
        for words in ("one", "two", "three"):
            post.put(mail(words))
        monkeypatch.setattr(jobs.mail_in, "take_in", stumbles)
        with pytest.raises(jobs.MailLeft):
            jobs.poll(now=utc_now())
        assert post.seen == {2, 3}
        assert [row.why for row in db.session.query(MailIn).order_by(MailIn.id)] == ["unreadable", "nowhere"]
        assert jobs.poll(now=utc_now()) == 1 and post.seen == {1, 2, 3}
        assert db.session.query(MailIn).filter_by(why="nowhere").count() == 2


def _dies(**_said: Any) -> Any:
    raise KeyboardInterrupt


def test_hostile_mails_are_all_kept_and_none_becomes_anybodys_word(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    site = db.session.get_one(Site, case.site_id)
    set_box(company, site.id)
    cases.add_note(case_id=case.id, text="before", actor=company.ana.actor, now=utc_now())
    sample = [raw for number, (_what, raw) in enumerate(hostile()) if number % 4 == 0 and len(raw) < 400_000]
    taken = [take(raw) for raw in sample]
    assert {one.kind for one in taken} <= {"unsorted", "auto"}
    assert db.session.query(MailIn).count() == len(sample)
    assert db.session.query(Message).count() == 0
    client = sign_in(app.test_client(), company.max)
    for one in taken[:6]:
        page = client.get(f"/mails/{one.mail_id}")
        assert page.status_code == 200 and "alert(1)</script>" not in page.text
    assert jobs.sweep(now=utc_now() + timedelta(hours=2)) == 0
