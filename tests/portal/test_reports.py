"""The public form: what is taken in, recognised, limited and acknowledged; and that words come through as they were typed."""

import csv
import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cases.category_actions import add_category
from app.cases.models import Case
from app.customers import actions as customers
from app.customers.models import Customer
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages.models import Message
from app.notifications import outbox_jobs
from app.notifications.models import Notification
from app.people.queries import PersonRow
from app.portal import place_actions, rules
from app.portal.models import Report, ReportPlace
from app.sla.queries import clocks_of_case
from tests.cases.test_export import descriptions
from tests.counts import count
from tests.notifications.conftest import Box
from tests.people.builders import Company, make_company, sign_in

NARRATIVES = Path(__file__).parents[3] / "shared/data/bank-complaints/complaint_narratives.csv.gz"
WORDS = "  The lift stood still.\n\nWe walked nine floors – twice. „Nie wieder“ 🙃\u202b \n"


class Desk:
    """A company with one public form, and a client of somebody who isn't known here."""

    def __init__(self, app: Flask, by: str = "sam") -> None:
        self.company: Company = make_company()
        self.category = add_category(name="Comfort", actor=command("test"), now=utc_now())
        person: PersonRow = getattr(self.company, by)
        self.place: ReportPlace = place_actions.add_place(
            site_id=self.company.quayside.id, name="Front desk", channel="web", actor=person.actor, now=utc_now()
        )
        self.url = f"/report/{self.place.code}"
        self.stranger: FlaskClient = app.test_client()

    def typed(self, **changes: str) -> dict[str, Any]:
        said = {
            "text": WORDS, "severity": "2", "category_id": str(self.category.id), "name": "Cleo Marchetti",
            "email": "cleo@example.org", "consent": "y", "intent": "report-key-0001", "wanted": "An apology",
        }  # fmt: skip
        return {**said, **changes}

    def send(self, address: str = "198.51.100.7", **changes: str) -> Any:
        return self.stranger.post(self.url, data=self.typed(**changes), environ_base={"REMOTE_ADDR": address})


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def test_a_report_becomes_a_case_with_its_words_an_owner_to_be_and_a_time(desk: Desk) -> None:
    assert "Tell us what went wrong" in desk.stranger.get(desk.url).text
    sent = desk.send()
    assert sent.status_code == 303, sent.text
    case = db.session.query(Case).one()
    assert (case.channel, case.severity, case.summary) == ("web", 2, "The lift stood still.")
    assert (case.owner_id, case.logged_by_id, case.desired_outcome) == (None, None, "An apology")
    assert db.session.query(Message).one().text == WORDS
    assert db.session.query(Notification).filter_by(kind="customer:reported").one().employee_id == desk.company.sam.id
    done = desk.stranger.get(sent.headers["Location"])
    assert case.ref in done.text and "We answer you by" in done.text
    clocks = {clock.milestone: clock for clock in clocks_of_case(case.id, utc_now())}
    assert clocks["acknowledge"].stopped_at is not None and clocks["first_response"].is_open
    link = re.search(r'action="(/c/[^"]+)"', done.text)
    assert link, "a new customer without a mail server gets her link on the page"
    assert desk.stranger.post(link[1]).status_code == 303
    assert "The lift stood still." in desk.stranger.get(f"/your-case/{case.ref}").text
    assert desk.stranger.get(sent.headers["Location"] + "x").status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_on_file_already_gets_no_link_on_the_page(desk: Desk) -> None:
    customers.find_or_make(
        name="Cleo the Known", email="cleo@example.org", site_id=desk.company.quayside.id, actor=command("test"),
        now=utc_now() - timedelta(days=3),
    )  # fmt: skip
    done = desk.stranger.get(desk.send().headers["Location"]).text
    assert "MG-1" in done and "/c/" not in done and "Cleo the Known" not in done
    assert db.session.query(Customer).count() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bad_input_is_told_beside_the_field_and_everything_typed_stays(desk: Desk) -> None:
    for changes, told in (
        ({"text": " \n"}, "Tell us what happened."),
        ({"consent": ""}, "We need your yes"),
        ({"severity": "9"}, "Not a valid choice"),
        ({"email": "nonsense"}, "e-mail"),
        ({"name": ""}, "Tell us how to address you."),
        ({"website": "http://spam.example"}, "it catches programs"),
    ):
        refused = desk.send(**changes)
        assert refused.status_code == 422 and told.lower() in refused.text.lower(), (changes, told)
        assert "An apology" in refused.text
    assert db.session.query(Case).count() == 0


