"""A review from opening to both signatures and an appeal: whose turn it is, what is frozen, and what is refused."""

from collections.abc import Callable
from datetime import date, timedelta

import orjson
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from app.audit.models import AuditEntry
from app.cases import actions as cases
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.people import actions
from app.people import queries as people
from app.people.permissions import COMPANY
from app.people.queries import PersonRow
from app.policies.packs import hotel_rules
from app.reviews import actions as reviews
from app.reviews import conduct_actions as conduct
from app.reviews import queries
from app.reviews.models import Review
from app.reviews.sheet import sheet_of
from tests.cases.builders import make_case
from tests.forked import at_once
from tests.people.builders import Company, make_company, make_person, sign_in
from tests.remedies.builders import give, publish_policy
from tests.reviews.builders import NOW, SINCE, UNTIL, fill, open_review, publish_charter, resolved


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def say(company: Company, row: Review, who: str, kind: str, **more: object) -> None:
    given = {"review_id": row.id, "kind": kind, "text": "In my own words.", "now": NOW, **more}
    reviews.say(version=row.version, actor=getattr(company, who).actor, **given)  # type: ignore[arg-type]


def locked(company: Company) -> Review:
    row = open_review(company)
    say(company, row, "ana", "self_assessment")
    say(company, row, "hana", "notes")
    reviews.lock(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    return row


def test_figures_are_frozen_when_a_review_is_opened_and_later_cases_change_nothing(company: Company) -> None:
    fill(company)
    row = open_review(company)
    figures = {one["code"]: one for one in orjson.loads(row.figures)["figures"]}
    recovery = figures["recovery"]
    assert (recovery["k"], recovery["n"], recovery["expected"]) == (25, 30, 25.0)
    assert (recovery["verdict"], len(recovery["peers"])) == ("cannot_tell", 6)
    assert figures["discretion-utilisation"]["k"] == 0
    before = row.figures
    resolved(company.ana, 40, 0)
    found = queries.review(row.id, COMPANY)
    assert found is not None and found.figures_json == before
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(update(Review).values(figures="{}", version=Review.version + 1))


def test_fewer_than_ten_leave_no_number_at_all(company: Company) -> None:
    resolved(company.ana, 9, 9)
    row = open_review(company)
    assert orjson.loads(row.figures) == {
        "method": row.method,
        "money": {},
        "figures": [{"code": code, "verdict": "too_few", "peers": []} for code in
                    ("discretion-utilisation", "recovery", "double-deviation", "promise-kept")],
    }  # fmt: skip


def test_the_reviewer_writes_nothing_before_the_self_assessment(company: Company) -> None:
    row = open_review(company)
    with pytest.raises(reviews.WrongStep):
        say(company, row, "hana", "notes")
    say(company, row, "ana", "self_assessment")
    say(company, row, "hana", "notes")
    with pytest.raises(reviews.WrongStep):
        say(company, row, "ana", "self_assessment")


def test_a_review_closes_when_both_have_signed_for_themselves(company: Company) -> None:
    row = locked(company)
    with pytest.raises(reviews.WrongStep):
        say(company, row, "ana", "comment", measure="recovery")
    assert not reviews.sign(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    with pytest.raises(reviews.SignedAlready):
        reviews.sign(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    assert reviews.sign(review_id=row.id, version=row.version, actor=company.ana.actor, now=NOW)
    assert (row.state, row.closed_at) == ("closed", NOW)
    signed = queries.signatures(row.id)
    assert {one.side for one in signed} == {"employee", "reviewer"}
    assert len({one.content_hash for one in signed}) == 1
    types = db.session.scalars(select(AuditEntry.type).where(AuditEntry.subject == row.ref).order_by(AuditEntry.id))
    assert list(types) == [
        "review:open", "review:assess", "review:note", "review:lock", "review:sign", "review:sign", "review:close",
    ]  # fmt: skip


def test_whoever_takes_it_back_makes_the_signatures_of_that_round_void(company: Company) -> None:
    row = locked(company)
    reviews.sign(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    reviews.unlock(review_id=row.id, version=row.version, actor=company.ana.actor, now=NOW)
    say(company, row, "ana", "comment", measure="recovery")
    reviews.lock(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    assert not reviews.sign(review_id=row.id, version=row.version, actor=company.ana.actor, now=NOW)


def test_nobody_reviews_themselves_signs_for_another_or_overwrites_a_newer_version(company: Company) -> None:
    with pytest.raises(NotPermitted):
        open_review(company, company.hana)
    row = locked(company)
    for who, error in (("bo", NotFound), ("sam", NotFound), ("max", NotFound), ("audra", NotPermitted)):
        with pytest.raises(error):
            reviews.sign(review_id=row.id, version=row.version, actor=getattr(company, who).actor, now=NOW)
    with pytest.raises(Conflict):
        reviews.sign(review_id=row.id, version=row.version - 1, actor=company.ana.actor, now=NOW)
    with pytest.raises(reviews.ReviewRunning):
        open_review(company)
    with pytest.raises(BadInput):
        open_review(company, company.bo, until_on=SINCE + timedelta(days=5))


def test_no_day_of_a_person_is_reviewed_twice(app: Flask, company: Company) -> None:
    """Two figures of overlapping periods could be subtracted to one of fewer than ten."""
    first = locked(company)
    for who in ("ana", "hana"):
        reviews.sign(review_id=first.id, version=first.version, actor=getattr(company, who).actor, now=NOW)
    assert first.state == "closed"
    month = timedelta(days=31)
    for since_on, until_on in (
        (SINCE, UNTIL),
        (SINCE - month, SINCE + timedelta(days=1)),
        (UNTIL - month, UNTIL + month),
    ):
        with pytest.raises(BadInput) as refused:
            open_review(company, since_on=since_on, until_on=until_on)
        assert [*refused.value.errors] == ["since_on"] and first.ref in refused.value.errors["since_on"][0]
    typed = {"employee": company.ana.id, "since_on": "2026-09-01", "until_on": "2026-10-20"}
    said = sign_in(app.test_client(), company.hana).post("/reviews", data=typed)
    assert said.status_code == 422 and f"{first.ref} covers 1 Apr 2026 to 30 Sept 2026 already" in said.text
    open_review(company, company.bo)
    before = open_review(company, since_on=SINCE - month, until_on=SINCE)
    say(company, before, "ana", "self_assessment")


def test_two_reviews_of_overlapping_days_that_are_opened_at_once_are_one(app: Flask, company: Company) -> None:
    other = make_person("Iris Bell", "hr", company.quayside.id)

    def opening(who: PersonRow, since_on: str) -> Callable[[], int]:
        client = sign_in(app.test_client(), who)
        typed = {"employee": company.ana.id, "since_on": since_on, "until_on": "2026-09-30"}
        return lambda: client.post("/reviews", data=typed).status_code

    codes = at_once([opening(company.hana, "2026-04-01"), opening(other, "2026-05-01")])
    assert sorted(codes) in ([303, 409], [303, 422]), codes
    assert len(list(db.session.scalars(select(Review)))) == 1


def test_people_in_hr_are_reviewed_by_their_own_manager_and_read_by_no_colleague_in_hr(
    app: Flask, company: Company
) -> None:
    iris = make_person("Iris Bell", "hr", company.quayside.id, manager_id=company.max.id)
    given = {"employee_id": iris.id, "since_on": date(2026, 1, 1), "until_on": date(2026, 3, 1), "now": utc_now()}
    for who in (company.hana, iris, company.sam):
        with pytest.raises(NotPermitted):
            reviews.open_review(actor=who.actor, **given)
    with pytest.raises(NotPermitted):  # of everybody else HR does it, also for a manager
        reviews.open_review(actor=company.max.actor, **{**given, "employee_id": company.ana.id})
    listed = sign_in(app.test_client(), company.max).get("/reviews/new").text
    assert "Iris Bell" in listed and "Ana" not in listed.partition("<main")[2]
    row = reviews.open_review(actor=company.max.actor, **given)
    for who, seen in ((company.max, 200), (iris, 200), (company.hana, 404), (company.audra, 200)):
        client = sign_in(app.test_client(), who)
        assert client.get(f"/reviews/{row.ref}").status_code == seen, who.name
        assert (row.ref in client.get("/reviews").text) == (seen == 200), who.name
    assert {name for _id, name in queries.readers(_row(row))} == set(), "no manager without a hand in it"


def test_an_appeal_opens_the_review_again_with_a_reader_who_had_no_hand_in_it(company: Company) -> None:
    row = locked(company)
    for who in ("ana", "hana"):
        reviews.sign(review_id=row.id, version=row.version, actor=getattr(company, who).actor, now=NOW)
    found = queries.review(row.id, COMPANY)
    assert found is not None
    assert queries.readers(found) == ((company.max.id, "Max Weber"),)
    given = {"review_id": row.id, "text": "Two cases were not mine.", "now": NOW, "actor": company.ana.actor}
    with pytest.raises(BadInput):
        reviews.appeal(**given, reader_id=company.hana.id, version=row.version)  # type: ignore[arg-type]
    late = {**given, "now": NOW + timedelta(days=30)}
    with pytest.raises(reviews.AppealOver):
        reviews.appeal(**late, reader_id=company.max.id, version=row.version)  # type: ignore[arg-type]
    db.session.refresh(row)
    reviews.appeal(**given, reader_id=company.max.id, version=row.version)  # type: ignore[arg-type]
    assert (row.state, row.reviewer_id, row.round) == ("conversation", company.max.id, 2)
    with pytest.raises(NotPermitted):
        say(company, row, "hana", "notes")
    with pytest.raises(reviews.NotesMissing):
        reviews.lock(review_id=row.id, version=row.version, actor=company.max.actor, now=NOW)


def test_evidence_is_drawn_with_a_recorded_seed_and_chosen_by_the_employee(company: Company) -> None:
    known = resolved(company.ana, 12, 10)
    other = resolved(company.bo, 1, 1)[0]
    row = open_review(company)
    drawn = [one.case_id for one in queries.evidence(_row(row))]
    assert len(drawn) == 5
    assert reviews.rules.draw(list(reversed(known)), row.seed) == drawn
    chosen = next(one for one in known if one not in drawn)
    given = {"review_id": row.id, "actor": company.ana.actor, "now": NOW}
    for wrong in (other, drawn[0]):
        with pytest.raises(BadInput):
            reviews.choose_case(**given, case_id=wrong, version=row.version)  # type: ignore[arg-type]
        db.session.refresh(row)
    reviews.choose_case(**given, case_id=chosen, version=row.version)  # type: ignore[arg-type]
    assert {one.origin for one in queries.evidence(_row(row)) if one.case_id == chosen} == {"chosen"}


def test_a_decision_inside_the_policy_carries_no_concern_also_after_the_policy_is_tightened(company: Company) -> None:
    then = utc_now() - timedelta(days=3)
    publish_policy(now=then)
    publish_charter(company)
    case = make_case(company.ana, now=then)
    give(company.ana, case.id, 1_000, now=then + timedelta(minutes=5))
    cases.resolve(
        case_id=case.id, outcome="made_good", root_cause="process", note="", actor=company.ana.actor, now=utc_now()
    )
    publish_policy([{**rule, "limit_minor": 1} for rule in hotel_rules(people.sites())])
    plain = resolved(company.ana, 1, 1)[0]
    row = open_review(company, since_on=SINCE, until_on=utc_now().date(), now=utc_now())
    say(company, row, "ana", "self_assessment")
    given = {
        "review_id": row.id, "area": "honesty", "text": "Said too much.", "clause": "honesty", "now": NOW,
        "actor": company.hana.actor,
    }  # fmt: skip
    for wrong in ({"case_ids": []}, {"case_ids": [999]}, {"case_ids": [plain], "clause": "nothing"}):
        with pytest.raises(BadInput):
            conduct.add_conduct(**{**given, **wrong}, tone="concern", version=row.version)  # type: ignore[arg-type]
        db.session.refresh(row)
    with pytest.raises(conduct.ProtectedDecision, match=case.ref):
        conduct.add_conduct(**given, tone="concern", case_ids=[plain, case.id], version=row.version)  # type: ignore[arg-type]
    db.session.refresh(row)
    assert queries.conduct(row.id) == ()
    assert db.session.scalar(select(AuditEntry.id).where(AuditEntry.type == "review:refuse-conduct")) is not None
    conduct.add_conduct(**given, tone="praise", case_ids=[case.id], version=row.version)  # type: ignore[arg-type]
    conduct.add_conduct(**given, tone="concern", case_ids=[plain], version=row.version)  # type: ignore[arg-type]
    assert [one.tone for one in queries.conduct(row.id)] == ["praise", "concern"]
    conduct.withdraw_conduct(
        review_id=row.id, item_id=queries.conduct(row.id)[1].id, version=row.version, actor=company.hana.actor, now=NOW
    )
    assert queries.conduct(row.id)[1].withdrawn_at == NOW


def _row(row: Review) -> queries.ReviewRow:
    found = queries.review(row.id, COMPANY)
    assert found is not None
    return found


def test_the_review_of_somebody_who_leaves_ends_as_it_stands_and_its_holder_is_told(company: Company) -> None:
    row = open_review(company)
    say(company, row, "ana", "self_assessment")
    actions.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=NOW)
    db.session.refresh(row)
    assert (row.state, row.closed_at) == ("closed", NOW)
    [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.type == "review:end"))
    assert entry.subject == row.ref
    told = db.session.scalars(select(Notification.text_key).where(Notification.employee_id == company.hana.id))
    assert "review:end" in list(told)
    found = queries.review(row.id, COMPANY)
    assert found is not None and sheet_of(found, None, NOW).is_cut_short
    assert invariants.violations("reviews") == []


def test_both_sign_from_pages_that_were_open_at_the_same_time(company: Company) -> None:
    row = locked(company)
    shown = row.version
    given = {"review_id": row.id, "version": shown, "now": NOW}
    assert reviews.sign(**given, actor=company.hana.actor) is False  # type: ignore[arg-type]
    with pytest.raises(reviews.SignedAlready):
        reviews.sign(**given, actor=company.hana.actor)  # type: ignore[arg-type]
    assert reviews.sign(**given, actor=company.ana.actor) is True  # type: ignore[arg-type]
    db.session.refresh(row)
    assert (row.state, len({one.content_hash for one in queries.signatures(row.id)})) == ("closed", 1)


def test_nobody_signs_a_page_that_is_older_than_the_words_it_asks_to_sign(company: Company) -> None:
    row = locked(company)
    reviews.sign(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    shown = row.version
    for deed, who in ((reviews.unlock, "ana"), (reviews.lock, "hana")):
        db.session.refresh(row)
        deed(review_id=row.id, version=row.version, actor=getattr(company, who).actor, now=NOW)
    with pytest.raises(Conflict):
        reviews.sign(review_id=row.id, version=shown, actor=company.ana.actor, now=NOW)
