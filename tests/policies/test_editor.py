"""The editor's pages: what is typed is kept, what is wrong is said beside it, and nobody writes over anybody."""

import io
import re
from typing import Any

import pytest
from flask import Flask

from app.kernel.database import db
from app.people.queries import PersonRow
from app.policies import document_queries, packs
from app.policies.document_queries import DocumentRow
from tests.people.builders import Company, make_company, sign_in
from tests.policies.builders import approve
from tests.remedies.builders import publish_policy

RULE = {"measure": "amount", "limit": "40", "currency": "GBP", "unit": "incident", "clause": "4.2", "severity_min": "0",
        "severity_max": "4", "role": "", "site": "", "team": "", "certificate": "", "kind": "", "category": ""}  # fmt: skip


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def ask(app: Flask, person: PersonRow, url: str, data: Any = None) -> tuple[int, str]:
    client = sign_in(app.test_client(), person)
    answer = client.get(url) if data is None else client.post(url, data=data)
    return answer.status_code, answer.get_data(as_text=True) if answer.status_code != 303 else answer.headers[
        "Location"
    ]


def row(ref: str) -> DocumentRow:
    db.session.rollback()
    found = document_queries.document(int(ref.removeprefix("PO-")))
    assert found is not None
    return found


def draft(app: Flask, company: Company, code: str = "retail", **factors: str) -> str:
    status, place = ask(app, company.max, f"/policies/packs/{code}/draft", {"factor-GBP": "0.8", **factors})
    assert status == 303, place
    return place.split("/policies/")[1].split("/")[0]


def test_a_pack_becomes_a_draft_in_each_sites_own_money(app: Flask, company: Company) -> None:
    assert "1 USD is written as" in ask(app, company.max, "/policies/packs/retail")[1]
    status, body = ask(app, company.max, "/policies/packs/retail/draft", {"factor-GBP": "much"})
    assert (status, 'value="much"' in body, "Type a number such as" in body) == (422, True, True)
    limits = {(rule.currency, rule.limit_minor) for rule in row(draft(app, company)).document.rules}
    assert {("USD", 20_000), ("GBP", 16_000)} <= limits


def test_a_rule_is_added_changed_and_refused_beside_its_field(app: Flask, company: Company) -> None:
    ref = draft(app, company)
    url = f"/policies/{ref}/rules/new"
    for bad, words in (({"limit": "lots"}, "Type an amount"), ({"unit": "customer_days"}, "number of days"),
                       ({"severity_min": "4", "severity_max": "1"}, "lower one first"), ({"clause": ""}, "required")):  # fmt: skip
        status, body = ask(app, company.max, url, {**RULE, "version": "1", **bad})
        assert (status, words in body) == (422, True), (bad, status)
    assert len(row(ref).document.rules) == 14
    assert ask(app, company.max, url, {**RULE, "version": "1"})[0] == 303
    assert row(ref).document.rules[14].limit_minor == 4_000
    status, body = ask(app, company.max, f"/policies/{ref}/rules/15")
    assert (status, 'value="40.00"' in body) == (200, True)
    assert ask(app, company.max, f"/policies/{ref}/rules/99")[0] == 404
    status, body = ask(app, company.max, f"{url}/findings", {**RULE, "limit": "9999", "version": "2"})
    assert (status, "above the hard cap" in body, "£9,999.00" in body) == (200, True, True)
    assert len(row(ref).document.rules) == 15


def test_who_comes_second_sees_what_was_typed_and_that_somebody_was_faster(app: Flask, company: Company) -> None:
    ref = draft(app, company)
    first = {"version": "1", "limit-1": "111"}
    assert ask(app, company.ada, f"/policies/{ref}/limits", first)[0] == 303
    status, body = ask(app, company.max, f"/policies/{ref}/limits", {"version": "1", "limit-1": "222"})
    assert (status, 'value="222"' in body, "Somebody changed this" in body) == (409, True, True)
    assert row(ref).document.rules[0].limit_minor == 11_100
    again = re.search(r'name="version"[^>]*value="(\d+)"', body)
    assert again is not None
    assert ask(app, company.max, f"/policies/{ref}/limits", {"version": again.group(1), "limit-1": "222"})[0] == 303
    assert row(ref).authors == (company.max.ref, company.ada.ref)


