"""The note to customers of a fixed cause: once each, to who agreed, in their language, through a real mail server."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases.models import Case
from app.customers import care_queries, merge_actions
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages.mail_actions import MailIsOff
from app.notifications import outbox_jobs
from app.problems import actions as problems
from app.problems import telling_actions as telling
from app.problems.models import Cause, CauseNote
from tests.cases.builders import make_case
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in
from tests.portal.builders import visit
from tests.portal.test_mail import say_language
from tests.problems.builders import WORDS, agree, fix, make_cause


def four_customers(company: Company) -> dict[str, Case]:
    """Cleo and Dora agreed, Dora in German and with two cases; Emil said nothing; Fay said yes and then no."""
    names = {"cleo": "Cleo Marchetti", "dora": "Dora Klein", "emil": "Emil Voss", "fay": "Fay Ward"}
    cases = {key: make_case(company.ana, customer=name) for key, name in names.items()}
    cases["again"] = make_case(company.ana, customer="Dora Klein")
    say_language(cases["dora"], "de")
    for key in ("cleo", "dora", "fay"):
        agree(cases[key], company.ana)
    agree(cases["fay"], company.ana, given=False)
    return cases


def deliver() -> None:
    outbox_jobs.deliver_due(now=utc_now() + timedelta(minutes=1))


def notes(kept: Box) -> dict[str, Any]:
    found = [mail for mail in kept.mails if "List-Unsubscribe" in mail]
    by_address = {mail["To"]: mail for mail in found}
    assert len(by_address) == len(found), "nobody gets a second one"
    return by_address


def ended() -> dict[str, int]:
    rows = db.session.scalars(select(CauseNote)).all()
    return {str(one): sum(row.ended_as == one for row in rows) for one in {row.ended_as for row in rows}}


def test_each_customer_who_agreed_is_told_once_in_their_language(posting: tuple[Flask, Box]) -> None:
    app, kept = posting
    company = make_company(second_site=False)
    cases = four_customers(company)
    cause = make_cause(company.ana, *cases.values())
    said: dict[str, Any] = {"cause_id": cause.id, "words": WORDS, "actor": company.sam.actor}
    with pytest.raises(problems.NotFixed):
        telling.tell(now=utc_now(), **said)
    fix(cause, company.sam)
    assert telling.tell(now=utc_now(), **said) == telling.Told(2, 0)
    with pytest.raises(telling.NobodyToTell):
        telling.tell(now=utc_now(), **said)
    deliver()
    deliver()
    mails = notes(kept)
    assert set(mails) == {"cleo@example.org", "dora@example.org"}
    assert (
        WORDS["de"] in mails["dora@example.org"].get_content() and mails["dora@example.org"]["Content-Language"] == "de"
    )
    assert WORDS["en"] in mails["cleo@example.org"].get_content()
    assert ended() == {"sent": 2}
    hers = visit(app, cases["emil"], company.ana)
    assert WORDS["en"] in hers.get(f"/your-case/{cases['emil'].ref}").text, "the page tells whoever opens it"
    assert invariants.violations("problems") == []


def test_a_customer_says_no_by_the_button_behind_the_mails_link(posting: tuple[Flask, Box]) -> None:
    app, kept = posting
    company = make_company(second_site=False)
    case = make_case(company.ana)
    agree(case, company.ana)
    cause = make_cause(company.ana, case)
    fix(cause, company.sam)
    telling.tell(cause_id=cause.id, words={"en": "Done."}, actor=company.sam.actor, now=utc_now())
    deliver()
    text = notes(kept)["cleo@example.org"].get_content()
    found = re.search(r"http://localhost(/updates/\S+)", text)
    assert found
    hers, customer_id = app.test_client(), case.customer_id or 0
    for _scanner in range(20):
        assert hers.get(found[1]).status_code == 200
    assert care_queries.consent(customer_id, "updates").holds, "a link that is looked at changes nothing"
    assert hers.post(found[1]).status_code == 200
    assert hers.post(found[1]).status_code == 200
    said = [one for one in care_queries.said_by([customer_id]) if one.purpose == "updates"]
    assert [one.given for one in said] == [False, True]
    assert hers.get("/updates/guessed").status_code == 404
    assert hers.post(found[1][:-3] + "abc").status_code == 404


def test_a_no_or_an_undone_fix_keeps_a_note_in_and_who_was_merged_is_told_once(posting: tuple[Flask, Box]) -> None:
    _app, kept = posting
    company = make_company(second_site=False)
    cleo, dora = make_case(company.ana), make_case(company.ana, customer="Dora Klein")
    for case in (cleo, dora):
        agree(case, company.ana)
    cause = make_cause(company.ana, cleo, dora)
    fix(cause, company.sam)
    said: dict[str, Any] = {"cause_id": cause.id, "words": {"en": "Done."}, "actor": company.sam.actor}
    telling.tell(now=utc_now(), **said)
    agree(cleo, company.ana, given=False)
    version = db.session.get_one(Cause, cause.id).version
    deliver()
    assert set(notes(kept)) == {"dora@example.org"} and ended() == {"withdrawn": 1, "sent": 1}
    agree(cleo, company.ana)
    telling.tell(now=utc_now(), **said)
    problems.reopen(cause_id=cause.id, version=version, reason="Cold", actor=company.sam.actor, now=utc_now())
    deliver()
    assert ended() == {"undone": 1, "sent": 1}
    fix(db.session.get_one(Cause, cause.id), company.sam)
    merge_actions.merge(
        customer_id=dora.customer_id or 0, into_id=cleo.customer_id or 0, reason="One person",
        actor=company.sam.actor, now=utc_now(),
    )  # fmt: skip
    with pytest.raises(telling.NobodyToTell):
        telling.tell(now=utc_now(), **said)
    assert invariants.violations("problems") == []


def test_without_a_mail_server_nobody_is_told_and_the_page_says_so(app: Flask) -> None:
    company = make_company(second_site=False)
    case = make_case(company.ana)
    agree(case, company.ana)
    cause = make_cause(company.ana, case)
    fix(cause, company.sam)
    with pytest.raises(MailIsOff):
        telling.tell(cause_id=cause.id, words={"en": "Done."}, actor=company.sam.actor, now=utc_now())


def test_the_note_is_looked_at_before_it_is_sent_and_changed_words_are_looked_at_again(
    posting: tuple[Flask, Box],
) -> None:
    app, _kept = posting
    company = make_company(second_site=False)
    case = make_case(company.ana)
    agree(case, company.ana)
    cause = make_cause(company.ana, case)
    fix(cause, company.sam)
    sam, ref = sign_in(app.test_client(), company.sam), cause.ref
    assert "Replaced the boiler." in sam.get(f"/causes/{ref}/note").text
    assert sam.post(f"/causes/{ref}/note", data={"words_en": " "}).status_code == 422
    shown = sam.post(f"/causes/{ref}/note", data={"words_en": "A new boiler.", "send": "1"}).text
    assert "Hello Cleo Marchetti," in shown and "Send to 1 customer" in shown
    mark = re.search(r'name="seen"[^>]* value="(\w+)"', shown)
    assert mark
    changed = sam.post(f"/causes/{ref}/note", data={"words_en": "Another one.", "send": "1", "seen": mark[1]})
    assert changed.status_code == 200 and db.session.scalar(select(CauseNote.id)) is None
    sent = sam.post(f"/causes/{ref}/note", data={"words_en": "A new boiler.", "send": "1", "seen": mark[1]})
    assert sent.status_code == 303
    assert "0 of 1 notes are through" in sam.get(f"/causes/{ref}").text
