"""What is owed, certificates and a clause, by keyboard alone: on a desk and on a phone, without sideways scrolling."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from app.kernel.database import db
from tests.cases.builders import make_case
from tests.journeys.conftest import Desk, House, axe_findings
from tests.remedies.builders import publish_policy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
RULES = [{"role": "frontline", "unit": "incident", "limit_minor": 20_000, "currency": "USD", "clause": "4.2"}]
LAW = "Conditions of stay, paragraph 7"


def reach(page: Page, control: Locator) -> None:
    """Press Tab until this control has the focus."""
    for _press in range(120):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never reaches {control}")


def type_into(page: Page, name: str, text: str) -> None:
    reach(page, page.get_by_role("textbox", name=name))
    page.keyboard.type(text)


def press(page: Page, name: str, *, within: Locator | None = None) -> None:
    reach(page, (within or page.locator("main")).get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def is_sound(desk: Desk) -> None:
    """Nothing scrolls sideways, nothing is inaccessible, no script complains."""
    page = desk.page
    width = page.viewport_size["width"] if page.viewport_size else 390
    page.set_viewport_size({"width": width, "height": 14_000})  # what a bar half covers counts as too small a target
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, page.url
    assert axe_findings(page) == []
    assert desk.complaints == []


def test_a_rule_of_law_is_written_at_a_desk_and_what_it_owes_is_given_on_a_phone(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_policy(RULES)
        db.session.remove()
    desk: Desk = desk_of("ada")
    page = desk.page
    desk.go("/entitlements")
    for name, text in (
        ("Name", "Late room"),
        ("Code", "late-room"),
        ("Law or contract", LAW),
        ("How much", "30.00 USD"),
    ):
        type_into(page, name, text)
    press(page, "Add")
    expect(page.get_by_role("cell", name=LAW)).to_be_visible()
    is_sound(desk)
    with house.app.app_context():
        case = make_case(house.company.ana).ref
        db.session.remove()
    phone: Desk = desk_of("ana", width=390)
    phone.go(f"/cases/{case}")
    owed = phone.page.locator("#owed")
    expect(owed.get_by_text(LAW)).to_be_visible()
    press(phone.page, "Give $30.00 as owed", within=owed)
    expect(phone.page.locator("#owed").get_by_text("Given", exact=True)).to_be_visible()
    is_sound(phone)


def test_a_certificate_is_added_renamed_and_retired_on_a_phone(house: House, desk_of: Any) -> None:
    desk: Desk = desk_of("ada", width=390)
    page = desk.page
    desk.go("/certificates")
    type_into(page, "Name", "Complaints, advanced")
    type_into(page, "Code", "complaints-2")
    press(page, "Add")
    expect(page.get_by_text("Complaints, advanced can be granted.")).to_be_visible()
    reach(page, page.get_by_role("link", name="Rename"))
    page.keyboard.press("Enter")
    field = page.get_by_label("Name", exact=True)
    reach(page, field)
    page.keyboard.press("Control+A")
    page.keyboard.type("Hard complaints")
    is_sound(desk)
    press(page, "Save")
    expect(page.get_by_text("Hard complaints is saved.")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, "Retire")
    expect(page.get_by_role("button", name="Bring back")).to_be_visible()
    is_sound(desk)


def test_the_clause_of_can_i_is_read_and_signed_on_a_phone(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_policy(RULES)
        case = make_case(house.company.ana).ref
        db.session.remove()
    desk: Desk = desk_of("ana", width=390, scheme="dark")
    page = desk.page
    desk.go(f"/cases/{case}")
    reach(page, page.get_by_label("Amount").first)
    page.keyboard.type("50")
    link = page.locator("#can-answer").get_by_role("link", name="Clause 4.2")
    expect(link).to_be_visible()
    reach(page, link)
    page.keyboard.press("Enter")
    page.wait_for_url("**/clauses/PO-*/4.2")
    expect(page.get_by_text("$200.00")).to_be_visible()
    type_into(page, "What else is to be said", "It is enough for most nights.")
    press(page, "I have read it and stand by it")
    expect(page.get_by_text("It is enough for most nights.")).to_be_visible()
    is_sound(desk)
