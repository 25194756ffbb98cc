"""The charter: a comment round, agreement on both sides, publication by somebody else, and old versions for ever."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.transactions import transaction
from app.people import actions as people
from app.reviews import actions as reviews
from app.reviews import charter_actions as charter
from app.reviews import charter_queries
from app.reviews.charter_models import CharterVersion
from app.reviews.charter_rules import Clause, missing_sides
from app.reviews.models import Review
from tests.people.builders import OPERATOR, Company, make_company, make_person, sign_in
from tests.reviews.builders import NOW, fill, open_review, publish_charter

DAY = timedelta(days=1)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def drafted(company: Company) -> CharterVersion:
    row = charter.draft_charter(actor=company.hana.actor, now=NOW)
    clause = Clause("truth", "The truth", "We say what happened.", company.sam.id, date(2027, 11, 1))
    charter.write_clause(number=row.number, clause=clause, version=row.version, actor=company.hana.actor, now=NOW)
    return row


def test_a_version_needs_its_round_both_sides_and_another_publisher(company: Company) -> None:
    row = drafted(company)
    hana, sam, ana, boss = (getattr(company, who).actor for who in ("hana", "sam", "ana", "max"))

    def publish(actor: object, days: int) -> None:
        charter.publish_charter(number=row.number, version=row.version, actor=actor, now=NOW + days * DAY)  # type: ignore[arg-type]

    with pytest.raises(BadInput):
        charter.ask_comments(number=1, until=NOW.date() + 6 * DAY, version=row.version, actor=hana, now=NOW)
    charter.ask_comments(number=1, until=NOW.date() + 7 * DAY, version=row.version, actor=hana, now=NOW)
    charter.comment(number=1, code="truth", text="Also when it hurts.", actor=ana, now=NOW)
    with pytest.raises(NotFound):
        charter.comment(number=1, code="truth", text="Too late.", actor=ana, now=NOW + 8 * DAY)
    charter.agree(number=1, version=row.version, actor=sam, now=NOW)
    with pytest.raises(charter.AgreedAlready):
        charter.agree(number=1, version=row.version, actor=sam, now=NOW)
    with pytest.raises(NotPermitted):
        charter.agree(number=1, version=row.version, actor=company.ada.actor, now=NOW)
    with pytest.raises(charter.RoundOpen):
        publish(boss, 7)
    with pytest.raises(charter.AgreementMissing):
        publish(boss, 8)
    charter.agree(number=1, version=row.version, actor=ana, now=NOW)
    with pytest.raises(charter.OwnWords):
        publish(hana, 8)
    publish(boss, 8)
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(update(CharterVersion).values(clauses=[]))


def test_any_change_makes_earlier_agreement_void(company: Company) -> None:
    row = drafted(company)
    hana = company.hana.actor
    charter.ask_comments(number=1, until=NOW.date() + 7 * DAY, version=row.version, actor=hana, now=NOW)
    for who in (company.sam, company.ana):
        charter.agree(number=1, version=row.version, actor=who.actor, now=NOW)
    clause = Clause("truth", "The truth", "We say what happened, at once.", company.sam.id, date(2027, 11, 1))
    charter.write_clause(number=1, clause=clause, version=row.version, actor=hana, now=NOW)
    with pytest.raises(charter.AgreementMissing):
        charter.publish_charter(number=1, version=row.version, actor=company.max.actor, now=NOW + 8 * DAY)


def test_a_new_version_leaves_the_old_one_to_whoever_was_held_against_it(app: Flask, company: Company) -> None:
    publish_charter(company)
    charter.draft_charter(actor=company.max.actor, now=NOW)
    with pytest.raises(charter.DraftExists):
        charter.draft_charter(actor=company.hana.actor, now=NOW)
    charter.strike_clause(number=2, code="honesty", version=1, actor=company.max.actor, now=NOW)
    held = charter_queries.in_force()
    assert held is not None and held.number == 1 and held.clause("honesty") is not None
    client = sign_in(app.test_client(), company.ana)
    for path in ("/charter", "/charter/1", "/charter/2"):
        assert client.get(path).status_code == 200
    assert client.get("/charter/3").status_code == 404
    assert client.post("/charter").status_code == 403
    assert held.clauses[0].is_overdue(held.clauses[0].review_by + DAY)  # type: ignore[operator]
    assert not held.clauses[0].is_overdue(held.clauses[0].review_by)  # type: ignore[arg-type]


def test_a_clause_that_was_changed_meanwhile_is_sent_again_on_top_of_it(app: Flask, company: Company) -> None:
    row = drafted(company)
    db.session.commit()
    client = sign_in(app.test_client(), company.hana)
    typed = {
        "code": "truth", "title": "The truth", "owner": str(company.sam.id), "review_by": "2027-11-01", "version": str(row.version),
    }  # fmt: skip
    url = f"/charter/{row.number}/clause"
    assert client.post(url, data={**typed, "text": "We say all that happened."}).status_code == 303
    stale = client.post(url, data={**typed, "text": "We say it at once."})
    assert stale.status_code == 409
    assert "<dd>We say all that happened.</dd>" in stale.text and "We say it at once.</textarea>" in stale.text
    another = client.post(url, data={**typed, "code": "care", "title": "Care", "text": "We care."})
    assert another.status_code == 409 and "changed nothing of what you typed" in another.text
    again = re.search(r'name="version"[^>]*value="(\d+)"', stale.text)
    assert again
    assert client.post(url, data={**typed, "text": "We say it at once.", "version": again.group(1)}).status_code == 303
    assert "We say it at once." in client.get(f"/charter/{row.number}").text


def test_agreement_is_asked_of_both_sides() -> None:
    assert missing_sides([]) == ["leader", "employee"]
    assert missing_sides(["leader", "leader"]) == ["employee"]
    assert missing_sides(["employee", "leader"]) == []


def test_a_review_finds_another_holder_when_its_reviewer_leaves(company: Company) -> None:
    fill(company, count=10, satisfied=9)
    row = open_review(company)
    other = make_person("Ines Roth", "hr", company.quayside.id)
    people.deactivate(employee_id=company.hana.id, actor=OPERATOR, now=NOW)
    assert db.session.get_one(Review, row.id).reviewer_id == other.id
    given = {"review_id": row.id, "text": "My words.", "version": row.version, "now": NOW}
    reviews.say(**given, kind="self_assessment", actor=company.ana.actor)  # type: ignore[arg-type]
    assert invariants.violations("reviews") == []
