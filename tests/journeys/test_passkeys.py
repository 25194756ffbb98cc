"""Ana adds a passkey with Chromium's own authenticator, signs in with nothing else, and proves it again before a deed."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.models import SignInSession
from tests.journeys.conftest import PASS_PHRASE, axe_findings

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_signs_in_alone_and_steps_up(desk_of: Any, house: Any) -> None:
    extensions = house.app.extensions
    extensions["makegood_settings"] = replace(extensions["makegood_settings"], base_url=house.url)
    desk = desk_of("ana")
    page = desk.page
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    device = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]

    desk.go("/me/second-factor")
    page.get_by_label("Name of the device").fill("work laptop")
    page.locator("[name=proof_own_phrase]").fill("not the phrase at all")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("alert").get_by_text("This isn't your current pass phrase.")).to_be_visible()
    findings = axe_findings(page)
    page.locator("[name=proof_own_phrase]").fill(PASS_PHRASE)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".codes li")).to_have_count(10)
    assert len(cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    page.context.clear_cookies(name="makegood")
    desk.go("/me/tokens")
    findings += axe_findings(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("What is it for?")).to_be_visible()

    with house.app.app_context():
        db.session.query(SignInSession).update({"proved_at": utc_now() - timedelta(minutes=10)})
        db.session.commit()
        db.session.remove()
    page.get_by_label("What is it for?").fill("night audit export")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()
    findings += axe_findings(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#secret")).to_have_value(re.compile("^mg_"))

    desk.go("/me/second-factor")
    findings += axe_findings(page)
    expect(page.get_by_text("work laptop")).to_be_visible()
    assert findings == []
    assert desk.complaints == []
