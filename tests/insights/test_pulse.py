"""A pulse from opening to its figures: who may see what, figures against SQL written apart, and nothing that names anybody."""

import csv
import io
import re
import statistics
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from app.insights import pulse_actions as actions
from app.insights import pulse_jobs as jobs
from app.insights import pulse_queries as queries
from app.insights.pulse_rules import ITEMS, SCALES
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.time import utc_now
from app.people import actions as people
from app.people.queries import PersonRow
from app.privacy.data_map import gaps
from tests.api.client import Api, problem
from tests.people.builders import BUILT_AT, OPERATOR, Company, make_company, make_person, sign_in

DAY = timedelta(days=1)
FOURS: dict[str, int | None] = dict.fromkeys(ITEMS, 4)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def opened(company: Company, *, days_ago: int = 20, length: int = 10, name: str = "Autumn pulse") -> int:
    at = utc_now() - days_ago * DAY
    return actions.open_pulse(name=name, opens_at=at, closes_at=at + length * DAY, actor=company.hana.actor, now=at).id


def say(pulse_id: int, person: PersonRow, at: datetime, **values: int | None) -> None:
    actions.answer(pulse_id=pulse_id, said={**FOURS, **values}, actor=person.actor, now=at)


def more_staff(company: Company, count: int) -> list[PersonRow]:
    """Colleagues at Ana's front desk."""
    place: dict[str, Any] = {"team_id": company.front_desk.id, "job_title": "Receptionist"}
    return [make_person(f"P{number} Quay", "frontline", company.quayside.id, **place) for number in range(count)]


def rows_of(table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.execute(text(f"SELECT * FROM {table}")).mappings()]


def drawn(draw: Random) -> dict[str, int | None]:
    return {
        name: draw.choice((1, 2, 3, 4, 5, 6, 7, None)) if draw.random() < 0.3 else draw.randint(3, 7) for name in ITEMS
    }


@pytest.fixture
def told(company: Company) -> tuple[int, Company]:
    """A closed pulse: the front desk of nine answered, the concierge's two, and everybody without a team."""
    staff = more_staff(company, 6)
    draw, pulse_id = Random(7), opened(company)
    at = utc_now() - 15 * DAY
    for person in (company.ana, company.bo, company.sam, *staff, company.nia, company.hana, company.max):
        assert person is not None
        say(pulse_id, person, at, **drawn(draw))
    return pulse_id, company


# Student's t, 95 percent, two-sided, of a printed table, by how many answered.
T_TABLE = {6: 2.570582, 7: 2.446912, 8: 2.364624, 9: 2.306004}
ORACLE = """
WITH said AS ({union}),
     person AS (SELECT a.answer_id, a.scale, AVG(1.0 * a.value) AS score
                FROM said a WHERE a.value IS NOT NULL GROUP BY a.answer_id, a.scale HAVING COUNT(*) >= 2)
SELECT p.scale, p.score FROM person p JOIN pulse_answer r ON r.id = p.answer_id
JOIN pulse_group g ON g.id = r.group_id WHERE g.pulse_id = :pulse AND g.team_id = :team
"""


def test_figures_equal_sql_written_apart(app: Flask, told: tuple[int, Company]) -> None:
    pulse_id, company = told
    union = " UNION ALL ".join(
        f"SELECT id AS answer_id, '{scale}' AS scale, {scale}_{number} AS value FROM pulse_answer"
        for scale in SCALES
        for number in (1, 2, 3)
    )
    statement = text(ORACLE.format(union=union))
    scores: dict[str, list[float]] = {scale: [] for scale in SCALES}
    for scale, value in db.session.execute(statement, {"pulse": pulse_id, "team": company.front_desk.id}):
        scores[scale].append(float(value))
    answer = Api(app, company.ana).get(f"/pulses/PS-{pulse_id}").get_json()
    assert [(unit["unit"], unit["asked"], unit["answered"]) for unit in answer["units"]] == [
        (f"TE-{company.front_desk.id}", 9, 9)
    ]
    for one in answer["units"][0]["scales"]:
        values = scores[one["scale"]]
        mean, reach = statistics.fmean(values), T_TABLE[len(values)] * statistics.stdev(values)
        reach /= len(values) ** 0.5
        assert one["n"] == len(values)
        assert one["mean"] == pytest.approx(mean, abs=1e-9)
        assert one["low"] == pytest.approx(max(1, mean - reach), abs=1e-6)
        assert one["high"] == pytest.approx(min(7, mean + reach), abs=1e-6)


