"""Letters: what each must say, the PDF as it was sent, who may read it, and the words they begin from."""

import io
import re
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.attachments import actions as attachments
from app.attachments.models import Attachment
from app.attachments.store import FILES
from app.audit.models import AuditEntry, AuditPayload
from app.cases.models import Case
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.messages import letter_actions as letters
from app.messages import letter_queries, letter_rules
from app.messages.letter_models import Letter
from app.messages.letter_rules import PARTS, REQUIRED, Words
from app.messages.letter_words import BUILT_IN
from app.messages.mail_queries import mails_of_case
from app.messages.models import Message
from app.notifications import outbox_jobs
from tests.attachments.hostile import picture
from tests.cases.builders import make_case
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in
from tests.portal.builders import visit
from tests.remedies.builders import give, publish_policy

WHOLE = Words(
    subject="Our final response",
    opening="Dear Cleo,\n\nwe looked into it & <b>this</b> is our answer – £.",
    decision="We agree with you.",
    reason="The pump was old.\nNobody had looked at it.",
    remedy="You receive £40.00.",
    next_step="We pay within five days.",
    disagree="Turn to the ombudsman within six months.",
)


def send(case: Case, company: Company, **changes: Any) -> Letter:
    said: dict[str, Any] = {
        "case_id": case.id, "kind": "final", "words": WHOLE, "language": "en", "text_number": 0, "way": "email",
        "to": "cleo@example.org", "intent": "letter-1", "actor": company.ana.actor, "now": utc_now(),
    }  # fmt: skip
    return letters.send(**{**said, **changes})


def unpacked(pdf: bytes) -> bytes:
    """A PDF with its streams unpacked, in which its objects can be looked for."""
    found = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found)


@pytest.mark.parametrize("kind", REQUIRED)
@pytest.mark.parametrize("blank", ["", " \n\t", "\u200b\ufeff\u2060"])
def test_a_letter_without_a_part_that_its_kind_needs_names_that_part(kind: str, blank: str) -> None:
    assert letter_rules.faults(kind, WHOLE) == {}
    for name in PARTS:
        found = letter_rules.faults(kind, replace(WHOLE, **{name: blank}))
        assert set(found) == ({name} if name in REQUIRED[kind] else set()), name


def test_a_letter_with_a_place_that_still_stands_unfilled_is_not_sent_and_every_built_in_text_is_whole() -> None:
    assert set(letter_rules.faults("receipt", replace(WHOLE, disagree="By {{due_on}}"))) == {"disagree"}
    assert set(letter_rules.faults("final", replace(WHOLE, reason="{{ nonsense }}"))) == {"reason"}
    assert len(BUILT_IN) == len(REQUIRED) * len(letter_queries.LANGUAGES)
    assert all(letter_rules.faults_of_text(words) == {} for words in BUILT_IN.values())


