"""A review in a real browser: Hana prepares it, Ana writes first on her phone, both sign, and the paper is taken along."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.kernel.database import db
from app.kernel.time import utc_now
from tests.journeys.conftest import House, axe_findings
from tests.reviews.builders import fill, publish_charter

# The pages are the same on both databases; what a review does there is tested in its room.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


@pytest.fixture
def filled(house: House) -> House:
    with house.app.app_context():
        fill(house.company, count=14, satisfied=12)
        publish_charter(house.company)
        db.session.remove()
    return house


def write(page: Page, link: str, text: str) -> None:
    page.get_by_role("link", name=link).first.click()
    page.get_by_label("In your words").fill(text)
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text(text)).to_be_visible()


def sideways(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def test_hana_prepares_ana_comments_and_both_sign(filled: House, desk_of: Any) -> None:
    hana, ana = desk_of("hana"), desk_of("ana", width=390, scheme="dark")
    page, phone = hana.page, ana.page
    hana.go("/")
    page.get_by_role("link", name="Reviews").first.click()
    page.get_by_role("link", name="Open a review").click()
    page.get_by_label("Whose outcomes").select_option(label="Ana Ruiz, Receptionist")
    page.get_by_label("From").fill("2026-04-01")
    page.get_by_label("To, including").fill((utc_now().date().replace(day=1) - timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Open and freeze the figures").click()
    expect(page.get_by_text("Ana Ruiz writes first.")).to_be_visible()
    expect(page.get_by_role("link", name="Write notes")).to_have_count(0)
    assert axe_findings(page) == []

    ana.go("/inbox")
    phone.get_by_role("link", name="opened an outcome review with you").first.click()
    phone.wait_for_url("**/reviews/RW-1")
    write(phone, "Write my self-assessment", "The boiler was out in May.")
    write(phone, "Comment on this figure", "I asked Sam each time, as I was told to.")
    assert sideways(phone) == 0
    assert axe_findings(phone) == []

    hana.go("/reviews/RW-1")
    write(page, "Write notes", "We read five cases together.")
    page.get_by_role("button", name="Ask for signatures").click()
    expect(page.get_by_role("button", name="Back into conversation")).to_be_visible()
    page.get_by_role("button", name="Sign as it stands").click()
    expect(page.locator("#signatures")).to_contain_text("Hana Sato")

    ana.go("/reviews/RW-1")
    expect(phone.locator("#access")).to_contain_text("Hana Sato")
    phone.get_by_role("button", name="Sign as it stands").click()
    expect(phone.get_by_role("link", name="Appeal")).to_be_visible()
    with phone.expect_download() as taken:
        phone.get_by_role("link", name="Data").click()
    assert taken.value.suggested_filename == "review-RW-1.json"
    for desk, paths in (
        (hana, ("/reviews", "/charter", "/coaching", "/fairness", "/reviews/RW-1/cases/MG-1")),
        (ana, ("/reviews", "/charter", "/coaching", "/kudos", "/cases/MG-20/kudos", "/reviews/RW-1/appeal")),
    ):
        for path in paths:
            desk.go(path)
            assert axe_findings(desk.page) == [], path
            assert sideways(desk.page) == 0, path
    assert hana.complaints == [] and ana.complaints == []
