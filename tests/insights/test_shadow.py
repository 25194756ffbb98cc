"""A draft in the shadow: it answers what is new, once each, and touches nothing else."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.insights import jobs
from app.insights import shadow_actions as shadows
from app.insights import shadow_queries as queries
from app.insights.shadow_models import ShadowAnswer, ShadowRun
from app.insights.shadow_rules import Agreement
from app.kernel import invariants
from app.kernel.database import Base, db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.time import utc_now
from tests.cases.builders import make_case
from tests.insights.past import INCIDENT, ask, draft_of, rules_now, small_policy
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give

SOON = timedelta(minutes=2)

# What a page or a command says doesn't depend on the database; the queries behind it are tried on both.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    small_policy(now=utc_now() - timedelta(days=2))
    return made


def started(company: Company, **limits: int) -> queries.RunRow:
    version_id = draft_of(rules_now(), **limits)
    shadows.start(version_id=version_id, reason="Fewer calls at night.", actor=company.max.actor, now=utc_now())
    run = queries.newest_run(version_id)
    assert run
    return run


def rows() -> dict[str, int]:
    """How many rows every table has, but the shadow's own and the trail's."""
    return {
        name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in Base.metadata.tables.items()
        if name != "shadow_answer" and not name.startswith("audit_")
    }


def test_each_new_question_is_answered_once_and_no_money_moves(company: Company) -> None:
    before = give(company.ana, make_case(company.ana).id, 1_000)
    run = started(company, incident=40_000, customer_days=50_000)
    now = utc_now()
    small = give(company.ana, make_case(company.ana, customer="Bea Lund").id, 2_000, now=now)
    large = ask(company.ana, make_case(company.ana, customer="Dan Oh").id, 25_000, now).remedy_id
    assert jobs.answer_in_the_shadow(now=now) == 0, "what is only seconds old may still be under way"
    counted = rows()
    assert jobs.answer_in_the_shadow(now=now + SOON) == 2
    assert jobs.answer_in_the_shadow(now=now + SOON) == 0, "twice is as once"
    assert rows() == counted, "no money, nothing live"
    found = {row.remedy_id: (row.live, row.shadow) for row in db.session.scalars(select(ShadowAnswer))}
    assert found == {small.id: ("allowed", "allowed"), large: ("needs_approval", "allowed")}
    assert before.id not in found
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.type == "shadow:answer")).all()
    assert [entry.subject for entry in entries] == [run.version_ref], "one entry a batch"
    assert queries.agreement(run.id, (company.quayside.id,)).differing == 1
    assert queries.agreement(run.id, (999,)).asked == 0, "a stranger sees nothing of it"
    assert invariants.violations("learning") == []


def test_the_draft_in_the_shadow_sees_its_own_windows_fill(company: Company) -> None:
    started(company, incident=5_000)
    now, case = utc_now(), make_case(company.ana)
    for minor in (3_000, 2_000, 1):
        give(company.ana, case.id, minor, now=now)
    jobs.answer_in_the_shadow(now=now + SOON)
    answers = [row.shadow for row in db.session.scalars(select(ShadowAnswer).order_by(ShadowAnswer.remedy_id))]
    assert answers == ["allowed", "allowed", "needs_approval"]


def test_a_stopped_run_answers_no_more_and_its_rules_are_those_of_its_beginning(company: Company) -> None:
    run = started(company, incident=INCIDENT)
    shadows.stop(version_id=run.version_id, actor=company.ada.actor, now=utc_now())
    give(company.ana, make_case(company.ana).id, 2_000)
    assert jobs.answer_in_the_shadow(now=utc_now() + SOON) == 0
    with pytest.raises(shadows.NoShadow):
        shadows.stop(version_id=run.version_id, actor=company.ada.actor, now=utc_now())
    kept = db.session.scalars(select(ShadowRun)).one()
    assert [rule["limit_minor"] for rule in kept.rules] == [rule.limit_minor for rule in rules_now()]


@one_database
def test_who_may_start_it_and_what_it_needs(company: Company) -> None:
    version_id = draft_of(rules_now())
    with pytest.raises(NotPermitted):
        shadows.start(version_id=version_id, reason="x", actor=company.sam.actor, now=utc_now())
    with pytest.raises(BadInput):
        shadows.start(version_id=version_id, reason="  ", actor=company.max.actor, now=utc_now())
    shadows.start(version_id=version_id, reason="x", actor=company.max.actor, now=utc_now())
    with pytest.raises(shadows.NoShadow, match="already"):
        shadows.start(version_id=version_id, reason="x", actor=company.max.actor, now=utc_now())
    for _more in range(shadows.RUNNING_MAX - 1):
        started(company)
    with pytest.raises(shadows.NoShadow, match="Stop one first"):
        started(company)


@one_database
def test_the_page_starts_shows_and_stops_it(app: Flask, company: Company) -> None:
    version_id = draft_of(rules_now(), incident=40_000, customer_days=50_000)
    url = f"/policies/PO-{version_id}/shadow"
    client = sign_in(app.test_client(), company.max)
    assert client.post(url, data={"reason": ""}).status_code == 422
    assert client.post(url, data={"reason": "Fewer calls at night."}).status_code == 303
    assert client.post(url, data={"reason": "Again."}).status_code == 409
    ask(company.ana, make_case(company.ana).id, 25_000, utc_now())
    jobs.answer_in_the_shadow(now=utc_now() + SOON)
    body = client.get(url).get_data(as_text=True)
    for words in ("Fewer calls at night.", "Stop it", "1, too few", "MG-1", "Needs an approval", "At once"):
        assert words in body, words
    assert "Ana Ruiz" not in body
    assert "Running" in client.get("/shadow-runs").get_data(as_text=True)
    assert company.tom
    stranger = sign_in(app.test_client(), company.tom)
    assert "MG-1" not in stranger.get(url).get_data(as_text=True)
    assert stranger.post(url + "/ending").status_code == 403
    assert sign_in(app.test_client(), company.ana).get(url).status_code == 403
    assert client.post(url + "/ending").status_code == 303
    assert "It ran from" in client.get(url).get_data(as_text=True)


def test_agreement_is_a_share_only_with_enough_answers() -> None:
    few = Agreement(9, {("allowed", "allowed"): 9})
    many = Agreement(10, {("allowed", "allowed"): 8, ("needs_approval", "allowed"): 2})
    assert (few.alike.ratio, few.differing) == (None, 0)
    assert (many.alike.ratio, many.differing) == (0.8, 2)
