"""Real complaints by mail and by import: into a case, found again, out of the API and out of every export, character for character.

tests/portal/test_reports.py takes them through the public form and out again.
"""

import csv
import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from app.cases.models import Case
from app.cases.rules import TEXT_MAX
from app.cases.search_queries import search
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages.mail_in_actions import POSTMAN, take_in
from app.messages.models import Message
from app.people.permissions import Scope
from tests.api.client import Api, a_company
from tests.cases.builders import make_case
from tests.cases.test_export import descriptions
from tests.counts import count
from tests.messages.mails import mail
from tests.messages.test_mail_in import set_box
from tests.people.builders import make_company

STORY = "Consumer complaint narrative"
NARRATIVES = Path(__file__).parents[3] / "shared/data/bank-complaints/complaint_narratives.csv.gz"


pytestmark = pytest.mark.skipif(
    not NARRATIVES.exists(), reason="the narratives of real complaints are not on this machine"
)


def told(least: int) -> list[dict[str, str]]:
    """The complaints that tell a story, all of them at the full counts."""
    with gzip.open(NARRATIVES, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if len(row[STORY].strip()) > 0 and len(row[STORY]) <= TEXT_MAX]
    return rows[:: max(1, len(rows) // count(951, least))]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_real_complaints_come_by_mail_and_out_again_character_for_character(app: Flask) -> None:
    company, came = a_company(app), {}
    set_box(company, company.ana.site_id, make_case(company.ana).category_id)
    api = Api(app, company.ana)
    for number, story in enumerate(row[STORY] for row in told(8)):
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
        came[case.ref] = story
    for form, texts in descriptions(app, company.sam).items():
        assert {case: texts[case] for case in came} == came, form


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_real_complaints_come_from_a_file_and_go_into_one_character_for_character(app: Flask, tmp_path: Path) -> None:
    company, rows, file = make_company(), told(8), tmp_path / "complaints.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    result = app.test_cli_runner().invoke(args=["cases", "import", str(file), "--json"])
    db.session.remove()
    assert result.exit_code == 0, result.output
    refs = {case.source_ref: case.ref for case in db.session.query(Case)}
    came = {refs[row["Complaint ID"]]: row[STORY] for row in rows}
    assert len(came) == len(rows)
    for form, texts in descriptions(app, company.max).items():
        cut = {case: texts[case][: len(story)] for case, story in came.items()}  # the mapping puts its facts below
        assert cut == came and all(texts[case][len(cut[case])] == "\n" for case in came), form