def test_clauses_and_words_are_written_and_a_number_moves_with_its_rules(app: Flask, company: Company) -> None:
    ref = draft(app, company)
    new = {"code": "2.9", "title": "One touch", "text": "Once."}
    assert ask(app, company.max, f"/policies/{ref}/clauses/2.1", {**new, "version": "1"})[0] == 303
    assert {rule.clause for rule in row(ref).document.rules} == {"1.1", "2.2", "2.9", "3.1", "3.2"}
    taken = {**new, "code": "1.1", "version": "2"}
    assert "of this number already" in ask(app, company.max, f"/policies/{ref}/clauses/2.9", taken)[1]
    words = {"title": " Trust  more ", "rationale": "Because.", "source": "", "valid_from": "2031-01-01T00:00"}
    assert ask(app, company.max, f"/policies/{ref}/words", {**words, "version": "2"})[0] == 303
    assert (row(ref).document.title, row(ref).valid_from.year) == ("Trust more", 2031)
    assert ask(app, company.max, f"/policies/{ref}/clauses/2.2/removal", {"version": "3"})[0] == 303
    assert row(ref).document.clause("2.2") is not None


def test_a_file_becomes_a_draft_or_names_its_lines(app: Flask, company: Company) -> None:
    publish_policy()
    client = sign_in(app.test_client(), company.max)
    text = client.get("/policies/PO-1/file").get_data(as_text=True)
    for content, status, words in (
        (text, 303, ""),
        (text.replace("per: incident", "per: fortnight"), 422, "can&#39;t be read"),
        ("\0", 422, "Line"),
    ):
        file = {"file": (io.BytesIO(content.encode()), "policy.yaml")}
        answer = client.post("/policies/file", data=file, content_type="multipart/form-data")
        assert (answer.status_code, words in answer.get_data(as_text=True)) == (status, True)
    assert client.post("/policies/file", data={}, content_type="multipart/form-data").status_code == 422
    assert row("PO-2").document == row("PO-1").document


def test_the_difference_shows_old_and_new_by_clause(app: Flask, company: Company) -> None:
    publish_policy()
    status, place = ask(app, company.max, "/policies/PO-1/copy", {})
    ref = place.split("/policies/")[1].split("/")[0]
    assert status == 303
    limits = {"version": "1", **{f"limit-{rule.id}": str(rule.limit_minor // 100) for rule in row(ref).document.rules}}
    ask(app, company.max, f"/policies/{ref}/limits", {**limits, "limit-1": "300"})
    status, body = ask(app, company.hana, f"/policies/PO-1/diff/{ref}")
    assert (status, body.count("diff__rule--changed"), "diff__rule--added" in body) == (200, 1, False)
    assert "1 rule changed" in body and "25 as before" in body
    assert "Nothing differs" in ask(app, company.hana, "/policies/PO-1/diff/1")[1]
    assert ask(app, company.hana, "/policies/PO-1/diff/PO-77")[0] == 404


def test_everybody_reads_what_applies_where_they_work_and_only_writers_reach_the_editor(
    app: Flask, company: Company
) -> None:
    assert "No policy yet" in ask(app, company.ana, "/policies/in-force")[1]
    publish_policy()
    status, body = ask(app, company.ana, "/policies/in-force")
    assert (status, "£200.00" in body, "US$250.00" in body) == (200, True, False)
    assert "Your role gives no remedies" in ask(app, company.hana, "/policies/in-force")[1]
    ref = draft(app, company)
    for person in (company.ana, company.sam, company.hana, company.audra):
        assert ask(app, person, f"/policies/{ref}/edit")[0] == 403
    assert ask(app, company.max, "/policies/PO-1/edit")[0] == 303
    for url in ("/policies/PO-1/print", f"/policies/{ref}/print", "/policies/packs/finance"):
        assert ask(app, company.audra, url)[0] == 200


def test_a_review_is_of_what_was_shown_and_never_by_a_writer(app: Flask, company: Company) -> None:
    ref = draft(app, company)
    said = {"version": "1", "outcome": "approved", "note": ""}
    status, body = ask(app, company.max, f"/policies/{ref}/reviews", said)
    assert (status, "You wrote in this draft" in body) == (409, True)
    assert ask(app, company.ana, f"/policies/{ref}/reviews", said)[0] == 403
    ask(app, company.max, f"/policies/{ref}/limits", {"version": "1", "limit-1": "5"})
    assert ask(app, company.sam, f"/policies/{ref}/reviews", said)[0] == 409
    status, body = ask(app, company.sam, f"/policies/{ref}/reviews", {**said, "version": "2", "outcome": "returned"})
    assert (status, "Say what has to change" in body) == (422, True)
    back = {**said, "version": "2", "outcome": "returned", "note": "Too low for a family of four."}
    assert ask(app, company.sam, f"/policies/{ref}/reviews", back)[0] == 303
    assert "Too low for a family of four." in ask(app, company.max, f"/policies/{ref}")[1]
    approve(row(ref).id, actor=company.sam.actor)
    assert row(ref).stage == "reviewed" and packs.pack("retail").title == row(ref).document.title
