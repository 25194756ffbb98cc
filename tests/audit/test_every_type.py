"""Every kind of entry, one of each with a believable payload, read on the trail page in both languages."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app.audit import actions as audit
from app.audit import jobs
from app.audit.actions import TYPES, Entry
from app.audit.trail_rules import PEOPLE_KEYS, REFERENCE_KEYS
from app.kernel.transactions import transaction
from tests.audit.test_verify import AT
from tests.people.builders import Company, make_company, sign_in

# What a sentence leaves behind when a value or a translation is missing.
LEFT_OVER = re.compile(r"%\(|%s\b|\{\w*\}|\bNone\b|<flask_babel|LazyString")


def believable(key: str, company: Company) -> Any:
    """An example value of a key, by the words that end it."""
    if key == "currency":
        return "GBP"
    if key.endswith(("_minor", "_minor_max", "_count", "count", "version", "number", "minutes", "seconds", "days")):
        return 1250
    if key.endswith("_at"):
        return "2026-03-22T15:00:00Z"
    if key in PEOPLE_KEYS:
        return company.bo.id
    if key.removesuffix("_id") in REFERENCE_KEYS:
        return 7
    return f"<i>{key}</i>"


def words_of(page: str) -> str:
    """What stands on the page to read, without its tags and without the raw entries beside the sentences."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return unescape(re.sub(r"<[^>]*>", "", re.sub(r"<pre.*?</pre>", "", main, flags=re.DOTALL)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_type_is_read_as_a_sentence_in_both_languages(app: Flask) -> None:
    company = make_company(second_site=False)
    ours = {name: kind for name, kind in sorted(TYPES.items()) if not name.startswith("test:")}
    assert len(ours) > 150
    with transaction():
        entries = [
            Entry(kind, "XX-1", {key: believable(key, company) for key in kind.keys}, site_id=company.quayside.id)
            for kind in ours.values()
        ]
        audit.record_many(entries, actor=company.ana.actor, at=AT + timedelta(minutes=1))
    jobs.seal_pending(everything=True)
    client = sign_in(app.test_client(), company.audra)
    for language in ("en", "de"):
        client.set_cookie("language", language)
        text, url = "", f"/audit?person={company.ana.ref}"
        while url:
            answer = client.get(url)
            assert answer.status_code == 200
            assert f'<html lang="{language}' in answer.text
            assert "<i>" not in answer.text
            text += words_of(answer.text)
            following = re.search(r'href="(/audit\?[^"]*after=[^"]+)"', answer.text)
            url = unescape(following.group(1)) if following else ""
        with app.test_request_context(), force_locale(language):
            missing = [name for name, kind in ours.items() if str(kind.sentence) not in text]
        assert missing == [], language
        assert LEFT_OVER.findall(text) == [], language
