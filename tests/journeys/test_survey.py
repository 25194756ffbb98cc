"""Cleo answers on a phone, unhappy: the case opens again, Ana calls and says what was done; then Cleo is happy and thanks her."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.feedback import actions as feedback
from app.feedback import queries as surveys
from app.kernel.database import db
from app.kernel.time import utc_now
from tests.cases.builders import make_case
from tests.feedback.test_surveys import _resolve
from tests.journeys.conftest import House, axe_findings

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def asked(house: House, case_id: int | None = None) -> tuple[int, str]:
    """A resolved case and the address of its survey."""
    now = utc_now()
    with house.app.app_context():
        who = house.company.ana
        if case_id is None:
            case = make_case(who, now=now - timedelta(days=4))
            _resolve(case, who.actor, now - timedelta(days=3))
            case_id = case.id
        survey = feedback.hand_out(case_id=case_id, actor=who.actor, now=now)
        path = surveys.url_of(survey.id).partition("/survey/")[2]
        db.session.remove()
        return case_id, f"{house.url}/survey/{path}"


def fine(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (axe_findings(page), wide) == ([], 0), page.url


def score(page: Page, value: str) -> None:
    page.locator("fieldset#csat label.scale__step", has_text=value).click()


def test_an_unhappy_answer_opens_the_case_again_and_is_followed_up(
    house: House, desk_of: Any, chromium: Browser
) -> None:
    case_id, address = asked(house)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    cleo = context.new_page()
    cleo.set_default_timeout(15_000)
    cleo.goto(address)
    fine(cleo)
    score(cleo, "1")
    cleo.get_by_label("What should we know?").fill("The heating failed again at night.")
    cleo.get_by_role("button", name="Send my answer").click()
    expect(cleo.get_by_text("somebody will be in touch within 48 hours")).to_be_visible()
    expect(cleo.get_by_text("thank whoever put it right")).to_have_count(0)

    ana = desk_of("ana", width=390, scheme="dark")
    ana.go("/follow-ups")
    page = ana.page
    page.locator("main tbody a").first.click()
    expect(page.get_by_text("The heating failed again at night.")).to_be_visible()
    fine(page)
    page.get_by_label("What caused it").select_option(index=1)
    page.get_by_label("What you did about it").fill("Called, and changed the valve with them.")
    page.get_by_role("button", name="Close the follow-up").click()
    expect(page.get_by_text("Resolve the case again when the customer agrees.")).to_be_visible()

    with house.app.app_context():
        from app.cases.models import Case

        case = db.session.get_one(Case, case_id)
        assert case.resolved_at is None and case.reopened_count == 1
        _resolve(case, house.company.ana.actor, utc_now())
        db.session.remove()
    cleo.goto(asked(house, case_id)[1])
    score(cleo, "5")
    cleo.get_by_role("button", name="Send my answer").click()
    cleo.get_by_text("Would you like to thank whoever put it right?").click()
    cleo.get_by_label("Your words").fill("Warm at last, thank you.")
    fine(cleo)
    cleo.get_by_role("button", name="Send my thanks").click()
    expect(cleo.get_by_text("We have passed on your thanks.")).to_be_visible()
    ana.go("/kudos")
    expect(page.get_by_text("Warm at last, thank you.")).to_be_visible()
    fine(page)
    context.close()
