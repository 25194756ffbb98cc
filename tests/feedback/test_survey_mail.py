"""The mail with the survey, through a real SMTP server."""

import re
from datetime import timedelta

from flask import Flask

from app.cases import actions as cases
from app.feedback import jobs
from app.kernel.time import utc_now
from app.notifications import outbox_jobs
from tests.cases.builders import make_case
from tests.notifications.conftest import Box
from tests.people.builders import make_company
from tests.portal.test_mail import say_language


def test_a_survey_comes_once_as_text_and_as_a_page_in_the_customers_language_and_its_link_opens(
    posting: tuple[Flask, Box],
) -> None:
    app, kept = posting
    company = make_company(second_site=False)
    at = utc_now() - timedelta(days=4)
    case = make_case(company.ana, now=at)
    say_language(case, "de")
    said = {"outcome": "made_good", "root_cause": "process", "note": ""}
    cases.resolve(case_id=case.id, **said, actor=company.ana.actor, now=at)
    for _round in range(2):
        jobs.send_due(now=utc_now())
        outbox_jobs.deliver_due(now=utc_now() + timedelta(minutes=1))
    [mail] = [mail for mail in kept.mails if mail["To"] == "cleo@example.org"]
    assert mail["Auto-Submitted"] == "auto-generated" and company.quayside.name in mail["Subject"]
    text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    [link] = re.findall(r"http://\S+", text)
    assert f'href="{link}"' in page and "<img" not in page and "http" not in page.replace(link, "")
    assert '<html lang="de' in page and "30 Tage" in text and "30 Tage" in page
    opened = app.test_client().get(link.removeprefix("http://localhost"))
    assert opened.status_code == 200 and 'lang="de' in opened.text
