"""What a form makes is made once, also when it is sent again by a second click or the browser's way back."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.approvals import thread_actions
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import certificate_actions
from app.reviews import charter_actions
from app.reviews.charter_rules import Clause
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, sign_in

SOON = (utc_now() + timedelta(days=2)).replace(hour=10, minute=0)
TYPED = f"{SOON:%Y-%m-%dT%H:%M}"
CASE = "/cases/MG-1"
Made = Callable[[Company], None]


def nothing_more(company: Company) -> None:
    pass


def a_certificate(company: Company) -> None:
    certificate_actions.add_certificate(code="fire", name="Fire", level=1, actor=OPERATOR, now=utc_now())


def a_round(company: Company) -> None:
    now, hana = utc_now(), company.hana.actor
    care = Clause("care", "We care", "Nobody is left alone.", company.sam.id, now.date() + timedelta(days=365))
    number = charter_actions.draft_charter(actor=hana, now=now).number
    charter_actions.write_clause(number=number, clause=care, version=1, actor=hana, now=now)
    charter_actions.ask_comments(number=number, until=now.date() + timedelta(days=14), version=2, actor=hana, now=now)


def a_request(company: Company) -> None:
    make_request(company.ana)


def a_question(company: Company) -> None:
    request = make_request(company.ana)
    thread_actions.ask_back(exception_id=request.id, text="Was it cold?", actor=company.sam.actor, now=utc_now())


# Who, the page that holds the form, where it goes, what is typed, the field that is changed for the third, what it needs.
FORMS = [
    ("ana", CASE, f"{CASE}/notes", {"text": "He likes the quiet side."}, "text", nothing_more),
    (
        "ana",
        f"{CASE}/promises",
        f"{CASE}/promises",
        {"what": "A call back", "due_at": TYPED, "told_to": "Cleo"},
        "what",
        nothing_more,
    ),
    (
        "ana",
        f"{CASE}/clocks",
        f"{CASE}/clocks",
        {"kind": "uc", "what": "Mend the fan", "time": "2:00"},
        "what",
        nothing_more,
    ),
    (
        "ana",
        "/customers/CU-1/check-backs",
        "/customers/CU-1/check-backs",
        {"what": "Is it quiet now?", "channel": "phone", "due_at": TYPED, "owner_id": "{ana}"},
        "what",
        nothing_more,
    ),
    (
        "sam",
        "/causes/new",
        "/causes",
        {"title": "The fans fail", "story": "Every summer", "kind": "process"},
        "title",
        nothing_more,
    ),
    (
        "sam",
        "/coaching",
        "/coaching",
        {"whom": "{ana}-{sam}", "saw": "Long calls.", "next_step": "Say when you call back."},
        "saw",
        nothing_more,
    ),
    (
        "sam",
        "/absences",
        "/absences",
        {"employee_id": "{sam}", "from_at": TYPED, "to_at": f"{SOON + timedelta(days=3):%Y-%m-%dT%H:%M}"},
        "to_at",
        nothing_more,
    ),
    (
        "bo",
        "/charter/1/clause/care/comment",
        "/charter/1/clause/care/comment",
        {"text": "Say it in fewer words."},
        "text",
        a_round,
    ),
    (
        "ada",
        "/privacy/requests/new",
        "/privacy/requests/new",
        {"subject": "CU-1", "kind": "access", "received_on": "2026-01-05", "note": "By letter"},
        "note",
        nothing_more,
    ),
    (
        "ada",
        "/privacy/people/CU-1",
        "/privacy/people/CU-1/disputes",
        {"case": "MG-1", "text": "It was colder."},
        "text",
        nothing_more,
    ),
    (
        "ada",
        "/people/EM-1/certificates",
        "/people/EM-1/certificates",
        {"certificate": "1", "expires_at": "2099-12-31"},
        "expires_at",
        a_certificate,
    ),
    (
        "sam",
        "/me/reports",
        "/me/reports",
        {"what": "recovery", "place": "", "period": "90d", "when": "weekly-1", "hour": "7", "form": "none"},
        "when",
        nothing_more,
    ),
    ("sam", "/exceptions/EX-1", "/exceptions/EX-1/questions", {"text": "Was it cold?"}, "text", a_request),
    ("ana", "/exceptions/EX-1", "/exceptions/EX-1/answers", {"text": "Very cold."}, "text", a_question),
    (
        "ada",
        "/teams/new",
        "/teams",
        {"name": "Night desk", "site_id": "{site}", "supervisor_id": ""},
        "name",
        nothing_more,
    ),
    (
        "max",
        "/report-places",
        "/report-places",
        {"name": "At the lift", "site_id": "{site}", "channel": "web"},
        "name",
        nothing_more,
    ),
    (
        "ada",
        "/settings/templates/new",
        "/settings/templates/new",
        {"name": "News", "subject_en": "News", "body_en": "Good morning", "active": "y", "version": "0"},
        "name",
        nothing_more,
    ),
    (
        "ana",
        "/customers/CU-1/consents",
        "/customers/CU-1/consents",
        {"purpose": "updates", "given": "yes", "source": "phone"},
        "given",
        nothing_more,
    ),
]


@pytest.mark.parametrize(("who", "page", "url", "said", "changed", "needs"), FORMS, ids=[form[2] for form in FORMS])
def test_the_same_form_sent_twice_is_one_deed_and_other_words_are_another(
    app: Flask, who: str, page: str, url: str, said: dict[str, str], changed: str, needs: Made
) -> None:
    company = make_company()
    make_case(company.ana)
    needs(company)
    db.session.commit()
    client = sign_in(app.test_client(), getattr(company, who))
    numbers = {"ana": company.ana.id, "sam": company.sam.id, "site": company.ana.site_id}
    values = {name: value.format(**numbers) for name, value in said.items()}
    values["intent"] = _intent(client.get(page).text, url)
    before = _entries()
    answers = [client.post(url, data=values)]
    once = _entries()
    answers.append(client.post(url, data=values))
    assert [answer.status_code for answer in answers] == [303, 303], answers[0].text
    assert answers[0].location == answers[1].location
    assert before < once == _entries(), "the second press wrote nothing"
    other = {**values, changed: _another(values[changed])}
    assert client.post(url, data=other).status_code == 303
    assert _entries() > once, "what was changed before it was sent again is another deed"


def _intent(text: str, url: str) -> str:
    form = re.search(rf'<form[^>]*action="{re.escape(url)}(?:#\w+)?".*?</form>', text, re.DOTALL)
    found = re.search(r'name="intent"[^>]*value="([^"]+)"', form.group() if form else text)
    assert found is not None, "the form has no key"
    return unescape(found.group(1))


def _another(value: str) -> str:
    """Other words, the other answer, or another day or hour where the field asks for one."""
    for old, new in (("2099-", "2098-"), ("T10:", "T11:"), ("yes", "no"), ("weekly-1", "weekly-2")):
        if old in value:
            return value.replace(old, new)
    return f"{value} Again."


def _entries() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0