def test_each_reader_sees_their_own_part_of_the_same_suppressed_whole(app: Flask, told: tuple[int, Company]) -> None:
    pulse_id, company = told
    desk = f"TE-{company.front_desk.id}"

    def seen(person: PersonRow | None) -> list[str]:
        answer = Api(app, person).get(f"/pulses/PS-{pulse_id}")
        assert answer.status_code == 200
        return [unit["unit"] for unit in answer.get_json()["units"]]

    # At Quayside nine of the desk and two without a team; at Harbour House one. Two and one are together three: all hidden.
    for person in (company.ana, company.sam, company.hana, company.audra, company.max):
        assert seen(person) == [desk]
    assert seen(company.nia) == seen(company.tom) == seen(company.ada) == []
    page = sign_in(app.test_client(), company.hana).get(f"/pulses/PS-{pulse_id}?of=company")
    assert "Nothing to show" in page.text
    assert "9 of 9" in sign_in(app.test_client(), company.ana).get(f"/pulses/PS-{pulse_id}").text
    assert "Nothing to show" in sign_in(app.test_client(), company.tom).get(f"/pulses/PS-{pulse_id}").text


def test_files_hold_what_the_page_holds_and_the_trail_names_who_took_them(
    app: Flask, told: tuple[int, Company]
) -> None:
    pulse_id, company = told
    client = sign_in(app.test_client(), company.hana, is_proved=True)
    body = client.post(f"/pulses/PS-{pulse_id}/exports/csv").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))
    assert invariants.violations("pulse") == []
    assert [(row["unit"], row["scale"]) for row in rows] == [(f"TE-{company.front_desk.id}", scale) for scale in SCALES]
    said = client.post(f"/pulses/PS-{pulse_id}/exports/json").get_json()
    assert [one["mean"] for one in said["figures"]] == [float(row["mean"]) for row in rows]
    assert "review" in said["not_for"]
    assert client.post(f"/pulses/PS-{pulse_id}/exports/xml").status_code == 404
    stranger = sign_in(app.test_client(), company.nia, is_proved=True)
    assert stranger.post(f"/pulses/PS-{pulse_id}/exports/json").get_json()["figures"] == []
    assert sum(row["type"] == "pulse:export" for row in rows_of("audit_entry")) == 3


def test_nothing_is_shown_before_it_is_over(app: Flask, company: Company) -> None:
    pulse_id = opened(company, days_ago=2)
    for person in more_staff(company, 6):
        with pytest.raises(actions.PulseAnswered):  # who came after the beginning was not asked
            say(pulse_id, person, utc_now())
    for person in (company.ana, company.bo):
        say(pulse_id, person, utc_now())
    problem(Api(app, company.hana).get(f"/pulses/PS-{pulse_id}"), 404, "not-found")
    hana = sign_in(app.test_client(), company.hana, is_proved=True)
    assert hana.get(f"/pulses/PS-{pulse_id}").status_code == 404
    assert hana.post(f"/pulses/PS-{pulse_id}/exports/csv").status_code == 404
    assert "Open" in hana.get("/pulses").text


def test_an_answer_leaves_nothing_that_leads_back_to_its_person(app: Flask, company: Company) -> None:
    pulse_id, at = opened(company, days_ago=5), utc_now()
    ballots = len(rows_of("pulse_ballot"))
    for number, person in enumerate((company.ana, company.bo, company.sam), start=1):
        say(pulse_id, person, at, meaning_1=number)
    columns = {column["name"] for column in inspect(db.engine).get_columns("pulse_answer")}
    assert columns == {"id", "group_id", *ITEMS}
    kept = rows_of("pulse_answer")
    assert sorted(row["meaning_1"] for row in kept) == [1, 2, 3]
    assert len(rows_of("pulse_ballot")) == ballots - 3
    assert gaps() == []
    # The trail tells that, not who, from where, of which site, nor what.
    entries = [row for row in rows_of("audit_entry") if row["type"] == "pulse:answer"]
    payloads = {row["entry_id"]: row["payload"] for row in rows_of("audit_payload")}
    for entry in entries:
        assert (entry["subject"], entry["actor_id"], entry["site_id"]) == (f"PS-{pulse_id}", None, None)
        assert company.ana.ref not in entry["content"]
        assert not re.search(r"meaning|Ana|127\.0\.0\.1", payloads[entry["id"]])
    assert len(entries) == 3


def test_a_groups_answers_are_laid_anew_so_that_no_number_place_or_row_version_is_older(company: Company) -> None:
    pulse_id, at = opened(company, days_ago=5), utc_now()
    say(pulse_id, company.ana, at, meaning_1=1)
    first = rows_of("pulse_answer")[0]["id"]
    say(pulse_id, company.bo, at, meaning_1=2)
    assert first not in {row["id"] for row in rows_of("pulse_answer")}
    if db.engine.dialect.name == "postgresql":
        versions = set(db.session.execute(text("SELECT CAST(xmin AS text) FROM pulse_answer")).scalars())
        assert len(versions) == 1


