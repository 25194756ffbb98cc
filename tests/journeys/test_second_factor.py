"""Ana adds an authenticator, signs in with it, and proves it again before a deed, which goes on with what she typed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.models import SignInSession
from tests.journeys.conftest import PASS_PHRASE, Desk, axe_findings
from tests.people.factoring import Authenticator

pytestmark = pytest.mark.browser


def forget_proofs(desk: Desk) -> None:
    """Let ten minutes pass for every proof, as the clock would."""
    with desk.house.app.app_context():
        db.session.query(SignInSession).update({"proved_at": utc_now() - timedelta(minutes=10)})
        db.session.commit()
        db.session.remove()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_second_factor_is_added_asked_for_and_stepped_up_to(desk_of: Any, scripts: bool) -> None:
    desk = desk_of("ana", width=1280 if scripts else 390, scripts=scripts)
    page = desk.page
    desk.go("/me")
    page.get_by_role("link", name="Add a second factor").click()
    expect(page.get_by_label("Six digits from the app")).to_be_visible()
    findings = axe_findings(page) if scripts else []
    phone = Authenticator(re.sub(r"\s", "", page.locator(".enrol__secret").inner_text()))
    page.get_by_label("Six digits from the app").fill(phone.code(utc_now(), -1))
    page.get_by_label("Your pass phrase").fill(PASS_PHRASE)
    page.get_by_role("button", name="Add it").click()
    expect(page.locator(".codes li")).to_have_count(10)
    recovery = page.locator(".codes li").first.inner_text()
    findings += axe_findings(page) if scripts else []
    page.get_by_role("link", name="I have them: go on").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    page.wait_for_load_state("networkidle")  # an answer still under way would bring its cookie back

    page.context.clear_cookies(name="makegood")
    desk.go("/me/tokens")
    page.get_by_label("E-mail").fill(desk.house.company.ana.email)
    page.get_by_label("Pass phrase").fill(PASS_PHRASE)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Code")).to_be_visible()
    findings += axe_findings(page) if scripts else []
    page.get_by_label("Code").fill(phone.code(utc_now()))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me/tokens")

    forget_proofs(desk)
    page.get_by_label("What is it for?").fill("night audit export")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_label("Code")).to_be_visible()
    findings += axe_findings(page) if scripts else []
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#secret")).to_have_value(re.compile("^mg_"))
    expect(page.get_by_text("night audit export", exact=True)).to_be_visible()
    assert findings == []
    assert desk.complaints == []
