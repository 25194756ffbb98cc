"""A manager tries a draft on the past, on a phone and by keyboard alone; nothing needs scripts."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.kernel.database import db
from tests.insights.past import draft_of, live_a_week, rules_now
from tests.journeys.conftest import Desk, House, axe_findings

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def draft(house: House) -> str:
    """A week at the desk and a draft with wider limits; returns the draft's address."""
    with house.app.app_context():
        live_a_week(house.company)
        version_id = draft_of(rules_now(), incident=40_000, customer_days=50_000, employee_month=200_000)
        db.session.remove()
    return f"/policies/PO-{version_id}"


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    control = page.locator("a, button, input, select, summary").filter(has_text=re.compile(f"^\\s*{name}\\s*$")).first
    for _press in range(80):
        page.keyboard.press("Tab")
        if control.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab never reaches {name}")


def sideways(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def test_by_keyboard_alone_on_a_phone_from_the_draft_to_a_case(house: House, desk_of: Any, draft: str) -> None:
    desk: Desk = desk_of("max", width=390, height=844)
    page = desk.page
    desk.go(draft)
    tab_to(page, "Try on the past")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/simulation$"))
    tab_to(page, "Simulate")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/simulation.*from="))
    expect(page.get_by_text("3 of 12 answers differ: 3 need nobody's approval any more.")).to_be_visible()
    expect(page.get_by_text("12 of 12 answers come out as they were recorded.")).to_be_visible()
    tab_to(page, "The figures as a table")
    page.keyboard.press("Enter")
    expect(
        page.locator("#answers table").get_by_role("row", name=re.compile("Under the draft 11 1 0 12"))
    ).to_be_visible()
    assert sideways(page) <= 0
    tab_to(page, "MG-2")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/cases/MG-2"))
    assert desk.complaints == []


def test_it_works_without_scripts_and_axe_finds_nothing(house: House, desk_of: Any, draft: str) -> None:
    plain: Desk = desk_of("sam", scripts=False)
    plain.go(draft + "/simulation")
    plain.page.get_by_label("Compared with").select_option(label="The policy in force at the time")
    plain.page.get_by_role("button", name="Simulate").click()
    expect(plain.page.get_by_text("3 of 12 answers differ")).to_be_visible()
    today = plain.page.get_by_label("To and including").input_value()
    findings: list[str] = []
    for width, height, scheme in ((1280, 844, "light"), (390, 9_000, "dark")):
        desk: Desk = desk_of("max", width=width, height=height, scheme=scheme)
        pages = (
            f"{draft}/simulation?from=2026-01-01&to={today}",
            f"{draft}/shadow",
            "/shadow-runs",
            "/authority-proposals",
        )
        for path in pages:
            desk.go(path)
            findings += [f"{scheme} {width}: {finding}" for finding in axe_findings(desk.page)]
            findings += [f"{path} scrolls sideways at {width}"] if sideways(desk.page) > 0 else []
        findings += desk.complaints
    assert findings == []
