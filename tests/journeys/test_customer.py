"""Cleo on a phone and Ana at the desk: from the report to the receipt; once in two browsers, once without scripts."""

import re
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.cases.category_actions import add_category
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.portal import place_actions
from app.portal.models import ReportPlace
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.journeys.conftest import Desk, House, axe_findings
from tests.people.builders import Company, make_company
from tests.portal.builders import intents
from tests.remedies.builders import publish_policy

STORY = "Our room was above the kitchen.\nPots from five in the morning, three nights."


def a_form(company: Company) -> str:
    """Open the site's public form and return its code."""
    publish_policy()
    add_category(name="Noise", actor=command("test"), now=utc_now())
    place: ReportPlace = place_actions.add_place(
        site_id=company.quayside.id, name="Room cards", channel="web", actor=company.sam.actor, now=utc_now()
    )
    code = place.code
    db.session.remove()
    return code


def fine(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (axe_findings(page), wide) == ([], 0), page.url


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_the_report_to_the_receipt(house: House, desk_of: Any, chromium: Browser) -> None:
    with house.app.app_context():
        code = a_form(house.company)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    cleo = context.new_page()
    cleo.set_default_timeout(15_000)

    # She reports it and is told her number and by when she hears from us.
    cleo.goto(f"{house.url}/report/{code}")
    cleo.get_by_label("What happened?").fill(STORY)
    cleo.locator("label.choice", has_text="It let me down badly").click()
    cleo.get_by_label("What is it about?").select_option("Noise")
    cleo.get_by_label("Your name").fill("Cleo Marchetti")
    cleo.get_by_label("You may use what I wrote").check()
    fine(cleo)
    cleo.get_by_role("button", name="Send").click()
    expect(cleo.get_by_text("MG-1")).to_be_visible()
    expect(cleo.get_by_text("We answer you by")).to_be_visible()
    cleo.get_by_role("button", name="Open my case").click()
    expect(cleo.get_by_role("heading", name="We are working on it.")).to_be_visible()
    fine(cleo)

    # Ana takes it, answers, and offers what she may.
    ana: Desk = desk_of("ana")
    ana.go("/cases/MG-1")
    expect(ana.page.get_by_text("Pots from five in the morning")).to_be_visible()
    ana.page.locator("#can-amount").fill("40")
    ana.page.locator("#can-reason").fill("Three nights of noise")
    ana.page.get_by_role("button", name=re.compile("^Offer")).click()
    expect(ana.page.get_by_text("is offered and held")).to_be_visible()

    # She declines with a reason, which reaches the desk.
    cleo.reload()
    expect(cleo.get_by_role("button", name="Accept $40.00")).to_be_visible()
    cleo.get_by_text("Not right for you?").click()
    cleo.get_by_label("What would be right?").fill("Three nights, not one. The whole stay.")
    fine(cleo)
    cleo.get_by_role("button", name="Ask for something better").click()
    expect(cleo.get_by_role("heading", name="We heard your answer")).to_be_visible()
    ana.go("/cases/MG-1")
    expect(ana.page.get_by_text("Next step: offer something better.")).to_be_visible()
    assert axe_findings(ana.page) == []

    # More than Ana may give: an exception, which Sam approves.
    ana.page.locator("#can-amount").fill("900")
    ana.page.locator("#can-reason").fill("Three nights, not one. The whole stay.")
    ana.page.get_by_role("button", name=re.compile("^Ask")).click()
    expect(ana.page.get_by_text("You are told when it is decided.")).to_be_visible()
    sam: Desk = desk_of("sam", width=390)
    sam.go("/exceptions/EX-1")
    sam.page.get_by_role("button", name=re.compile(r"Approve \$900\.00")).click()
    expect(sam.page.get_by_text("Approved $900.00 for MG-1.")).to_be_visible()

    # She accepts: it is settled, and she has a receipt.
    cleo.reload()
    cleo.get_by_role("button", name="Accept $900.00").click()
    expect(cleo.get_by_text("You accepted $900.00 · Refund.")).to_be_visible()
    fine(cleo)
    cleo.get_by_role("link", name="Receipt RM-2").click()
    expect(cleo.get_by_role("heading", name="Receipt RM-2")).to_be_visible()
    expect(cleo.get_by_text("Not right?")).to_be_visible()
    fine(cleo)
    ana.go("/cases/MG-1")
    expect(ana.page.get_by_text("Cleo accepted on their page.")).to_be_visible()
    with house.app.app_context():
        assert [row.state for row in db.session.query(Remedy).order_by(Remedy.id)] == ["declined", "settled"]
    assert ana.complaints == []
    context.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_same_without_scripts_by_forms_alone(app: Flask) -> None:
    company = make_company()
    code, ana = a_form(company), company.ana.actor
    cleo = app.test_client()
    said = {"text": STORY, "severity": "3", "category_id": "1", "name": "Cleo", "consent": "y"}
    sent = cleo.post(
        f"/report/{code}", data={**said, "intent": intents(cleo.get(f"/report/{code}").text)[0]}, follow_redirects=True
    )
    link = re.search(r'action="(/c/[^"]+)"', sent.text)
    assert link and "We answer you by" in sent.text
    page = cleo.post(link[1], follow_redirects=True)
    offer: dict[str, Any] = {"case_id": 1, "kind": "refund", "reason": "noise", "actor": ana, "now": utc_now()}
    first = remedies.offer(amount=Money(4_000, "GBP"), intent="journey-offer-01", **offer).ref
    page = cleo.get("/your-case/MG-1")
    answer = {"remedy": first, "answer": "disagreed", "reason": "The whole stay.", "intent": intents(page.text)[1]}
    assert "look for something better" in cleo.post("/your-case/MG-1/answers", data=answer, follow_redirects=True).text
    asked = remedies.ask_exception(amount=Money(90_000, "GBP"), intent="journey-offer-02", **offer)
    remedies.decide_exception(
        exception_id=asked.id, outcome="approved", amount=Money(90_000, "GBP"), reason="Fair.",
        actor=company.sam.actor, now=utc_now(),
    )  # fmt: skip
    page = cleo.get("/your-case/MG-1")
    answer = {"remedy": "RM-2", "answer": "accepted", "intent": intents(page.text)[0]}
    assert "You accepted £900.00" in cleo.post("/your-case/MG-1/answers", data=answer, follow_redirects=True).text
    assert "£900.00" in cleo.get("/your-case/MG-1/receipts/RM-2").text
