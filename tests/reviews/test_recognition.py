"""Thanks for a case and a value, notes that both agree to, what to learn, and the check of groups."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.reviews import fairness_queries, recognition_queries
from app.reviews import recognition_actions as recognition
from app.reviews.recognition_rules import Certificate, may_coach, suggestions
from tests.people.builders import Company, make_company, make_person, make_team, sign_in
from tests.reviews.builders import NOW, resolved

DAY = timedelta(days=1)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def test_thanks_name_a_case_somebody_worked_on_and_never_oneself(app: Flask, company: Company) -> None:
    case_id = resolved(company.ana, 1, 1)[0]
    given = {"case_id": case_id, "value": "care", "text": "Kind and quick.", "now": NOW}

    def thank(who: object, whom: object, **changes: object) -> None:
        values = {**given, "actor": who.actor, "receiver_id": whom.id, **changes}  # type: ignore[attr-defined]
        recognition.give_kudos(**values)

    with pytest.raises(recognition.OwnKudos):
        thank(company.ana, company.ana)
    for wrong in ({"value": "speed"}, {"text": " "}, {"receiver_id": company.sam.id}):
        with pytest.raises(BadInput):
            thank(company.bo, company.ana, **wrong)
    with pytest.raises(NotFound):
        thank(company.nia, company.ana)
    with pytest.raises(NotPermitted):
        thank(company.hana, company.ana)
    thank(company.bo, company.ana)
    with pytest.raises(recognition.ThankedAlready):
        thank(company.bo, company.ana)
    client = sign_in(app.test_client(), company.sam)
    assert "Kind and quick." not in client.get("/kudos").text
    answer = client.post(
        f"/cases/MG-{case_id}/kudos", data={"receiver": company.ana.id, "value": "courage", "text": "Well said"}
    )
    assert answer.status_code == 303
    mine = sign_in(app.test_client(), company.ana).get("/kudos").text
    assert mine.index("Well said") < mine.index("Kind and quick.")
    assert client.post(f"/cases/MG-{case_id}/kudos", data={"text": "Again"}).status_code == 422


def test_a_note_counts_when_the_other_agrees_and_nobody_else_reads_it(app: Flask, company: Company) -> None:
    pair = {"employee_id": company.ana.id, "coach_id": company.sam.id}
    said = {"saw": "Long calls.", "next_step": "Shorter words.", "now": NOW}
    for who in (company.bo, company.hana):
        with pytest.raises(NotPermitted):
            recognition.propose_note(**pair, **said, actor=who.actor)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        recognition.propose_note(
            employee_id=company.ana.id, coach_id=company.tom.id, **said, actor=company.tom.actor  # type: ignore[arg-type, union-attr]
        )  # fmt: skip
    row = recognition.propose_note(**pair, **said, actor=company.sam.actor)  # type: ignore[arg-type]
    answer = {"note_id": row.id, "agrees": True, "version": 1, "now": NOW}
    with pytest.raises(NotPermitted):
        recognition.answer_note(**answer, actor=company.sam.actor)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        recognition.answer_note(**answer, actor=company.bo.actor)  # type: ignore[arg-type]
    client = sign_in(app.test_client(), company.ana)
    assert client.post(f"/coaching/{row.id}/answer", data={"answer": "agree", "version": "1"}).status_code == 303
    assert "Agreed by both" in client.get("/coaching").text
    with pytest.raises(recognition.Answered):
        recognition.answer_note(**answer, actor=company.ana.actor)  # type: ignore[arg-type]
    for other in (company.max, company.hana, company.bo):
        assert "Long calls." not in sign_in(app.test_client(), other).get("/coaching").text


def test_evidence_suggests_a_refresher_and_a_talk_from_three_cases_on() -> None:
    held = [
        Certificate("Complaints", NOW - DAY),
        Certificate("Safety", NOW + 29 * DAY),
        Certificate("First aid", NOW + 31 * DAY),
    ]
    found = suggestions(held, [4, 2], NOW)
    assert [(one.why, one.name) for one in found] == [("ended", "Complaints"), ("ends", "Safety")]
    renewed = suggestions([*held, Certificate("Complaints", NOW + 300 * DAY)], [9, 4, 2], NOW)
    assert [(one.why, one.name, one.case_ids) for one in renewed] == [("ends", "Safety", ()), ("cause", "", (2, 4, 9))]


def test_only_those_who_lead_coach_and_never_themselves() -> None:
    given = {"employee_id": 5, "employee_role": "frontline", "site_id": 1, "manager_id": 9}
    assert may_coach(coach_role="supervisor", coach_site_id=1, coach_id=7, **given)  # type: ignore[arg-type]
    assert not may_coach(coach_role="supervisor", coach_site_id=2, coach_id=7, **given)  # type: ignore[arg-type]
    assert may_coach(coach_role="supervisor", coach_site_id=2, coach_id=9, **given)  # type: ignore[arg-type]
    assert may_coach(coach_role="hr", coach_site_id=2, coach_id=7, **given)  # type: ignore[arg-type]
    assert not may_coach(coach_role="frontline", coach_site_id=1, coach_id=7, **given)  # type: ignore[arg-type]
    assert not may_coach(coach_role="manager", coach_site_id=1, coach_id=5, **given)  # type: ignore[arg-type]
    for role in ("supervisor", "manager", "hr", "auditor", "admin"):
        leads = {**given, "employee_role": role}
        assert not may_coach(coach_role="supervisor", coach_site_id=1, coach_id=7, **leads)  # type: ignore[arg-type]
        assert may_coach(coach_role="supervisor", coach_site_id=1, coach_id=9, **leads)  # type: ignore[arg-type]


def test_a_group_of_five_is_compared_and_one_of_four_would_point_at_somebody(app: Flask, company: Company) -> None:
    night = make_team("Night desk", company.quayside.id)
    for number in range(5):
        day = make_person(f"Day{number} Quist", "frontline", company.quayside.id, team_id=company.front_desk.id)
        resolved(day, 20, 18)
    small = [
        make_person(f"Nite{number} Quist", "frontline", company.quayside.id, team_id=night.id) for number in range(4)
    ]
    for one in small:
        resolved(one, 20, 8)
    assert fairness_queries.staff(NOW)["team"] == []
    fifth = make_person("Last Quist", "frontline", company.quayside.id, team_id=night.id)
    resolved(fifth, 20, 8)
    (gap,) = fairness_queries.staff(NOW)["team"]
    assert (gap.gap.verdict, gap.people_count, gap.gap.one.trials) == ("gap", 5, 100)
    text = sign_in(app.test_client(), company.hana).get("/fairness").text
    assert "Newcombe" in text and "fairness@1" in text and "A gap" in text
    assert "Difference in percentage points" in text, "a figure says its unit"
    assert "Quist" not in text
    assert recognition_queries.kudos_of(fifth.id) == ()


def test_of_a_group_with_fewer_than_ten_answers_the_page_says_no_figure(app: Flask, company: Company) -> None:
    night = make_team("Night desk", company.quayside.id)
    for number in range(5):
        day = make_person(f"Day{number} Quist", "frontline", company.quayside.id, team_id=company.front_desk.id)
        resolved(day, 20, 18)
        resolved(make_person(f"Nite{number} Quist", "frontline", company.quayside.id, team_id=night.id), 1, 1)
    text = sign_in(app.test_client(), company.hana).get("/fairness").text
    assert "Night desk" in text or "Front desk" in text
    assert "Too few" in text
    assert not re.search(r"\d+ of \d+", text)
