"""Deciding together in real browsers: live on a phone, a stand-in while somebody is away, and who comes next at the clock."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from app.approvals import jobs
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.kernel.database import db
from app.kernel.time import utc_now
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.journeys.conftest import Desk, House
from tests.remedies.builders import publish_policy

pytestmark = pytest.mark.browser
PATIENCE = 20_000  # ms; how fast it is, the benchmark says


def test_a_request_is_approved_on_a_phone_and_seen_live(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_policy()
        ref = make_case(house.company.ana).ref
        db.session.remove()
    ana: Desk = desk_of("ana")
    ana.go(f"/cases/{ref}")
    ana.page.locator("#can-amount").fill("900")
    ana.page.get_by_label("Why is more needed?").fill("Walked on their anniversary")
    ana.page.get_by_role("button", name=re.compile("Ask for")).click()
    expect(ana.page.get_by_text("You are told when it is decided.")).to_be_visible()
    sam: Desk = desk_of("sam", width=390)
    sam.go("/exceptions")
    sam.page.get_by_role("link", name=re.compile(r"\$900\.00")).click()
    phone: Desk = desk_of("ana", width=390)  # her telephone, with the case open
    phone.go(f"/cases/{ref}")
    asked: list[str] = []
    ana.page.on("request", lambda one: asked.append(one.url))
    ana.go("/exceptions/EX-1")
    expect(ana.page.get_by_text("Asked now: Sam Okafor")).to_be_visible()
    ana.page.wait_for_timeout(1_000)  # until its stream stands
    sam.page.keyboard.press("a")
    expect(sam.page.get_by_text(re.compile(r"Approved \$900\.00 for"))).to_be_visible()
    expect(ana.page.get_by_text(re.compile(r"Sam Okafor approved \$900\.00"))).to_be_visible(timeout=PATIENCE)
    expect(phone.page.get_by_text("Sam Okafor approved $900.00.")).to_be_visible(timeout=PATIENCE)
    assert any("/exceptions/EX-1/live" in url for url in asked), "a stream stood"
    assert ana.complaints == phone.complaints == sam.complaints == []


def test_while_sam_is_away_his_stand_in_decides_on_his_behalf(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_matrix(house.company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
        db.session.remove()
    sam: Desk = desk_of("sam")
    sam.go("/absences")
    sam.page.get_by_label("From").fill((utc_now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
    sam.page.get_by_label("To", exact=True).fill((utc_now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    sam.page.get_by_label("Stand-in").select_option(label="Tom Hale")
    sam.page.get_by_role("button", name="Keep").first.click()
    expect(sam.page.get_by_text("away now")).to_be_visible()
    with house.app.app_context():
        ref = make_request(house.company.ana).ref
        db.session.remove()
    tom: Desk = desk_of("tom", width=390)
    tom.go("/exceptions")
    tom.page.get_by_role("link", name=re.compile("180")).click()
    tom.page.get_by_role("button", name=re.compile("^Approve .*180")).click()
    expect(tom.page.get_by_text(re.compile("Approved .*180.* for"))).to_be_visible()
    ana: Desk = desk_of("ana", scripts=False)
    ana.go(f"/exceptions/{ref}")
    expect(ana.page.get_by_text(re.compile("Tom Hale approved"))).to_be_visible()
    assert sam.complaints == tom.complaints == []


def test_at_the_clock_it_climbs_to_who_comes_next(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_matrix(house.company, MatrixRow("sup", (StepRule(("role:supervisor",)),)))
        request = make_request(house.company.ana)
        ref, due_at = request.ref, request.due_at
        db.session.remove()
        assert jobs.watch(now=due_at) >= 1
        db.session.remove()
    manager: Desk = desk_of("max", width=390)
    manager.go("/inbox")
    manager.page.get_by_role("link", name=re.compile("Nobody has answered in time")).click()
    expect(manager.page.get_by_text("Raised")).to_be_visible()
    manager.page.keyboard.press("a")
    expect(manager.page.get_by_text(re.compile("Approved .*180.* for"))).to_be_visible()
    manager.go("/inbox")
    expect(manager.page.get_by_text("Nobody has answered in time")).to_be_visible()
    sam: Desk = desk_of("sam")
    sam.go(f"/exceptions/{ref}")
    expect(sam.page.get_by_text(re.compile("Max Weber approved"))).to_be_visible()
    expect(sam.page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    assert manager.complaints == sam.complaints == []
