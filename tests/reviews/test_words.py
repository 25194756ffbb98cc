"""The words of a review: whose they are, and that nothing typed is lost to what the other one did meanwhile."""

import re

import pytest
from flask import Flask

from app.kernel.database import db
from app.reviews import actions as reviews
from app.reviews.models import Review
from tests.demo.pages import read
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import NOW, open_review, resolved


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def assessed(company: Company) -> Review:
    row = open_review(company)
    say(company, row, "ana", "self_assessment", "A hard summer.")
    return row


def say(company: Company, row: Review, who: str, kind: str, text: str) -> None:
    actor = getattr(company, who).actor
    reviews.say(review_id=row.id, kind=kind, text=text, version=row.version, actor=actor, now=NOW)
    db.session.refresh(row)


def appealed(company: Company) -> Review:
    """A review that both signed, and that Max reads again."""
    row = assessed(company)
    say(company, row, "hana", "notes", "The words of Hana.")
    reviews.lock(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    for who in ("hana", "ana"):
        db.session.refresh(row)
        reviews.sign(review_id=row.id, version=row.version, actor=getattr(company, who).actor, now=NOW)
    db.session.refresh(row)
    reviews.appeal(
        review_id=row.id, reader_id=company.max.id, text="Read June again.", version=row.version,
        actor=company.ana.actor, now=NOW,
    )  # fmt: skip
    db.session.refresh(row)
    return row


def test_words_typed_while_the_other_one_changed_something_are_kept_by_pressing_again(
    app: Flask, company: Company
) -> None:
    case_id = resolved(company.ana, 12, 10)[-1]
    row = assessed(company)
    hana, path = sign_in(app.test_client(), company.hana), f"/reviews/{row.ref}/words/notes"
    shown = version_of(hana.get(path).text)
    chosen = set(range(case_id - 11, case_id + 1)) - set(drawn(row))
    reviews.choose_case(
        review_id=row.id, case_id=min(chosen), version=row.version, actor=company.ana.actor, now=NOW
    )  # fmt: skip
    refused = hana.post(path, data={"text": "Two shifts with Bo.", "version": shown})
    assert refused.status_code == 409
    assert "Two shifts with Bo." in refused.text and "Somebody changed this" in refused.text
    again = {"text": "Two shifts with Bo.", "version": version_of(refused.text)}
    assert hana.post(path, data=again).status_code == 303
    assert "Two shifts with Bo." in hana.get(f"/reviews/{row.ref}").text


def test_who_reads_it_again_begins_with_an_empty_sheet_and_the_first_notes_stay_beside(
    app: Flask, company: Company
) -> None:
    row = appealed(company)
    max_ = sign_in(app.test_client(), company.max)
    assert "The words of Hana." not in max_.get(f"/reviews/{row.ref}/words/notes").text
    say(company, row, "max", "notes", "The words of Max.")
    assert "The words of Max." in max_.get(f"/reviews/{row.ref}/words/notes").text
    notes = read(sign_in(app.test_client(), company.ana).get(f"/reviews/{row.ref}").text).under("notes").words
    assert "The words of Hana." in notes and "The words of Max." in notes
    assert "Earlier wordings" not in notes
    say(company, row, "max", "notes", "Max, once more.")
    assert "Earlier wordings" in max_.get(f"/reviews/{row.ref}").text


def test_an_appeal_says_so_where_nobody_is_left_to_read_it_again(app: Flask, company: Company) -> None:
    row = appealed(company)
    say(company, row, "max", "notes", "The words of Max.")
    reviews.lock(review_id=row.id, version=row.version, actor=company.max.actor, now=NOW)
    for who in ("max", "ana"):
        db.session.refresh(row)
        reviews.sign(review_id=row.id, version=row.version, actor=getattr(company, who).actor, now=NOW)
    ana = sign_in(app.test_client(), company.ana)
    page = ana.get(f"/reviews/{row.ref}/appeal").text
    assert "Nobody is left to read it again" in page and "Send the appeal" not in page


def version_of(text: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', text)
    assert found, "the form names what it stands on"
    return found.group(1)


def drawn(row: Review) -> list[int]:
    found = reviews.queries.evidence(reviews._row(row.id))
    return [one.case_id for one in found]
