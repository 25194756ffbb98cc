"""Words about employees: nowhere readable in the database, open to those who may read, and gone with their key."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from app import create_app
from app.kernel import invariants
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.migrations import downgrade, upgrade
from app.kernel.personal import WordsChanged
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.ops.store_postgresql import program
from app.people import actions as people_actions
from app.people.key_models import EmployeeKey
from app.people.permissions import COMPANY
from app.privacy import erasing, overwriting
from app.privacy.cleaning import clean
from app.privacy.export_queries import export
from app.privacy.subject_queries import subject_of
from app.reviews import actions as reviews
from app.reviews import conduct_actions as conduct
from app.reviews import queries, recognition_actions, recognition_queries
from app.reviews.models import Review, ReviewText
from app.reviews.recognition_models import CoachingNote
from tests.conftest import settings_for
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import NOW, open_review, publish_charter, resolved

WORDS = {
    "self_assessment": "Quillfeather is what I was this year.",
    "comment": "Snowgrouse explains that figure.",
    "notes": "Thistledown, we said, and more sleep.",
    "conduct": "Ptarmigan-like calm at the desk.",
    "appeal": "Corncrake: read this again please.",
    "saw": "Dotterel at the telephone.",
    "next_step": "Wheatear twice a week.",
}
MARKS = tuple(said.split()[0].strip(",:").lower() for said in WORDS.values())
OLD, NEW = "an-older-secret-of-32-letters-aaa", "a-newer-secret-of-32-letters-bbbb"


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def reviewed(company: Company, *, appealed: bool = True) -> int:
    """A review of Ana with everything that can be said in one, and a coaching note with Sam; returns its number."""
    charter = publish_charter(company)
    assert charter == 1
    case_id = resolved(company.ana, 1, 1)[0]
    row = open_review(company)

    def say(kind: str, who: str, **more: object) -> None:
        reviews.say(review_id=row.id, kind=kind, text=WORDS[kind], version=row.version,
                    actor=getattr(company, who).actor, now=NOW, **more)  # type: ignore[arg-type]  # fmt: skip

    say("self_assessment", "ana")
    say("comment", "ana", measure="recovery")
    say("notes", "hana")
    conduct.add_conduct(
        review_id=row.id, area="honesty", tone="praise", text=WORDS["conduct"], clause="honesty", case_ids=[case_id],
        version=row.version, actor=company.hana.actor, now=NOW,
    )  # fmt: skip
    reviews.lock(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    for who in (company.ana, company.hana):
        reviews.sign(review_id=row.id, version=row.version, actor=who.actor, now=NOW)
    if appealed:
        reviews.appeal(
            review_id=row.id, reader_id=company.max.id, text=WORDS["appeal"], version=row.version,
            actor=company.ana.actor, now=NOW,
        )  # fmt: skip
    recognition_actions.propose_note(
        employee_id=company.ana.id, coach_id=company.sam.id, saw=WORDS["saw"], next_step=WORDS["next_step"],
        actor=company.sam.actor, now=NOW,
    )  # fmt: skip
    return row.id


def readable(folder: Path, marks: Sequence[str] = MARKS) -> list[str]:
    """Every place in which a word stands: a dump, the database's files and its log, and every file beside them."""
    db.session.remove()
    found = []
    if db.engine.dialect.name == "postgresql":
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        dump = subprocess.run([program("pg_dump"), url], capture_output=True, check=True).stdout.lower()
        found += [f"dump: {mark}" for mark in marks if mark.encode() in dump]
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes().lower()
            found += [f"{path.name}: {mark}" for mark in marks if mark.encode() in body]
    return found


def test_no_byte_of_a_review_stands_readable_and_both_read_it_on_the_page(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    row_id = reviewed(company)
    assert readable(tmp_path) == [] and len(MARKS) == 7
    path = f"/reviews/RW-{row_id}"
    for who in (company.ana, company.max):
        page = sign_in(app.test_client(), who).get(path).text.lower()
        assert [mark for mark in MARKS[:5] if mark not in page] == []
    assert sign_in(app.test_client(), company.bo).get(path).status_code == 404
    coaching = sign_in(app.test_client(), company.sam).get("/coaching").text.lower()
    assert MARKS[5] in coaching and MARKS[6] in coaching
    subject = subject_of(company.ana.ref)
    assert subject is not None
    taken = orjson.dumps(export(subject, now=utc_now())).decode().lower()
    assert [mark for mark in MARKS if mark not in taken] == [] and "sealed" not in taken and "data_key" not in taken
    assert invariants.violations("reviews") == []


def test_what_was_moved_cut_or_left_without_its_key_is_refused_in_plain_words(app: Flask, company: Company) -> None:
    row_id = reviewed(company)
    first, second = db.session.execute(
        select(ReviewText.id, ReviewText.text_sealed).order_by(ReviewText.id).limit(2)
    ).all()
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(update(ReviewText).where(ReviewText.id == first.id).values(text_sealed=second.text_sealed))
    moves = {"moved from another row": second.text_sealed, "cut": (first.text_sealed or "")[:-8]}
    for how, forged in moves.items():
        with_triggers_off(ReviewText.__tablename__, first.id, "text_sealed", forged)
        with pytest.raises(WordsChanged):
            queries.texts(row_id)
        answer = sign_in(app.test_client(), company.ana).get(f"/reviews/RW-{row_id}")
        assert answer.status_code == 409 and "don&#39;t open" in answer.text, how
        assert [one for one in invariants.violations("reviews") if f"review_text.text|{first.id}" in one], how
    with transaction():  # what doesn't open stops no erasure; what does is looked through
        assert overwriting.sweep(["ptarmigan"]) == {"conduct_item": 1}
        reviews.audit.record(reviews.READ, subject=f"RW-{row_id}", actor=rule("erasure"), at=utc_now(), how="page")
    assert [one.text for one in queries.conduct(row_id)] == ["[erased]"]
    note = db.session.scalars(select(CoachingNote)).one()
    with_triggers_off("coaching_note", note.id, "saw_sealed", note.next_step_sealed)
    with pytest.raises(WordsChanged):
        recognition_queries.notes_of(company.ana.id)


def with_triggers_off(table: str, row_id: int, column: str, value: str | None) -> None:
    """As the owner of the tables, or whoever can write the file."""
    db.session.remove()
    with db.engine.execution_options(makegood_migration=True).begin() as connection:
        trigger = ""
        if db.engine.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            name = {"name": f"{table}_no_update"}
            trigger = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), name) or ""
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
        connection.execute(text(f"UPDATE {table} SET {column} = :value WHERE id = :id"), {"value": value, "id": row_id})
        if db.engine.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        elif trigger:
            connection.execute(text(trigger))


