"""The main job, end to end, in a real browser: log, "Can I?", give, ask for more, decide on a phone, accept, verify."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from app.audit import jobs
from app.audit.models import AuditEntry
from app.audit.queries import verify
from app.budgets.checks import violations
from app.budgets.models import Purse
from app.cases.category_actions import add_category
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies.models import Remedy
from app.sla.queries import clocks_of_case
from tests.journeys.conftest import Desk, House, axe_findings
from tests.remedies.builders import publish_policy

pytestmark = pytest.mark.browser


@pytest.fixture
def stocked(house: House) -> House:
    """A policy in force and a category to choose."""
    with house.app.app_context():
        publish_policy()
        add_category(name="Comfort", actor=command("test"), now=utc_now())
        db.session.remove()
    return house


def log_case(ana: Desk) -> str:
    """Log a case by keyboard alone and return its reference."""
    page = ana.page
    ana.go("/cases")
    page.keyboard.press("n")
    page.wait_for_url("**/cases/new*")
    expect(page.get_by_role("combobox", name=re.compile("^Customer"))).to_be_focused()
    page.keyboard.type("Cleo Marchetti")
    page.get_by_label("What happened").focus()
    page.keyboard.type("Air conditioning failed overnight, room 412")
    page.get_by_label("Category").focus()
    page.keyboard.type("Comfort")
    page.get_by_label(re.compile("^3 ")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/MG-\d+"))
    return page.url.rsplit("/", 1)[1].split("?")[0].split("#")[0]


def test_ana_gives_within_her_authority_and_sam_decides_what_is_above_it(stocked: House, desk_of: Any) -> None:
    ana: Desk = desk_of("ana")
    ref = log_case(ana)
    page, panel = ana.page, ana.page.locator("#can")

    panel.get_by_label("Amount").fill("120")
    expect(panel.get_by_text("Yes, you may.")).to_be_visible()
    panel.get_by_role("button", name=re.compile(r"Offer \$120\.00")).click()
    expect(page.locator("#remedies")).to_contain_text("$120.00")
    page.locator("#remedies").get_by_role("button", name="Accepted").click()
    expect(page.locator("#remedies").get_by_role("button", name="Accepted")).to_have_count(0)

    panel.get_by_label("Amount").fill("3000")
    expect(panel.get_by_text("It becomes an exception")).to_be_visible()
    panel.get_by_label("Why is more needed?").fill("Two nights without sleep before her board meeting")
    panel.get_by_role("button", name=re.compile("Ask|ask")).last.click()
    expect(page.locator("#remedies")).to_contain_text("$3,000.00")

    sam: Desk = desk_of("sam", width=390)
    sam.go("/exceptions")
    sam.page.get_by_role("link", name=re.compile(r"3,000")).first.click()
    approve = sam.page.get_by_role("button", name=re.compile(r"Approve \$3,000\.00"))
    expect(approve).to_be_in_viewport()
    assert axe_findings(sam.page) == []
    approve.click()
    expect(sam.page.get_by_text("Approved $3,000.00 for")).to_be_visible()

    ana.go(f"/cases/{ref}")
    page.locator("#remedies").get_by_role("button", name="Accepted").click()
    expect(page.locator("#remedies").get_by_role("button", name="Accepted")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Resolve")).first.click()
    page.get_by_label("Made good").check()
    page.get_by_label("What caused it?").select_option("equipment")
    page.get_by_role("button", name=re.compile("^Resolve")).click()
    expect(page.get_by_text("Resolved").first).to_be_visible()
    assert ana.complaints == []
    assert sam.complaints == []
    everything_agrees(stocked, ref)


def everything_agrees(house: House, ref: str) -> None:
    """The purse, the ledger, the clocks and the trail tell one story."""
    with house.app.app_context():
        assert violations() == []
        states = {remedy.amount_minor: remedy.state for remedy in db.session.query(Remedy)}
        assert states == {12_000: "settled", 300_000: "settled"}
        incident = db.session.query(Purse).filter_by(unit="incident").one()
        assert (incident.reserved_minor, incident.settled_minor) == (0, 312_000)
        case_id = int(ref.removeprefix("MG-"))
        assert not any(clock.is_open for clock in clocks_of_case(case_id, utc_now()))
        if db.engine.dialect.name == "postgresql":
            jobs.seal_pending(everything=True)
        report = verify(now=utc_now())
        assert report.is_whole, report
        said = {row.type for row in db.session.query(AuditEntry).filter_by(case_id=case_id)}
        assert {
            "case:log",
            "remedy:offer",
            "remedy:accept",
            "exception:ask",
            "exception:approve",
            "case:resolve",
        } <= said
        db.session.remove()
