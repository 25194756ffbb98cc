"""A policy's way, in a real browser: a draft from a pack, written by keyboard, reviewed on a phone, published, compared."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app.kernel.database import db
from app.kernel.time import utc_now
from app.policies import document_queries, queries
from tests.journeys.conftest import Desk, House, axe_findings
from tests.remedies.builders import publish_policy

# The pages are the same on both databases; what a draft does there is tested room by room.
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
TABS_MAX = 90


@pytest.fixture
def governed(house: House) -> House:
    """A policy is in force, so that a draft has something to be compared with."""
    with house.app.app_context():
        publish_policy()
        db.session.remove()
    return house


def tab_to(page: Page, wanted: Locator) -> None:
    """Reach a control by the Tab key alone."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def retype(page: Page, box: Locator, text: str) -> None:
    tab_to(page, box)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def sideways(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def draft_a_pack(max_: Desk) -> str:
    """Make a draft of the hotel pack by keyboard; returns its reference."""
    page = max_.page
    max_.go("/policies")
    page.keyboard.press("a")
    page.wait_for_url("**/policies/new")
    tab_to(page, page.get_by_role("link", name="Hotel"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/packs/hotel")
    expect(page.get_by_text("traveltruth.com")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Make a draft"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/policies/PO-\d+/edit"))
    return page.url.split("/policies/")[1].split("/")[0]


def test_a_policy_is_drafted_by_keyboard_reviewed_on_a_phone_published_and_compared(
    governed: House, desk_of: Any
) -> None:
    max_: Desk = desk_of("max")
    page, ref = max_.page, draft_a_pack(max_)
    findings = page.locator("#findings")
    expect(findings).to_contain_text("Nothing to find")

    # A limit above the cap explains itself while it is typed, stays as an error when saved, and stops the review.
    retype(page, page.locator("#limit-1"), "20000")
    expect(findings).to_contain_text("above the hard cap of $10,000.00 in rule 7 (clause 3.1)")
    expect(findings).to_contain_text("not saved")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/edit$"))
    expect(page.locator("#limit-1")).to_have_value("20000.00")
    max_.go(f"/policies/{ref}")
    expect(page.get_by_role("button", name="Ask for a review")).to_have_count(0)
    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/edit$"))
    retype(page, page.locator("#limit-1"), "1500")
    page.keyboard.press("Enter")
    expect(page.locator("#limit-1")).to_have_value("1500.00")  # as it was kept
    expect(findings).to_contain_text("Nothing to find")

    # A rule more, read back in words while it is written.
    page.keyboard.press("a")
    page.wait_for_url("**/rules/new")
    retype(page, page.get_by_label("Limit", exact=True), "400")
    retype(page, page.get_by_label("Clause", exact=True), "4.2")
    tab_to(page, page.get_by_label("Role"))
    page.keyboard.type("Manag")
    expect(page.locator("#preview")).to_contain_text("up to $400.00 per incident")
    tab_to(page, page.get_by_role("button", name="Save the rule"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/edit"))
    expect(page.locator("#rule-8")).to_contain_text("Manager")
    assert axe_findings(page) == []

    max_.go(f"/policies/{ref}")
    expect(page.get_by_text("You wrote in this draft")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Ask for a review"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Waiting for review")).to_be_visible()

    sam: Desk = desk_of("sam", width=390)
    sam.go(f"/policies/{ref}")
    sam.page.get_by_text("See what changes against the version in force").click()
    expect(sam.page.locator(".diff__rule--removed").first).to_be_visible()
    assert sideways(sam.page) <= 0
    sam.go(f"/policies/{ref}")
    sam.page.get_by_role("radio", name="Approve").check()
    sam.page.get_by_role("button", name="Record my review").click()
    expect(sam.page.get_by_text("Approved as it stands.")).to_be_visible()
    assert sideways(sam.page) <= 0

    max_.go(f"/policies/{ref}")
    page.on("dialog", lambda dialog: dialog.accept())
    tab_to(page, page.get_by_role("button", name="Publish"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Published. Requests in flight keep")).to_be_visible()
    with governed.app.app_context():
        in_force = queries.version_in_force(utc_now())
        assert in_force is not None and in_force.version.ref == ref
        row = document_queries.document(in_force.version.id)
        assert row is not None and [review.reviewer for review in row.reviews] == [governed.company.sam.ref]
        db.session.remove()
    assert max_.complaints == [] and sam.complaints == []


def test_the_editor_works_without_scripts_and_keeps_what_was_typed(governed: House, desk_of: Any) -> None:
    max_: Desk = desk_of("max", width=390, scripts=False)
    page = max_.page
    max_.go("/policies/packs/retail")
    page.get_by_role("button", name="Make a draft").click()
    page.locator("#limit-1").fill("a lot")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.locator("#limit-1-error")).to_contain_text("Type an amount")
    expect(page.locator("#limit-1")).to_have_value("a lot")
    page.locator("#limit-1").fill("250")
    page.get_by_role("button", name="Save the limits").click()
    expect(page.locator("#limit-1")).to_have_value("250.00")
    page.get_by_role("button", name="Remove rule 2", exact=True).click()
    expect(page.get_by_text("Rule 2 is removed")).to_be_visible()
    expect(page.locator("#rule-7")).to_have_count(0)
    assert sideways(page) <= 0
    max_.go("/policies/PO-1/print")
    assert len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))) == 1
