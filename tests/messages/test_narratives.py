"""Real complaints by mail: into a case, out of the API, and found again, character for character."""

import csv
import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from app.cases.models import Case
from app.cases.queries import search
from app.cases.rules import TEXT_MAX
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages.mail_in_actions import POSTMAN, take_in
from app.messages.models import Message
from app.people.permissions import Scope
from tests.api.client import Api, a_company
from tests.cases.builders import make_case
from tests.counts import count
from tests.messages.mails import mail
from tests.messages.test_mail_in import set_box

NARRATIVES = Path(__file__).parents[3] / "shared/data/bank-complaints/complaint_narratives.csv.gz"


@pytest.mark.skipif(not NARRATIVES.exists(), reason="the narratives of real complaints are not on this machine")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_real_complaints_come_by_mail_and_out_again_character_for_character(app: Flask) -> None:
    with gzip.open(NARRATIVES, "rt", encoding="utf-8", newline="") as file:
        told = [row["Consumer complaint narrative"] for row in csv.DictReader(file)]
    told = [story for story in told if story.strip() and len(story) <= TEXT_MAX]
    stories = told[:: max(1, len(told) // count(951, 8))]
    company = a_company(app)
    set_box(company, company.ana.site_id, make_case(company.ana).category_id)
    api = Api(app, company.ana)
    for number, story in enumerate(stories):
        taken = take_in(
            raw=mail(story, sender=f"guest-{number}@example.org", Message_ID=f"<story-{number}@example.org>"),
            source="api", actor=POSTMAN, now=utc_now(),
        )  # fmt: skip
        assert taken.kind == "opened"
        (message,) = db.session.query(Message).filter_by(case_id=taken.case_id)
        case = db.session.get_one(Case, taken.case_id)
        assert message.text == story and case.description == story
        assert api.get(f"/cases/{case.ref}").get_json()["description"] == story
        words = sorted(set(re.findall(r"[A-Za-z]{4,}", story)), key=lambda word: (len(word), word))[-6:]
        assert case.id in [row.id for row in search(" ".join(words), Scope("company"))]
