"""Clauses on their own pages: who cares for them until when, who signed, and who may read what."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

import pytest
from flask import Flask

from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.time import utc_now
from app.people import queries as people
from app.policies import actions as policies
from app.policies import clause_actions as clauses
from app.policies import clause_queries, document_queries
from app.policies.clause_actions import SignedAlready
from app.policies.clause_models import ClauseCare
from app.policies.clause_rules import clause_hash, due_of, side_of
from app.policies.document_rules import Clause, Document
from app.policies.packs import hotel_rules
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.policies.builders import approve
from tests.remedies.builders import give, publish_policy

RULES = [
    {"role": "frontline", "unit": "incident", "limit_minor": 20_000, "currency": "GBP", "clause": "4.2"},
    {"role": "frontline", "unit": "employee_month", "limit_minor": 120_000, "currency": "GBP", "clause": "5.1"},
]
TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("review_by", "due"),
    [(None, "never"), (TODAY, "soon"), (TODAY - timedelta(days=1), "overdue"), (TODAY + timedelta(days=30), "soon"),
     (TODAY + timedelta(days=31), "later")],
)  # fmt: skip
def test_a_clause_is_overdue_from_the_day_after_its_review_date(review_by: date | None, due: str) -> None:
    assert due_of(review_by, TODAY) == due


def test_leaders_and_those_who_work_under_it_sign_and_nobody_else() -> None:
    roles = ("frontline", "supervisor", "manager", "hr", "auditor", "admin", None)
    assert [side_of(role) for role in roles] == ["employee", "leader", "leader", None, None, None, None]


def test_a_clause_that_says_the_same_has_the_same_hash_in_every_version_and_another_one_has_not() -> None:
    words = (Clause("4.2", "Incidents", "Make it good."), Clause("5.1", "Months"))
    one = Document("One", clauses=words).with_rules(document_queries.document_of(_content(words)).rules)
    reordered = one.with_rules(reversed(one.rules))
    assert clause_hash(one, "4.2") == clause_hash(reordered, "4.2") != clause_hash(one, "5.1")
    other = Document("Two", clauses=(Clause("4.2", "Incidents", "Make it better."), words[1])).with_rules(one.rules)
    assert clause_hash(other, "4.2") != clause_hash(one, "4.2")
    assert clause_hash(other, "5.1") == clause_hash(one, "5.1")


def _content(words: tuple[Clause, ...]) -> dict[str, object]:
    spoken = [{"code": one.code, "title": one.title, "text": one.text} for one in words]
    return {"title": "One", "source": "", "rationale": "", "clauses": spoken, "rules": RULES}


def ready() -> tuple[Company, int]:
    company = make_company()
    return company, publish_policy(RULES)


def test_a_signature_is_given_once_and_goes_with_the_clause_into_later_versions(app: Flask) -> None:
    company, version = ready()
    now = utc_now()
    for person in (company.ana, company.sam):
        clauses.sign_off(version_id=version, code="4.2", actor=person.actor, now=now, note="It is fair.")
    with pytest.raises(SignedAlready):
        clauses.sign_off(version_id=version, code="4.2", actor=company.ana.actor, now=now)
    for stranger in (company.audra, company.ada, company.hana):
        with pytest.raises(NotPermitted):
            clauses.sign_off(version_id=version, code="4.2", actor=stranger.actor, now=now)
    with pytest.raises(NotFound):
        clauses.sign_off(version_id=version, code="9.9", actor=company.ana.actor, now=now)
    # The next version changes clause 5.1 alone: the signatures of 4.2 stay, those of 5.1 are asked anew.
    clauses.sign_off(version_id=version, code="5.1", actor=company.ana.actor, now=now)
    draft = policies.duplicate_version(version_id=version, actor=company.max.actor, now=now)
    policies.change_limits(version_id=draft.id, version=1, limits={2: 100_000}, actor=company.max.actor, now=now)
    row = document_queries.document(draft.id)
    assert row is not None
    cares = clause_queries.cares_of(row.document, TODAY)
    assert cares["4.2"].is_signed
    assert [one.side for one in cares["4.2"].signatures] == ["employee", "leader"]
    assert not cares["5.1"].signatures
    with pytest.raises(NotFound):  # a draft is signed from when its review was asked for
        clauses.sign_off(version_id=draft.id, code="5.1", actor=company.ana.actor, now=now)
    policies.ask_review(version_id=draft.id, version=2, reviewer_ids=[], actor=company.max.actor, now=now)
    clauses.sign_off(version_id=draft.id, code="5.1", actor=company.ana.actor, now=now)


def test_an_owner_leads_and_a_date_is_a_day_and_both_are_seen_by_everybody(app: Flask) -> None:
    company, version = ready()
    now = utc_now()
    with pytest.raises(NotPermitted):
        clauses.set_care(code="4.2", owner_id=company.sam.id, review_by=None, actor=company.sam.actor, now=now)
    with pytest.raises(BadInput):
        clauses.set_care(code="4.2", owner_id=company.ana.id, review_by=None, actor=company.max.actor, now=now)
    leader = sign_in(app.test_client(), company.max)
    url = f"/clauses/PO-{version}/4.2"
    yesterday = (now - timedelta(days=2)).date().isoformat()
    assert leader.post(f"{url}/care", data={"owner": str(company.ana.id), "review_by": yesterday}).status_code == 422
    assert leader.post(f"{url}/care", data={"owner": str(company.sam.id), "review_by": yesterday}).status_code == 303
    stale = leader.post(f"{url}/care", data={"owner": "", "review_by": "2031-05-06"})
    assert stale.status_code == 409 and "2031-05-06" in stale.text and "Somebody changed this" in stale.text
    ana = sign_in(app.test_client(), company.ana)
    shown = ana.get(url).text
    assert company.sam.name in shown
    assert "has passed" in shown
    assert "overdue" in ana.get("/policies/in-force").text
    assert "1 clause is past the day of its review" in leader.get(f"/policies/PO-{version}").text
    assert company.sam.name in leader.get(f"/policies/PO-{version}/print").text
    assert ana.get(f"{url}/care").status_code == ana.post(f"{url}/care").status_code == 403


def test_the_link_of_can_i_opens_the_clause_for_everybody_who_sees_the_case(app: Flask) -> None:
    """Frontline reads what holds at its own site, of published versions alone; nobody else's limits."""
    company = make_company()
    version = publish_policy(hotel_rules(people.sites()))
    case = make_case(company.ana)
    remedy = give(company.ana, case.id, 1_000)
    url = f"/clauses/PO-{version}/4.2"
    for person in (company.ana, company.bo, company.sam, company.max, company.audra):
        client = sign_in(app.test_client(), person)
        assert client.get(f"/cases/{case.ref}").status_code == 200
        assert client.get(url).status_code == 200
        assert url in client.get(f"/remedies/{remedy.ref}/receipt").text
    ana = sign_in(app.test_client(), company.ana)
    answer = ana.post(f"/cases/{case.ref}/can-i", data={"kind": "refund", "amount": "10.00", "intent": "a-key-of-ana"})
    assert url in answer.text
    assert "£200.00" in ana.get(url).text
    elsewhere = next(site for site in people.sites() if site.id != company.ana.site_id)
    assert elsewhere.name not in ana.get(url).text, "limits of other sites aren't theirs to read"
    assert elsewhere.name in sign_in(app.test_client(), company.max).get(url).text
    for missing in (f"/clauses/PO-{version}/9.9", "/clauses/PO-999/4.2"):
        assert ana.get(missing).status_code == 404
    draft = policies.duplicate_version(version_id=version, actor=company.max.actor, now=utc_now())
    assert ana.get(f"/clauses/PO-{draft.id}/4.2").status_code == 404
    assert sign_in(app.test_client(), company.sam).get(f"/clauses/PO-{draft.id}/4.2").status_code == 200
    policies.ask_review(version_id=draft.id, version=1, reviewer_ids=[], actor=company.max.actor, now=utc_now())
    assert f"/clauses/PO-{draft.id}/4.2" in ana.get("/policies/in-force").text
    assert ana.post(f"/clauses/PO-{draft.id}/4.2/sign-offs", data={"note": "Fair."}).status_code == 303
    assert ana.post(f"/clauses/PO-{draft.id}/4.2/sign-offs", data={"note": "Fair."}).status_code == 409
    assert "Fair." in ana.get(f"/clauses/PO-{draft.id}/4.2").text
    approve(draft.id)


def test_two_who_first_say_who_cares_for_a_clause_at_once_are_both_taken(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, _version = ready()
    now, both, real = utc_now(), threading.Barrier(2), clause_queries.care_row
    db.session.remove()

    def meet(code: str) -> ClauseCare | None:
        found = real(code)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # both have looked, if the database lets them
        return found

    monkeypatch.setattr(clause_queries, "care_row", meet)

    def say(owner_id: int) -> int | None:
        with app.app_context():
            clauses.set_care(code="4.2", owner_id=owner_id, review_by=None, actor=company.max.actor, now=now)
            db.session.remove()
        return owner_id

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(say, (company.sam.id, company.max.id)))
    care = real("4.2")
    assert care is not None and care.owner_id in said
