"""Templates of mails: places from a list, versions, a preview, and picked on a case."""

import re

import pytest
from flask import Flask

from app.kernel.errors import BadInput, Conflict
from app.kernel.time import utc_now
from app.messages.template_actions import Words, write
from app.messages.template_queries import templates, versions
from app.messages.template_rules import fill, places_in
from tests.cases.builders import make_case
from tests.conftest import _forget_the_last_request
from tests.notifications.conftest import Box
from tests.people.builders import make_company, sign_in


def test_a_place_is_filled_once_and_what_is_missing_is_named() -> None:
    filled = fill(
        "{{case_ref}}", "Dear {{ customer_name }}, {{promise}}", {"customer_name": "{{site}}", "case_ref": "MG-1"}
    )
    assert (filled.subject, filled.text, filled.missing) == ("MG-1", "Dear {{site}}, {{promise}}", ("promise",))
    assert places_in("{{a}} {{ b }} {{a}} {c} {{\n}}") == ("a", "b")


def test_each_change_of_words_is_a_version_and_an_unknown_place_is_refused(app: Flask) -> None:
    company = make_company()
    said = {"name": "Sorry", "active": True, "actor": company.ada.actor, "now": utc_now()}
    with pytest.raises(BadInput) as refusal:
        write(template_id=None, words=[Words("en", "x", "Dear {{costumer}}")], version=0, **said)
    assert "{{costumer}}" in refusal.value.errors["body_en"][0]
    first = write(template_id=None, words=[Words("en", "Sorry", "Dear {{customer_name}}")], version=0, **said)
    words = [Words("en", "Sorry", "Dear {{customer_name}}"), Words("de", "Verzeihung", "Guten Tag {{customer_name}}")]
    write(template_id=first, words=words, version=1, **said)
    with pytest.raises(Conflict):
        write(template_id=first, words=words, version=1, **said)
    write(template_id=first, words=[Words("en", "Sorry", "Hello {{customer_name}}")], version=2, **said)
    assert {(one.language, one.number) for one in versions(first)} == {("en", 1), ("de", 1), ("en", 2)}
    (row,) = templates()
    chosen = [row.text_in([language]) for language in ("de_AT", "en-GB", "fr")]
    assert [one.body for one in chosen if one][:2] == ["Guten Tag {{customer_name}}", "Hello {{customer_name}}"]


def test_a_template_that_somebody_else_saved_meanwhile_is_sent_again_on_top_of_theirs(app: Flask) -> None:
    company = make_company()
    first = write(
        template_id=None, name="News", active=True, words=[Words("en", "Sorry", "Dear guest")], version=0,
        actor=company.ada.actor, now=utc_now(),
    )  # fmt: skip
    url = f"/settings/templates/{first}"
    ada = sign_in(app.test_client(), company.ada)
    typed = {"name": "News", "active": "y", "subject_en": "Sorry", "version": "1"}
    assert ada.post(url, data={**typed, "body_en": "Good morning"}).status_code == 303
    stale = ada.post(url, data={**typed, "body_en": "Good evening"})
    assert stale.status_code == 409 and "Good evening</textarea>" in stale.text and "<dd>Good morning" in stale.text
    again = re.search(r'name="version"[^>]*value="(\d+)"', stale.text)
    assert again
    assert ada.post(url, data={**typed, "body_en": "Good evening", "version": again.group(1)}).status_code == 303
    assert "Good evening</textarea>" in ada.get(url).text


def test_a_template_is_previewed_saved_and_picked_on_a_case(posting: tuple[Flask, Box]) -> None:
    app = posting[0]
    app.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    company = make_company()
    case = make_case(company.ana)
    ada, ana = sign_in(app.test_client(), company.ada), sign_in(app.test_client(), company.ana)
    said = {"name": "News", "subject_en": "News of {{case_ref}}", "body_en": "Dear {{customer_name}},\n{{promise}}"}
    shown = ada.post("/settings/templates/new", data={**said, "deed": "preview"}).text
    assert "Dear Cleo Marchetti," in shown and templates() == ()
    assert ada.post("/settings/templates/new", data={**said, "body_en": "{{nope}}"}).status_code == 422
    assert ada.post("/settings/templates/new", data={**said, "active": "y"}).status_code == 303
    assert ana.get("/settings/templates").status_code == 403
    row = templates()[0]
    assert f"/cases/{case.ref}/templates/{row.id}" in ana.get(f"/cases/{case.ref}/templates").text
    page = ana.get(f"/cases/{case.ref}/templates/{row.id}").text
    assert f"News of {case.ref}" in page and "Dear Cleo Marchetti," in page and "The open promise" in page
    sent = {
        "mail-text": "Dear Cleo,\n{{promise}}",
        "mail-to": "cleo@example.org",
        "mail-intent": "i" * 20,
        "then": "send",
    }
    refused = ana.post(f"/cases/{case.ref}/mails", data=sent)
    assert refused.status_code == 422 and "The open promise" in refused.text
    assert ana.post(f"/cases/{case.ref}/mails", data={**sent, "mail-text": "Dear Cleo"}).status_code == 303
    assert ana.post(f"/cases/{case.ref}/mail-draft", data={"mail-text": "half"}).status_code == 204
    assert ">half</textarea>" in ana.get(f"/cases/{case.ref}").text