def test_the_order_of_answers_does_not_show_in_their_numbers(company: Company) -> None:
    staff = more_staff(company, 9)
    pulse_id, at = opened(company, days_ago=5), utc_now()
    for number, person in enumerate(staff):
        say(pulse_id, person, at, meaning_1=1 + number % 7, meaning_2=1 + number // 7)
    order = [
        row["meaning_1"] + 7 * row["meaning_2"] for row in sorted(rows_of("pulse_answer"), key=lambda row: row["id"])
    ]
    assert order != sorted(order)  # one chance in 362,880 that it is by accident


def test_it_is_answered_once_by_who_was_asked_and_in_time(company: Company) -> None:
    pulse_id = opened(company, days_ago=5)
    say(pulse_id, company.ana, utc_now())
    with pytest.raises(actions.PulseAnswered):
        say(pulse_id, company.ana, utc_now())
    with pytest.raises(actions.PulseOver):
        say(pulse_id, company.bo, utc_now() + 6 * DAY)
    for wrong in (0, 8, "4", 4.5):
        with pytest.raises(BadInput):
            say(pulse_id, company.bo, utc_now(), impact_3=wrong)  # type: ignore[arg-type]
    assert len(rows_of("pulse_answer")) == 1


def test_hr_opens_one_at_a_time_and_for_a_fair_while(company: Company) -> None:
    at, hana = utc_now(), company.hana.actor
    for opens, closes in ((at - 9 * DAY, at + DAY), (at, at + 2 * DAY), (at, at + 61 * DAY), (at + 3 * DAY, at)):
        with pytest.raises(BadInput):
            actions.open_pulse(name="Pulse", opens_at=opens, closes_at=closes, actor=hana, now=at)
    with pytest.raises(NotPermitted):
        actions.open_pulse(name="Pulse", opens_at=at, closes_at=at + 7 * DAY, actor=company.sam.actor, now=at)
    opened(company, days_ago=2)
    with pytest.raises(actions.PulseOverlaps):
        actions.open_pulse(name="Pulse", opens_at=at, closes_at=at + 7 * DAY, actor=hana, now=at)


def test_the_clock_hands_out_ballots_once_and_destroys_those_left_over(company: Company) -> None:
    at, hana = utc_now(), company.hana.actor
    pulse_id = actions.open_pulse(name="Later", opens_at=at + DAY, closes_at=at + 8 * DAY, actor=hana, now=at).id
    people.deactivate(employee_id=company.bo.id, successor_id=company.ana.id, actor=OPERATOR, now=BUILT_AT + DAY)
    assert jobs.turn_due(now=at) == 0 and rows_of("pulse_ballot") == []
    assert jobs.turn_due(now=at + DAY) == 1 and jobs.turn_due(now=at + DAY) == 0
    asked = {row["employee_id"] for row in rows_of("pulse_ballot")}
    assert company.ana.id in asked and company.bo.id not in asked
    assert sum(row["asked_count"] for row in rows_of("pulse_group")) == len(asked)
    assert queries.to_answer(company.ana.id, at + 2 * DAY) is not None
    assert queries.to_answer(company.ana.id, at + 8 * DAY) is None
    assert jobs.turn_due(now=at + 8 * DAY) == 1 and rows_of("pulse_ballot") == []
    assert jobs.turn_due(now=at + 8 * DAY) == 0
    assert queries.pulse(pulse_id) is not None


def test_one_that_is_called_off_destroys_its_answers_and_shows_nothing(app: Flask, company: Company) -> None:
    pulse_id = opened(company, days_ago=5)
    say(pulse_id, company.ana, utc_now())
    hana = sign_in(app.test_client(), company.hana)
    assert hana.post(f"/pulses/PS-{pulse_id}/end").status_code == 303
    assert (rows_of("pulse_answer"), rows_of("pulse_ballot")) == ([], [])
    assert hana.get(f"/pulses/PS-{pulse_id}").status_code == 404
    assert sign_in(app.test_client(), company.max).post(f"/pulses/PS-{pulse_id}/end").status_code == 403


def test_the_card_leads_to_the_page_and_is_gone_afterwards(app: Flask, company: Company) -> None:
    pulse_id = opened(company, days_ago=5, name="Winter pulse")
    for person in (company.ana, company.audra):
        client = sign_in(app.test_client(), person)
        assert "Winter pulse" in client.get("/").text
        url = f"/pulses/PS-{pulse_id}/answer"
        assert client.get(url).status_code == 200
        short = client.post(url, data={name: "6" for name in ITEMS if name != "impact_2"})
        assert short.status_code == 422
        assert "Choose a number, or rather not say." in short.text
        assert short.text.count("checked") == 11
        assert client.post(url, data=dict.fromkeys(ITEMS, "none")).status_code == 303
        assert "Winter pulse" not in client.get("/").text
        assert client.get(url).status_code == client.post(url, data=dict.fromkeys(ITEMS, "6")).status_code == 404


def test_hr_opens_a_pulse_by_its_form_and_keeps_what_was_typed_on_a_mistake(app: Flask, company: Company) -> None:
    hana = sign_in(app.test_client(), company.hana)
    today = utc_now().date()
    typed = {"name": "Spring pulse", "opens_on": today.isoformat(), "closes_on": today.isoformat()}
    wrong = hana.post("/pulses", data=typed)
    assert wrong.status_code == 422 and "Spring pulse" in wrong.text and "at least 3 days" in wrong.text
    assert hana.post("/pulses", data={**typed, "closes_on": (today + 6 * DAY).isoformat()}).status_code == 303
    assert "Spring pulse" in hana.get("/pulses").text