def test_going_back_opens_the_words_and_sealing_after_the_way_forth_leaves_none_readable(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    row_id = reviewed(company)
    before = queries.texts(row_id), queries.conduct(row_id), recognition_queries.notes_of(company.ana.id)
    found = queries.review(row_id, COMPANY)
    assert found is not None
    content = queries.content(found)
    db.session.remove()
    downgrade(db.engine, "0030")
    with db.engine.connect() as connection:
        plain = connection.execute(text("SELECT text FROM review_text ORDER BY id")).scalars().all()
    assert plain == [one.text for one in before[0]]
    upgrade(db.engine)
    assert (queries.texts(row_id), queries.conduct(row_id), queries.content(found)) == (*before[:2], content)
    assert [one for one in invariants.violations("reviews") if "flask personal seal" in one]
    for counts in ({"words of reviews": 4, "words about conduct": 1, "coaching notes": 1}, None):
        done = app.test_cli_runner().invoke(args=["personal", "seal", "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["sealed"] == (
            counts or dict.fromkeys(("words of reviews", "words about conduct", "coaching notes"), 0)
        )
    assert readable(tmp_path) == [] and invariants.violations("reviews") == []
    after = queries.texts(row_id), queries.conduct(row_id), recognition_queries.notes_of(company.ana.id)
    assert (after, queries.content(found)) == (before, content)


def test_a_new_secret_takes_over_the_keys_of_employees(app: Flask, database_url: str, tmp_path: Path) -> None:
    def running(**secrets: str) -> Flask:
        db.session.remove()
        return create_app(settings_for(database_url, tmp_path, **secrets), TESTING=True)

    with running(SECRET_KEY=OLD).app_context():
        company = make_company()
        row_id = reviewed(company)
        before = queries.texts(row_id)
    both = running(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD)
    with both.app_context():
        assert queries.texts(row_id) == before
        done = both.test_cli_runner().invoke(args=["personal", "rotate", "--json"])
        assert json.loads(done.output)["rewrapped"]["employees"] == 1
    with running(SECRET_KEY=NEW).app_context():
        assert queries.texts(row_id) == before
    with running(SECRET_KEY=OLD).app_context(), pytest.raises(WordsChanged):
        queries.texts(row_id)


def test_erasing_a_leaver_destroys_the_key_and_the_signatures_stay(
    app: Flask, company: Company, tmp_path: Path
) -> None:
    row_id = reviewed(company, appealed=False)
    figures = db.session.scalar(select(Review.figures_hash))
    signed = queries.signatures(row_id)
    old = db.session.execute(select(ReviewText.id, ReviewText.text_sealed)).first()
    key = db.session.scalar(select(EmployeeKey.data_key))
    people_actions.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())
    subject = subject_of(company.ana.ref)
    assert subject is not None and key is not None and old is not None
    for again in (False, True):
        with transaction():
            done = erasing.erase(subject, actor=rule("erasure"), now=utc_now())
            reviews.audit.record(reviews.READ, subject=f"RW-{row_id}", actor=rule("erasure"), at=utc_now(), how="page")
        assert again is not bool(done.counts.get("review_text"))
    assert clean(done.counts)
    assert db.session.scalars(select(EmployeeKey.data_key)).all() == [None]
    assert {one.text for one in queries.texts(row_id)} | {one.text for one in queries.conduct(row_id)} == {"[erased]"}
    found = queries.review(row_id, COMPANY)
    assert found is not None and (found.figures_hash, queries.signatures(row_id)) == (
        figures,
        tuple(
            one
            if one.side == "reviewer"
            else type(one)(one.side, f"Former colleague {company.ana.ref}", *(one.at, one.round, one.content_hash))
            for one in signed
        ),
    )
    page = sign_in(app.test_client(), company.hana).get(f"/reviews/RW-{row_id}").text
    assert "The words that were signed are erased" in page and signed[0].content_hash[:12] in page
    assert readable(tmp_path) == [] and invariants.violations("reviews") == []
    # A ciphertext that somebody kept aside opens nowhere, whatever is put back into the row.
    with_triggers_off("review_text", old.id, "text", "")
    with_triggers_off("review_text", old.id, "text_sealed", old.text_sealed)
    assert queries.texts(row_id)[0].text == "[erased]"
    assert [one for one in invariants.violations("reviews") if "has its key" in one]