def test_a_letter_goes_with_its_pdf_once_and_is_kept_as_it_was_sent(posting: tuple[Flask, Box]) -> None:
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    letter = send(case, company)
    assert send(case, company).id == letter.id
    assert outbox_jobs.deliver_due(now=utc_now()) == 1
    (mail,) = box.mails
    (file,) = list(mail.iter_attachments())
    kept = db.session.get_one(Attachment, letter.attachment_id)
    pdf = FILES.get(kept.stored_as)
    assert file.get_content() == pdf and file.get_filename() == f"Final response {case.ref}.pdf"
    assert letter.sha256 == kept.sha256 == FILES.digest(kept.stored_as)
    inside = unpacked(pdf or b"")
    for sign in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b"/H2", b"pdfuaid"):
        assert sign in inside, sign
    text = mail.get_body(("plain",)).get_content()
    assert "Our decision\nWe agree with you." in text.replace("\r\n", "\n") and "this</b> is our answer" in text
    entry = db.session.query(AuditEntry).filter_by(type="letter:send").one()
    assert letter.sha256 in (db.session.get_one(AuditPayload, entry.id).payload or "")
    with pytest.raises(NotPermitted):
        attachments.remove(attachment_id=kept.id, actor=company.sam.actor, now=utc_now())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_may_see_the_case_reads_its_letters_and_nobody_else(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    kept = db.session.get_one(Attachment, send(case, company, way="letter").attachment_id)
    ana, stranger = (sign_in(app.test_client(), one) for one in (company.ana, company.nia))
    page = ana.get(f"/cases/{case.ref}")
    assert kept.ref in page.text and f"Final response {case.ref}.pdf" in page.text
    assert ana.get(f"/attachments/{kept.ref}").data.startswith(b"%PDF-")
    assert kept.sha256[:12] in ana.get(f"/cases/{case.ref}/letters").text
    assert stranger.get(f"/cases/{case.ref}/letters").status_code == 404
    assert stranger.get(f"/attachments/{kept.ref}").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_customer_finds_her_letter_on_her_page_and_no_other(app: Flask) -> None:
    company = make_company()
    case, other = make_case(company.ana), make_case(company.ana, customer="Dora Klein")
    mine, theirs = (send(one, company, way="page", to="", intent=f"key-{one.id}") for one in (case, other))
    files = [db.session.get_one(Attachment, one.attachment_id) for one in (mine, theirs)]
    hers = visit(app, case, company.ana)
    page = hers.get(f"/your-case/{case.ref}").text
    assert f"Final response {case.ref}.pdf" in page and "Turn to the ombudsman" in page
    got = hers.get(f"/your-case/{case.ref}/files/{files[0].ref}")
    assert got.status_code == 200 and got.data.startswith(b"%PDF-")
    assert hers.get(f"/your-case/{case.ref}/files/{files[1].ref}").status_code == 404


def test_neither_the_action_nor_the_database_takes_a_final_response_that_lacks_a_part(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    with pytest.raises(BadInput) as refused:
        send(case, company, words=replace(WHOLE, disagree=" ", reason=""), way="page")
    assert set(refused.value.errors) == {"disagree", "reason"}
    assert db.session.query(Message).count() == db.session.query(Attachment).count() == 0
    assert not [path for path in FILES.folder().rglob("*") if path.is_file()]
    with pytest.raises(NotFound):
        send(case, company, way="page", actor=company.nia.actor)
    letter = send(case, company, way="page")
    for name in PARTS:
        with pytest.raises(IntegrityError), transaction():
            setattr(db.session.get_one(Letter, letter.id), name, "  ")
            db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_fills_the_letter_in_shows_it_and_keeps_what_was_typed_when_a_part_is_missing(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    give(company.ana, case.id, 4_000)
    ana = sign_in(app.test_client(), company.ana)
    url = f"/cases/{case.ref}/letters/final"
    page = ana.get(url).text
    assert "Dear Cleo Marchetti" in page and "£40.00 (Refund)" in page and "six months" in page
    assert "Guten Tag" in ana.get(url + "?language=de").text
    said = {name: getattr(WHOLE, name) for name in letter_rules.NAMES}
    typed = {**said, "decision": "", "way": "page", "intent": "page-letter-1", "number": "0", "deed": "send"}
    missing = ana.post(url, data=typed)
    assert missing.status_code == 422 and "Turn to the ombudsman" in missing.text
    assert "This letter can&#39;t go without it." in missing.text and db.session.query(Letter).count() == 0
    shown = ana.post(url, data={**typed, "decision": "We agree.", "deed": "preview"})
    assert (
        shown.status_code == 200 and "<h3>Our decision</h3>" in shown.text and "&lt;b&gt;this&lt;/b&gt;" in shown.text
    )
    sent = ana.post(url, data={**typed, "decision": "We agree."})
    assert sent.status_code == 303 and db.session.query(Letter).one().decision == "We agree."
    assert mails_of_case(case.id).files[0].name == f"Final response {case.ref}.pdf"
    assert ana.get(f"/cases/{case.ref}/letters/nonsense").status_code == 404
    assert sign_in(app.test_client(), company.audra).get(url).status_code == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_words_of_letters_have_versions_and_a_letter_says_from_which_it_began(app: Flask) -> None:
    company = make_company()
    said: dict[str, Any] = {"kind": "final", "language": "en", "actor": company.ada.actor, "now": utc_now()}
    own = replace(BUILT_IN[("final", "en")], disagree="Write to the house of disputes.")
    assert letters.write_text(words=own, number=0, **said) == 1
    assert letters.write_text(words=own, number=1, **said) == 1, "the same words are no new version"
    with pytest.raises(Conflict):
        letters.write_text(words=replace(own, reason="x"), number=0, **said)
    with pytest.raises(BadInput):
        letters.write_text(words=replace(own, reason="{{nonsense}}"), number=1, **said)
    with pytest.raises(NotPermitted):
        letters.write_text(words=own, number=1, **{**said, "actor": company.ana.actor})
    ada = sign_in(app.test_client(), company.ada)
    assert ada.get("/settings/letters").status_code == 200
    url = "/settings/letters/final/en"
    data = {name: getattr(own, name) for name in letter_rules.NAMES}
    wrong = ada.post(url, data={**data, "subject": "{{what}}", "number": "1", "deed": "save"})
    assert wrong.status_code == 422 and "Nothing can be filled in for" in wrong.text
    assert ada.post(url, data={**data, "subject": "Final", "number": "1", "deed": "save"}).status_code == 303
    assert [row.number for row in letter_queries.versions("final", "en")] == [2, 1, 0]
    case = make_case(company.ana)
    page = sign_in(app.test_client(), company.ana).get(f"/cases/{case.ref}/letters/final").text
    assert "house of disputes" in page and 'name="number" type="hidden" value="2"' in page
    assert send(case, company, way="letter", text_number=2).text_number == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_go_along_with_a_mail_once_and_a_refused_one_sends_nothing(posting: tuple[Flask, Box]) -> None:
    company, (app, box) = make_company(), posting
    case = make_case(company.ana)
    ana, url = sign_in(app.test_client(), company.ana), f"/cases/{case.ref}/mails"
    said = {
        "mail-text": "See the plan.",
        "mail-subject": "Plan",
        "mail-to": "cleo@example.org",
        "mail-intent": "with-file-1",
    }
    wrong = ana.post(url, data={**said, "mail-files": (io.BytesIO(b"MZ"), "run.exe")})
    assert wrong.status_code == 422 and "run: Only photos" in wrong.text and "See the plan." in wrong.text
    assert db.session.query(Message).count() == 0
    for _double_click in range(2):
        files = [(io.BytesIO(picture("PNG")), "plan.png"), (io.BytesIO(b"A note."), "note.txt")]
        assert ana.post(url, data={**said, "mail-files": files}).status_code == 303
    assert outbox_jobs.deliver_due(now=utc_now()) == 1
    assert [file.get_filename() for file in box.mails[0].iter_attachments()] == ["plan.png", "note.txt"]
    assert len([path for path in FILES.folder().rglob("*") if path.is_file()]) == 2
    assert "plan.png" in ana.get(f"/cases/{case.ref}").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_whose_file_is_gone_from_the_disk_waits_instead_of_going_without_it(posting: tuple[Flask, Box]) -> None:
    company, box = make_company(), posting[1]
    case = make_case(company.ana)
    kept = db.session.get_one(Attachment, send(case, company).attachment_id).stored_as
    pdf = FILES.get(kept) or b""
    FILES.forget(kept)
    outbox_jobs.deliver_due(now=utc_now())
    assert box.mails == [] and [one.state for one in mails_of_case(case.id).out] == ["queued"]
    FILES.path_of(kept).write_bytes(pdf)
    outbox_jobs.deliver_due(now=utc_now() + timedelta(hours=1))
    assert len(box.mails) == 1


def test_a_letter_as_sent_takes_no_change_but_being_erased(app: Flask) -> None:
    company = make_company(second_site=False)
    letter_id = send(make_case(company.ana), company, way="page").id
    db.session.rollback()
    for statement in (
        "UPDATE letter SET decision = 'No.'",
        "UPDATE letter SET decision = '[erased] No.'",
        "UPDATE letter SET sha256 = replace(sha256, 'a', 'b'), text_number = 7",
        "UPDATE letter SET opening = '[erased]', kind = 'holding'",
        "DELETE FROM letter",
    ):
        with pytest.raises(DBAPIError, match="append-only"), db.engine.connect() as connection:
            connection.exec_driver_sql(statement)
    with (
        db.engine.connect().execution_options(makegood_migration=True) as connection,
        connection.begin(),
    ):  # here without its entry
        connection.exec_driver_sql("UPDATE letter SET opening = '[erased]', subject = '[erased]'")
    kept = db.session.get_one(Letter, letter_id, populate_existing=True)
    assert (kept.opening, kept.subject, kept.kind, kept.decision) == ("[erased]", "[erased]", "final", WHOLE.decision)