def test_the_same_form_twice_is_one_report_and_the_same_story_joins_its_case(desk: Desk) -> None:
    first = desk.send()
    assert desk.send().headers["Location"].rsplit("/", 1)[0] == first.headers["Location"].rsplit("/", 1)[0]
    assert desk.send(text="Something else").status_code == 422
    again = desk.send(intent="report-key-0002", text=WORDS.upper() + " Still so.")
    assert "You told us about this before" in desk.stranger.get(again.headers["Location"]).text
    assert "/c/" not in desk.stranger.get(again.headers["Location"]).text
    desk.send(intent="report-key-0003", text="The breakfast was cold, both mornings, and nobody cared at all.")
    desk.send(intent="report-key-0004", email="dora@example.org", name="Dora Klein")
    assert db.session.query(Case).count() == 3
    assert [row.joined for row in db.session.query(Report).order_by(Report.id)] == [False, True, False, False]
    assert db.session.query(Message).filter_by(case_id=1).count() == 2


def test_an_address_and_a_site_send_so_much_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "REPORTS_HERE", rules.Limit(2, timedelta(hours=1)))
    monkeypatch.setattr(rules, "REPORTS_THERE", rules.Limit(3, timedelta(hours=1)))
    codes = []
    for number, address in enumerate(("198.51.100.1",) * 3 + ("198.51.100.2", "198.51.100.3")):
        answer = desk.send(address, intent=f"report-key-{number:04}", email=f"guest{number}@example.org")
        codes.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0 and "An apology" in answer.text
    assert codes == [303, 303, 429, 303, 429]
    assert db.session.query(Case).count() == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forms_are_opened_and_closed_by_who_leads_the_site(desk: Desk) -> None:
    company = desk.company
    assert company.tom is not None
    for person, code in ((company.sam, 200), (company.ada, 200), (company.ana, 403), (company.tom, 200)):
        answer = sign_in(desk.stranger.application.test_client(), person).get("/report-places")
        assert answer.status_code == code, person.name
        assert (desk.place.code in answer.text) == (code == 200 and person is not company.tom)
    sam, tom = (sign_in(desk.stranger.application.test_client(), one) for one in (company.sam, company.tom))
    poster = sam.get("/report-places/RP-1/poster")
    assert "data:image/svg+xml" in poster.text and "style=" not in poster.text
    assert tom.get("/report-places/RP-1/poster").status_code == 404
    made = sam.post("/report-places", data={"name": "Room cards", "channel": "web", "site_id": "1"})
    assert made.headers["Location"] == "/report-places/RP-2/poster"
    assert sam.post("/report-places", data={"name": "", "channel": "web", "site_id": "1"}).status_code == 422
    sam.post("/report-places/RP-1", data={"name": "Front desk", "version": "1"})
    assert desk.stranger.get(desk.url).status_code == desk.send().status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_acknowledgement_goes_out_by_mail_with_number_and_time(posting: tuple[Flask, Box]) -> None:
    app, box = posting
    desk = Desk(app)
    desk.send()
    for number in range(8):
        desk.send(intent=f"more-key-{number:04}", text=f"{WORDS} number {number}")
    outbox_jobs.deliver_due(now=utc_now() + timedelta(minutes=1))
    mails = [mail for mail in box.mails if mail["To"] == "cleo@example.org"]
    assert 1 <= len(mails) <= rules.MAILS.count_max
    said = mails[0].get_content()
    assert "MG-1" in mails[0]["Subject"] and "We answer you by" in said and "http://localhost/c/" in said


@pytest.mark.skipif(not NARRATIVES.exists(), reason="the narratives aren't here")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_real_stories_come_through_the_form_character_for_character(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "REPORTS_THERE", rules.Limit(10_000, timedelta(hours=1)))
    with gzip.open(NARRATIVES, "rt", encoding="utf-8", newline="") as file:
        told = [row["Consumer complaint narrative"] for row in csv.DictReader(file)]
    told = [story for story in told if story]
    stories = told[:: max(1, len(told) // count(951, 12))]
    for number, story in enumerate(stories):
        sent = desk.send(f"198.51.{number // 200}.{number % 200}", text=story, intent=f"story-{number:06}", email="")
        assert sent.status_code == 303, sent.text
    assert [row.text for row in db.session.query(Message).order_by(Message.id)] == stories
    for form, texts in descriptions(desk.stranger.application, desk.company.sam).items():
        assert list(texts.values()) == stories, form
