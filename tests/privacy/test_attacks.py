"""What somebody would try against holds and erasing: behind a merge, between two requests, with a page opened before."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.cases import actions as cases
from app.cases.models import Case
from app.customers import actions as customers
from app.customers import care_actions, merge_actions
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.privacy import erasure_actions as erasures
from app.privacy import erasure_queries
from app.privacy.models import Erasure, LegalHold
from app.privacy.subject_queries import Subject, identities, subject_of
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def done_case(company: Company, name: str = "Cleo Marchetti") -> Case:
    made = make_case(company.ana, customer=name)
    cases.resolve(
        case_id=made.id, outcome="made_good", root_cause="equipment", note="Warm again", actor=company.ana.actor, now=utc_now()
    )  # fmt: skip
    return made


def theirs(case: Case) -> Subject:
    found = subject_of(f"CU-{case.customer_id}")
    assert found is not None
    return found


def merge(company: Company, gone: Case, stays: Case) -> None:
    merge_actions.merge(
        customer_id=gone.customer_id or 0, into_id=stays.customer_id or 0, reason="one", actor=company.sam.actor, now=utc_now()
    )  # fmt: skip


def at_once(app: Flask, *deeds: Callable[[], object]) -> list[str]:
    """Do all at the same moment; what became of each."""
    said: list[str] = []
    start = threading.Barrier(len(deeds))

    def one(deed: Callable[[], object]) -> None:
        with app.app_context():
            start.wait(5)
            try:
                deed()
                said.append("done")
            except Refusal as refusal:
                said.append(refusal.code)
            except Exception as failure:  # what would be a 500
                said.append(type(failure).__name__)

    threads = [threading.Thread(target=one, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.rollback()
    return sorted(said)


def test_who_was_merged_after_the_proposal_is_not_erased_by_confirming_it(company: Company) -> None:
    junk, cleo = done_case(company, "Junk Entry"), done_case(company)
    proposed = erasures.propose(subject=theirs(junk), actor=company.max.actor, now=utc_now())
    merge(company, junk, cleo)
    with pytest.raises(Refusal):
        erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=utc_now())
    assert [one.name for one in identities(theirs(cleo))] != []


def test_a_hold_stays_with_both_when_they_are_taken_apart(company: Company) -> None:
    other, cleo = done_case(company, "Cloe Marketti"), done_case(company)
    merge(company, other, cleo)
    erasures.hold(subject=theirs(other), reason="A claim before the court", actor=company.max.actor, now=utc_now())
    merge_actions.unmerge(customer_id=other.customer_id or 0, reason="two", actor=company.sam.actor, now=utc_now())
    for case in (other, cleo):
        with pytest.raises(erasures.Blocked, match="A claim before the court"):
            erasures.propose(subject=theirs(case), actor=company.max.actor, now=utc_now())


def test_a_hold_and_a_confirmation_at_once_have_one_winner(app: Flask, company: Company) -> None:
    cleo = done_case(company)
    subject = theirs(cleo)
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=utc_now())
    said = at_once(
        app,
        lambda: erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=utc_now()),
        lambda: erasures.hold(
            subject=subject, reason="A claim before the court", actor=company.max.actor, now=utc_now()
        ),
    )
    is_erased = db.session.get_one(Erasure, proposed.id).erased_at is not None
    assert is_erased is not (erasure_queries.open_hold(subject) is not None), said


def test_two_who_propose_or_hold_at_once_do_it_once(app: Flask, company: Company) -> None:
    subject = theirs(done_case(company))

    def propose(who: PersonRow) -> Callable[[], object]:
        return lambda: erasures.propose(subject=subject, actor=who.actor, now=utc_now())

    def hold(who: PersonRow) -> Callable[[], object]:
        return lambda: erasures.hold(subject=subject, reason="A claim before the court", actor=who.actor, now=utc_now())

    assert at_once(app, propose(company.max), propose(company.ada)) == ["already-proposed", "done"]
    assert at_once(app, hold(company.max), hold(company.ada)) == ["already-proposed", "done"]
    assert db.session.query(LegalHold).count() == 1


def test_a_page_opened_before_writes_nothing_about_who_is_erased(company: Company) -> None:
    cleo, other = done_case(company), done_case(company, "Vera Lund")
    number, now = cleo.customer_id or 0, utc_now()
    proposed = erasures.propose(subject=theirs(cleo), actor=company.max.actor, now=now)
    erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=now)
    ana = company.ana.actor
    with pytest.raises(customers.Erased):
        care_actions.set_wishes(
            customer_id=number, version=0, channel="email", do_not_call=False, wishes="Cleo M", actor=ana, now=now
        )
    with pytest.raises(customers.Erased):
        care_actions.record_consent(
            customer_id=number, purpose="marketing", given=True, source="desk", said_at=now, actor=ana, now=now
        )
    for gone, stays in ((cleo, other), (other, cleo)):
        with pytest.raises(Refusal):
            merge(company, gone, stays)


def test_a_case_that_comes_while_its_customer_is_erased_is_refused_or_erased_too(app: Flask, company: Company) -> None:
    cleo = done_case(company)
    subject = theirs(cleo)
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=utc_now())
    said = at_once(
        app,
        lambda: erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=utc_now()),
        lambda: make_case(company.ana, summary="Zyxwv of Cleo Marchetti"),
    )
    assert "done" in said
    gone = identities(theirs(cleo)) == []
    with_name = (
        db.session.query(Case).filter(Case.summary.contains("Zyxwv"), Case.customer_id == cleo.customer_id).count()
    )
    assert not (gone and with_name), said


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_long_ago_breaks_no_page(app: Flask, company: Company, day: str) -> None:
    ref = theirs(done_case(company)).ref
    for person in (company.max, company.ada):
        client = sign_in(app.test_client(), person)
        sent = {"subject": ref, "kind": "access", "received_on": day, "note": "x"}
        assert client.post("/privacy/requests/new", data=sent).status_code in (303, 422)
        assert client.get("/privacy").status_code == 200
        assert client.get(f"/privacy/people/{ref}").status_code == 200


def test_nobody_confirms_what_somebody_who_left_since_proposed_and_nobody_twice(company: Company) -> None:
    subject, now = theirs(done_case(company)), utc_now()
    proposed = erasures.propose(subject=subject, actor=company.max.actor, now=now)
    erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=now + timedelta(seconds=1))
    with pytest.raises(NotFound):
        erasures.confirm(erasure_id=proposed.id, actor=company.ada.actor, now=now)
