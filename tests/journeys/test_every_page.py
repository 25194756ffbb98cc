"""Every page, as each person concerned, light and dark, wide and on a phone: axe finds nothing and nothing breaks the policy."""

from typing import Any

import pytest

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.remedies import actions as remedies
from tests.cases.builders import make_case
from tests.journeys.conftest import Desk, House, axe_findings
from tests.people.builders import make_person
from tests.remedies.builders import give, publish_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "ana": ("/", "/cases", "/cases?view=all", "/cases/new", "/cases/MG-1", "/customers", "/customers/CU-1", "/exceptions", "/purses",
            "/clocks", "/inbox", "/me", "/search?q=room", "/search?q=nothing-like-this",
            "/payouts", "/payouts/PT-1", "/remedies/RM-2/receipt", "/cases/MG-1/precedents?amount=200"),
    "sam": ("/", "/cases", "/cases/MG-1", "/cases/MG-1/resolution", "/exceptions", "/metrics", "/audit", "/audit?case=MG-1", "/policies",
            "/policies/PO-1", "/policies/PO-1/print", "/policies/in-force", "/report-places", "/feedback", "/follow-ups",
            "/metrics/appeals", "/metrics/my-decisions", "/mails", "/promises", "/clocks/month", "/absences"),
    "hana": ("/", "/metrics", "/people"),
    "ada": ("/", "/people", "/settings", "/imports", "/remedy-kinds", "/me", "/policies/new", "/policies/packs/airline",
            "/payout-routes", "/outbox", "/settings/mailboxes", "/settings/templates", "/authority-matrix",
            "/authority-matrix/bounds", "/deciders", "/certificates", "/entitlements", "/settings/legal-clocks",
            "/settings/clock-rules", "/settings/clock-targets", "/settings/re-runs", "/health", "/privacy", "/privacy/retention",
            "/me/second-factor", "/role-changes", "/people/EM-1/role", "/role-changes/RO-1/refusal"),
    "audra": ("/", "/cases/MG-1", "/audit", "/purses", "/metrics"),
}  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("who", sorted(PAGES))
def test_axe_finds_nothing_and_no_page_scrolls_sideways(house: House, desk_of: Any, who: str) -> None:
    with house.app.app_context():
        publish_policy()
        case = make_case(house.company.ana)
        give(house.company.ana, case.id, 4_000, currency="USD")
        paid = give(house.company.ana, case.id, 1_000, currency="USD")
        remedies.accept(remedy_id=paid.id, actor=house.company.ana.actor, now=utc_now())
        make_case(house.company.bo, customer=None, summary="Lost scarf in room 208")
        noor = make_person("Noor Haddad", "admin", house.company.quayside.id)
        said = {"role": "supervisor", "reason": "Leads the late desk from May."}
        people.propose_role(employee_id=house.company.bo.id, **said, actor=noor.actor, now=utc_now())
        db.session.remove()
    findings: list[str] = []
    # The phone is taller than any page: what the bar at the bottom covers is a matter of scrolling, not of size.
    for width, height, scheme in ((1280, 844, "light"), (390, 14_000, "dark")):
        desk: Desk = desk_of(who, width=width, height=height, scheme=scheme)
        for path in PAGES[who]:
            answer = desk.page.goto(house.url + path)
            assert answer is not None
            assert answer.status == 200, f"{who} {path}: {answer.status}"
            findings += [f"{scheme} {width}: {finding}" for finding in axe_findings(desk.page)]
            wide = desk.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            findings += [f"{path} scrolls sideways by {wide} px at {width}"] if wide > 0 else []
        findings += desk.complaints
    assert findings == []
