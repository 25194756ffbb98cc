"""A survey from the resolution to the follow-up of an unhappy answer, and its pages."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.cases import actions as cases
from app.cases.models import Case, CaseEvent
from app.feedback import actions, jobs, queries
from app.feedback.models import FollowUp, Survey, SurveyAnswer
from app.feedback.rules import Scores
from app.kernel import invariants
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.errors import Conflict, NotFound
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.notifications.outbox_models import OutboxMessage
from app.people.permissions import Scope
from app.sla.queries import clocks_of_case
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in

CLEO = customer("CU-1", 1)
HOUR = timedelta(hours=1)


@pytest.fixture
def company(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(actions, "is_mail_on", lambda: True)
    return make_company()


def resolved(company: Company, *, days_ago: int = 4, who: str = "ana") -> tuple[Case, Survey]:
    """A case that was resolved some days ago, and its survey."""
    at = utc_now() - timedelta(days=days_ago)
    case = make_case(company.ana, occurred_at=at - 2 * HOUR, now=at - HOUR)
    _resolve(case, getattr(company, who).actor, at)
    return case, _survey(case)


def _resolve(case: Case, actor: object, at: datetime) -> None:
    given = {"outcome": "made_good", "root_cause": "process", "note": ""}
    cases.resolve(case_id=case.id, **given, actor=actor, now=at)  # type: ignore[arg-type]


def _survey(case: Case) -> Survey:
    return db.session.scalars(select(Survey).where(Survey.case_id == case.id).order_by(Survey.id.desc())).first()  # type: ignore[return-value]


def sent(company: Company) -> tuple[Case, Survey]:
    case, survey = resolved(company)
    assert jobs.send_due(now=utc_now()) == 1
    return case, survey


def test_a_survey_is_sent_once_three_days_after_the_resolution(company: Company) -> None:
    _case, survey = resolved(company, days_ago=2)
    assert jobs.send_due(now=utc_now()) == 0
    later = utc_now() + timedelta(days=1)
    assert jobs.send_due(now=later) == 1
    assert jobs.send_due(now=later) == 0
    db.session.refresh(survey)
    assert (survey.state, survey.sent_at, survey.resolver_id) == ("sent", later, company.ana.id)
    owed = db.session.scalars(select(OutboxMessage).where(OutboxMessage.channel == "survey")).all()
    assert [message.payload for message in owed] == [{"survey": survey.id}]


def test_nobody_is_asked_about_a_case_that_was_opened_again_or_has_no_address(company: Company) -> None:
    _again, reopened = resolved(company)
    cases.reopen(case_id=reopened.case_id, reason="It broke again", actor=company.ana.actor, now=utc_now())
    at = utc_now() - timedelta(days=4)
    nameless = make_case(company.ana, customer=None, occurred_at=at, now=at)
    _resolve(nameless, company.ana.actor, at)
    assert jobs.send_due(now=utc_now()) == 2
    found = {survey.case_id: survey.why_unsent for survey in db.session.scalars(select(Survey))}
    assert found == {reopened.case_id: "reopened", nameless.id: "no-address"}


def test_an_answer_is_credited_to_whoever_resolved_and_not_to_who_owns_the_case_now(company: Company) -> None:
    case, survey = resolved(company, who="bo")
    jobs.send_due(now=utc_now())
    actions.answer(survey_id=survey.id, scores=Scores(csat=5, nps=9), comment="", actor=CLEO, now=utc_now())
    assert case.owner_id == company.ana.id
    mine = queries.answers(Scope("own", employee_id=company.bo.id), queries.Page.of(None), site_id=None, unhappy=False)
    assert [row.case_id for row in mine.rows] == [case.id]
    hers = queries.answers(Scope("own", employee_id=company.ana.id), queries.Page.of(None), site_id=None, unhappy=False)
    assert not hers.rows


def test_an_unhappy_answer_opens_the_case_again_with_48_hours_and_a_notice(company: Company) -> None:
    case, survey = sent(company)
    now = utc_now().replace(microsecond=0)
    given = {"survey_id": survey.id, "scores": Scores(csat=1, nps=3), "comment": "It still smells."}
    assert actions.answer(**given, actor=CLEO, now=now)  # type: ignore[arg-type]
    db.session.refresh(case)
    assert (case.state, case.resolved_at, case.reopened_count) == ("open", None, 1)
    found = db.session.scalars(select(FollowUp)).one()
    assert found.due_at == now + 48 * HOUR
    clocks = [clock for clock in clocks_of_case(case.id, now) if clock.subject == found.ref]
    assert [(clock.milestone, clock.due_at) for clock in clocks] == [("follow_up", now + 48 * HOUR)]
    told = db.session.scalars(select(Notification.employee_id).where(Notification.kind == "feedback:low")).all()
    assert set(told) == {company.ana.id, company.sam.id}
    entries = select(AuditEntry.type).where(AuditEntry.type.startswith("survey")).order_by(AuditEntry.id)
    assert db.session.scalars(entries).all() == ["survey:plan", "survey:send", "survey:answer"]


def test_a_second_answer_changes_nothing(company: Company) -> None:
    _case, survey = sent(company)
    actions.answer(survey_id=survey.id, scores=Scores(csat=5), comment="", actor=CLEO, now=utc_now())
    with pytest.raises(actions.AnsweredAlready):
        actions.answer(survey_id=survey.id, scores=Scores(csat=1), comment="", actor=CLEO, now=utc_now())
    assert db.session.scalar(select(func.count(SurveyAnswer.id))) == 1
    assert db.session.scalar(select(func.count(FollowUp.id))) == 0


def test_no_case_ends_while_an_unhappy_answer_waits_and_a_follow_up_ends_with_cause_and_deed(company: Company) -> None:
    case, survey = sent(company)
    now = utc_now()
    with force_locale("de"):
        actions.answer(survey_id=survey.id, scores=Scores(nps=2), comment="", actor=CLEO, now=now)
    why = db.session.scalars(
        select(CaseEvent.text).where(CaseEvent.case_id == case.id, CaseEvent.kind == "reopened")
    ).all()
    assert why == ["The customer's answer to the survey was unhappy."]
    with pytest.raises(actions.FollowUpOpen):
        _resolve(case, company.ana.actor, now)
    found = db.session.scalars(select(FollowUp)).one()
    given = {"follow_up_id": found.id, "cause": "equipment", "action": "Called her; a new room.", "now": now}
    with pytest.raises(NotFound):
        actions.close_follow_up(**given, version=1, actor=company.nia.actor)  # type: ignore[arg-type, union-attr]
    with pytest.raises(Conflict):
        actions.close_follow_up(**given, version=7, actor=company.ana.actor)  # type: ignore[arg-type]
    actions.close_follow_up(**given, version=1, actor=company.ana.actor)  # type: ignore[arg-type]
    with pytest.raises(actions.FollowUpEnded):
        actions.close_follow_up(**given, version=2, actor=company.ana.actor)  # type: ignore[arg-type]
    _resolve(case, company.bo.actor, now)
    again = _survey(case)
    assert (again.round, again.resolver_id) == (1, company.bo.id)
    assert [clock.stopped_at for clock in clocks_of_case(case.id, now) if clock.subject == found.ref] == [now]
    assert invariants.violations("feedback") == []


def test_the_customers_page_takes_one_answer_and_a_get_changes_nothing(app: Flask, company: Company) -> None:
    case, survey = sent(company)
    address = queries.url_of(survey.id).removeprefix("http://localhost")
    client = app.test_client()
    for _time in range(3):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert db.session.scalar(select(func.count(SurveyAnswer.id))) == 0
    assert client.post(address, data={"comment": "x"}).status_code == 422
    assert client.post(address, data={"csat": "9"}).status_code == 422
    thanks = client.post(address, data={"csat": "1", "comment": "<b>cold</b>"})
    assert thanks.status_code == 303
    for _reload in range(2):
        said = client.get(thanks.headers["Location"]).text
        assert case.ref in said and "within 48 hours" in said and "Send my answer" not in said
    assert client.post(address, data={"csat": "5"}).status_code == 303
    found = db.session.scalars(select(FollowUp)).one()
    actions.close_follow_up(
        follow_up_id=found.id, version=1, cause="process", action="Called.", actor=company.ana.actor, now=utc_now()
    )
    assert "within 48 hours" not in client.get(address).text
    gone = client.get(address[:-2] + "xx")
    assert (gone.status_code, gone.headers["Cache-Control"]) == (404, "no-store")
    assert "My desk" not in gone.text
    shown = sign_in(client, company.ana).get(f"/cases/{case.ref}").text
    assert "&lt;b&gt;cold&lt;/b&gt;" in shown


def test_the_desk_reads_answers_in_its_scope_and_no_figure_under_ten(app: Flask, company: Company) -> None:
    _case, survey = sent(company)
    actions.answer(survey_id=survey.id, scores=Scores(csat=1), comment="Cold.", actor=CLEO, now=utc_now())
    sam = sign_in(app.test_client(), company.sam)
    page = sam.get("/feedback").text
    assert "Cold." in page
    assert (page.count("a score is said from 10 on"), page.count("10 are needed")) == (1, 0)
    reference = db.session.scalars(select(FollowUp)).one().ref
    assert sam.get(f"/follow-ups/{reference}").status_code == 200
    tom = sign_in(app.test_client(), company.tom)  # type: ignore[arg-type]
    assert "Cold." not in tom.get("/feedback").text
    assert tom.get(f"/follow-ups/{reference}").status_code == 404
    assert tom.get("/follow-ups/FU-999").status_code == 404
    bad = sam.post(f"/follow-ups/{reference}", data={"version": "1", "cause": "process", "action": ""})
    assert bad.status_code == 422
    good = sam.post(f"/follow-ups/{reference}", data={"version": "1", "cause": "process", "action": "Called her."})
    assert good.status_code == 303


def test_the_desk_may_give_out_the_link_where_nobody_can_mail_it(app: Flask, company: Company) -> None:
    at = utc_now() - timedelta(days=4)
    case = make_case(company.ana, customer=None, occurred_at=at, now=at)
    _resolve(case, company.ana.actor, at)
    jobs.send_due(now=utc_now())
    ana = sign_in(app.test_client(), company.ana)
    assert "no e-mail address" in ana.get(f"/cases/{case.ref}/survey").text
    link = queries.url_of(_survey(case).id)
    shown = ana.post(f"/cases/{case.ref}/survey")
    assert (shown.status_code, link in shown.text) == (200, True)
    for person in (company.ana, company.bo, company.audra):
        assert "/survey/" not in sign_in(app.test_client(), person).get(f"/cases/{case.ref}/survey").text.replace(
            f"{case.ref}/survey", ""
        )
    assert db.session.scalar(select(func.count()).where(AuditEntry.type == "survey:hand")) == 1
    with pytest.raises(actions.SurveyOver):
        actions.hand_out(case_id=case.id, actor=company.ana.actor, now=utc_now() + timedelta(days=30))
    tom = sign_in(app.test_client(), company.tom)  # type: ignore[arg-type]
    assert tom.post(f"/cases/{case.ref}/survey").status_code == 404
