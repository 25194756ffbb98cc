"""Hana opens a pulse, Ana answers it on a phone by keyboard, and when it is over Sam reads his team's four scales."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.insights import pulse_actions as pulses
from app.insights.pulse_models import Pulse
from app.insights.pulse_rules import ITEMS
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from tests.journeys.conftest import House, axe_findings
from tests.people.builders import make_person

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def fine(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (axe_findings(page), wide) == ([], 0), page.url


def colleagues_answer(house: House) -> None:
    """Four more at the front desk answered too, and the days went by."""
    with house.app.app_context():
        now, pulse = utc_now(), db.session.get_one(Pulse, 1)
        company = house.company
        for number, person in enumerate((company.bo, company.sam)):
            said = {name: 4 + (number + place) % 3 for place, name in enumerate(ITEMS)}
            pulses.answer(pulse_id=pulse.id, said=said, actor=person.actor, now=now)
        for name in ("Cid", "Dov"):
            person = next(one for one in STAFF if one.name.startswith(name))
            pulses.answer(pulse_id=pulse.id, said=dict.fromkeys(ITEMS, 5), actor=person.actor, now=now)
        db.session.remove()


STAFF: list[Any] = []


def it_is_over(house: House) -> None:
    """Move the pulse's days back: a test can't wait."""
    from app.audit import actions as audit

    with house.app.app_context():
        with transaction():
            pulse = db.session.get_one(Pulse, 1)
            pulse.opens_at, pulse.closes_at = utc_now() - timedelta(days=9), utc_now() - timedelta(days=1)
            audit.record(pulses.SWEPT, subject=pulse.ref, actor=command("test"), at=utc_now())
        db.session.remove()


def test_a_pulse_is_opened_answered_by_keyboard_and_read_by_the_team(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        place: dict[str, Any] = {"team_id": house.company.front_desk.id}
        STAFF[:] = [
            make_person(f"{name} Quay", "frontline", house.company.quayside.id, **place) for name in ("Cid", "Dov")
        ]
        db.session.remove()
    hana = desk_of("hana")
    hana.go("/pulses")
    fine(hana.page)
    hana.page.get_by_role("link", name="Open a pulse").click()
    today = utc_now().date()
    hana.page.get_by_label("What it is called").fill("Autumn pulse")
    hana.page.get_by_label("From").fill(today.isoformat())
    hana.page.get_by_label("To, including").fill(today.isoformat())
    hana.page.get_by_role("button", name="Open it").click()
    expect(hana.page.get_by_text("Leave people at least 3 days").first).to_be_visible()
    fine(hana.page)
    hana.page.get_by_label("To, including").fill((today + timedelta(days=7)).isoformat())
    hana.page.get_by_role("button", name="Open it").click()
    expect(hana.page.get_by_text("The pulse stands.").first).to_be_visible()

    ana = desk_of("ana", width=390, height=3600, scheme="dark")
    page = ana.page
    page.locator("#pulse").get_by_role("link", name="Answer").click()
    expect(page.get_by_role("group")).to_have_count(12)
    fine(page)
    groups = page.get_by_role("group")
    for at in range(11):
        groups.nth(at).get_by_role("radio").nth(at % 7).focus()
        page.keyboard.press("Space")
        expect(groups.nth(at).get_by_role("radio").nth(at % 7)).to_be_checked()
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_text("Choose a number, or rather not say.").first).to_be_visible()
    fine(page)
    groups.nth(11).get_by_role("radio", name="7 entirely").focus()
    page.keyboard.press("ArrowRight")
    expect(groups.nth(11).get_by_role("radio", name="Rather not say")).to_be_checked()
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_text("Your answer is in").first).to_be_visible()
    expect(page.locator("#pulse")).to_have_count(0)

    colleagues_answer(house)
    it_is_over(house)
    sam = desk_of("sam", width=390)
    sam.go("/pulses")
    fine(sam.page)
    sam.page.get_by_role("link", name="Autumn pulse").click()
    expect(sam.page.get_by_text("5 of 5").first).to_be_visible()
    expect(sam.page.get_by_text("nothing about any one person").first).to_be_visible()
    fine(sam.page)
    tom = desk_of("tom")
    tom.go("/pulses/PS-1")
    expect(tom.page.get_by_text("Nothing to show")).to_be_visible()
    fine(tom.page)
    assert ana.complaints == sam.complaints == hana.complaints == []
