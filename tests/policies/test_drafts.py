"""A draft's way: written with optimistic locking, reviewed by a second person, published for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from app.audit.models import AuditEntry
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotPermitted, Refusal
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.policies import actions as policies
from app.policies import document_queries, queries
from app.policies.document_models import PolicyDocument
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import Clause
from app.policies.models import PolicyVersion
from tests.people.builders import Company, make_company
from tests.policies.builders import approve

RULE = {"unit": "incident", "limit_minor": 100, "currency": "GBP", "clause": "1"}


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company(second_site=False)


def draft_by(company: Company, *rules: dict[str, object]) -> int:
    return policies.draft_version(
        title="Spring", source="", rules=rules or (RULE,), valid_from=utc_now(), actor=company.max.actor, now=utc_now()
    ).id


def row(version_id: int) -> DocumentRow:
    db.session.rollback()
    found = document_queries.document(version_id)
    assert found is not None
    return found


def publish(version_id: int, company: Company) -> None:
    policies.publish_version(version_id=version_id, actor=company.max.actor, now=utc_now())


def test_who_wrote_in_a_draft_doesnt_review_it_and_a_change_makes_the_review_void(company: Company) -> None:
    draft = draft_by(company)
    with pytest.raises(policies.OwnReview):
        approve(draft, actor=company.max.actor)
    policies.change_limits(version_id=draft, version=1, limits={1: 200}, actor=company.ada.actor, now=utc_now())
    assert row(draft).authors == (company.max.ref, company.ada.ref)
    with pytest.raises(policies.OwnReview):
        approve(draft, actor=company.ada.actor)
    with pytest.raises(policies.NotReviewed):
        publish(draft, company)
    approve(draft, actor=company.sam.actor)
    assert row(draft).stage == "reviewed"
    policies.change_limits(version_id=draft, version=2, limits={1: 300}, actor=company.max.actor, now=utc_now())
    assert row(draft).stage == "draft"
    with pytest.raises(policies.NotReviewed):
        publish(draft, company)
    policies.change_limits(version_id=draft, version=3, limits={1: 200}, actor=company.max.actor, now=utc_now())
    with pytest.raises(policies.NotReviewed):  # the same words again are still a change that nobody has read
        publish(draft, company)


def test_rights_are_asked_at_each_step(company: Company) -> None:
    draft = draft_by(company)
    for person in (company.ana, company.hana, company.audra):
        with pytest.raises(NotPermitted):
            approve(draft, actor=person.actor)
    with pytest.raises(NotPermitted):
        policies.change_limits(version_id=draft, version=1, limits={}, actor=company.sam.actor, now=utc_now())
    approve(draft, actor=company.sam.actor)
    with pytest.raises(NotPermitted):
        policies.publish_version(version_id=draft, actor=company.sam.actor, now=utc_now())


def test_a_draft_is_changed_as_it_was_shown_or_not_at_all(company: Company) -> None:
    draft, now, actor = draft_by(company), utc_now(), company.max.actor
    policies.put_rule(version_id=draft, version=1, place=None, values={**RULE, "severity_min": 3}, actor=actor, now=now)
    with pytest.raises(Conflict):
        policies.remove_rule(version_id=draft, version=1, place=1, actor=actor, now=now)
    policies.put_clause(version_id=draft, version=2, clause=Clause("1.1", "One", "Text"), was="1", actor=actor, now=now)
    assert [rule.clause for rule in row(draft).document.rules] == ["1.1", "1.1"]
    with pytest.raises(BadInput):
        policies.remove_clause(version_id=draft, version=3, code="1.1", actor=actor, now=now)
    policies.remove_rule(version_id=draft, version=3, place=1, actor=actor, now=now)
    left = row(draft).document.rules
    assert [(rule.id, rule.severity_min) for rule in left] == [(1, 3)]
    assert queries.rules_of(draft) == left
    with pytest.raises(BadInput):
        policies.put_clause(version_id=draft, version=4, clause=Clause("1/2", "Half"), was=None, actor=actor, now=now)
    with pytest.raises(BadInput):
        bad = {**RULE, "severity_min": 4, "severity_max": 2}
        policies.put_rule(version_id=draft, version=4, place=1, values=bad, actor=actor, now=now)


def test_errors_stop_the_review_and_warnings_dont(company: Company) -> None:
    draft = draft_by(company, RULE, {**RULE, "kind": "yacht"})
    for deed in (
        lambda: approve(draft, actor=company.sam.actor),
        lambda: policies.ask_review(
            version_id=draft, version=1, reviewer_ids=(), actor=company.max.actor, now=utc_now()
        ),
    ):
        with pytest.raises(policies.HasErrors):
            deed()
    policies.remove_rule(version_id=draft, version=1, place=2, actor=company.max.actor, now=utc_now())
    policies.ask_review(
        version_id=draft, version=2, reviewer_ids=[company.ada.id], actor=company.max.actor, now=utc_now()
    )
    assert row(draft).stage == "asked"
    policies.review_version(
        version_id=draft, outcome="returned", note="Too low", actor=company.sam.actor, now=utc_now()
    )
    assert row(draft).stage == "returned"
    lines = db.session.execute(select(Notification.employee_id, Notification.text_key).order_by(Notification.id)).all()
    assert [tuple(line) for line in lines] == [
        (company.ada.id, "policy:ask-review"), (company.max.id, "policy:returned"),
    ]  # fmt: skip
    with pytest.raises(BadInput):
        policies.review_version(version_id=draft, outcome="returned", note=" ", actor=company.sam.actor, now=utc_now())


def test_a_version_starts_now_or_later_and_never_behind_decisions_already_made(company: Company) -> None:
    draft, now = draft_by(company), utc_now()
    approve(draft, actor=company.sam.actor)
    with pytest.raises(BadInput):
        policies.publish_version(
            version_id=draft, actor=company.max.actor, now=now, valid_from=now - timedelta(seconds=1)
        )
    policies.publish_version(version_id=draft, actor=company.max.actor, now=now, valid_from=now + timedelta(days=1))
    assert queries.version_in_force(now) is None
    later = queries.version_in_force(now + timedelta(days=1))
    assert later is not None and [rule.limit_minor for rule in later.rules] == [100]
    with pytest.raises(policies.AlreadyPublished):
        policies.change_limits(version_id=draft, version=1, limits={1: 1}, actor=company.max.actor, now=now)
    copy = policies.duplicate_version(version_id=draft, actor=company.max.actor, now=now).id
    assert row(copy).document.rules == row(draft).document.rules and row(copy).stage == "draft"


def test_a_discarded_draft_stays_and_can_only_be_copied(company: Company) -> None:
    draft, actor = draft_by(company), company.max.actor
    policies.discard_draft(version_id=draft, version=1, actor=actor, now=utc_now())
    assert row(draft).stage == "discarded"
    with pytest.raises(policies.Discarded):
        approve(draft, actor=company.sam.actor)
    assert policies.duplicate_version(version_id=draft, actor=actor, now=utc_now()).id > draft


def test_the_database_publishes_nothing_unreviewed_and_keeps_reviews_and_documents(company: Company) -> None:
    draft = draft_by(company)
    force = update(PolicyVersion).where(PolicyVersion.id == draft).values(state="published", published_at=utc_now())
    with pytest.raises(DatabaseError, match="without a review"), transaction():
        db.session.execute(force)
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(update(PolicyDocument).values(authors=[]))
    approve(draft, actor=company.sam.actor)
    statements = [
        "UPDATE policy_review SET outcome = 'returned'",
        "DELETE FROM policy_review",
        "DELETE FROM policy_document",
    ]
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), transaction():
            db.session.execute(text(statement))
    publish(draft, company)
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(update(PolicyDocument).values(version=PolicyDocument.version + 1, asked_at=None))


def test_every_step_is_one_entry_that_names_the_content(company: Company) -> None:
    draft = draft_by(company)
    policies.change_limits(version_id=draft, version=1, limits={1: 200}, actor=command("other"), now=utc_now())
    approve(draft, actor=company.sam.actor)
    publish(draft, company)
    entries = db.session.execute(
        select(AuditEntry.type).where(AuditEntry.subject == f"PO-{draft}").order_by(AuditEntry.id)
    ).scalars()
    assert list(entries) == ["policy:draft", "policy:change", "policy:review", "policy:publish"]


def test_many_publish_and_edit_at_once_and_one_thing_happens(app: Flask, company: Company) -> None:
    draft = draft_by(company)
    approve(draft, actor=company.sam.actor)
    db.session.rollback()
    start = Barrier(6)

    def attempt(number: int) -> str:
        with app.app_context():
            start.wait()
            try:
                if number % 2:
                    publish(draft, company)
                    return "published"
                policies.change_limits(
                    version_id=draft, version=1, limits={1: 200}, actor=company.ada.actor, now=utc_now()
                )
                return "changed"
            except Refusal:
                return "refused"
            finally:
                db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(attempt, range(6)))
    assert sorted(said)[-5:] == ["refused"] * 5, said
    found = row(draft)
    assert len(queries.rules_of(draft)) == 1
    assert found.document.rules[0].limit_minor == (100 if found.state == "published" else 200)
