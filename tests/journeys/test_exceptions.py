"""n of m from a phone, and the requester sees each step without reloading."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from app.approvals import live
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from tests.approvals.builders import publish_matrix
from tests.cases.builders import make_case
from tests.journeys.conftest import Desk, House, axe_findings
from tests.remedies.builders import publish_policy

pytestmark = pytest.mark.browser
PATIENCE = 20_000  # ms; how fast it is, the benchmark says


def test_two_of_them_approve_on_a_phone_and_ana_sees_it_live(house: House, desk_of: Any) -> None:
    with house.app.app_context():
        publish_policy()
        publish_matrix(house.company, MatrixRow("two", (StepRule(("role:supervisor", "role:manager"), 2),)))
        case = make_case(house.company.ana)
        request = remedies.ask_exception(
            case_id=case.id, kind="refund", amount=Money(90_000, "USD"), reason="Walked on their anniversary",
            intent="journey-exceptions-0001", actor=house.company.ana.actor, now=utc_now(),
        )  # fmt: skip
        ref = request.ref
    live.of(house.app).most = 0  # no room for pages that listen: hers asks by itself
    ana: Desk = desk_of("ana", width=390)
    ana.go(f"/exceptions/{ref}")
    expect(ana.page.get_by_text("0 of 2 have agreed")).to_be_visible()
    assert axe_findings(ana.page) == []
    sam: Desk = desk_of("sam", width=390)
    sam.go(f"/exceptions/{ref}")
    sam.page.get_by_text("Ask back…").click()
    sam.page.get_by_label("What do you need to know from Ana Ruiz?").fill("Was it our mistake?")
    sam.page.get_by_role("button", name="Ask", exact=True).click()
    expect(ana.page.get_by_text("Was it our mistake?")).to_be_visible(timeout=PATIENCE)
    expect(sam.page.get_by_text("Asked. The answer comes here")).to_be_visible()
    sam.page.keyboard.press("a")
    expect(sam.page.get_by_text("Approved $900.00 for")).to_be_visible()
    expect(ana.page.get_by_text("1 of 2 have agreed")).to_be_visible(timeout=PATIENCE)
    manager: Desk = desk_of("max", width=390)
    manager.go(f"/exceptions/{ref}")
    manager.page.get_by_role("button", name=re.compile(r"Approve \$900\.00")).click()
    expect(ana.page.get_by_text(re.compile(r"Max Weber approved \$900\.00"))).to_be_visible(timeout=PATIENCE)
    assert ana.complaints == sam.complaints == manager.complaints == []
