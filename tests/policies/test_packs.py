"""The ready packs: they hold what they are named for, state their source, and fit every company."""

from decimal import Decimal
from pathlib import Path

import orjson
import pytest
from flask import Flask

from app.kernel.money import Money
from app.people import queries as people
from app.policies import document_queries, packs
from app.policies.check_rules import findings
from app.policies.document_rules import Document
from app.policies.known_rules import GIVING_ROLES, Known, KnownSite
from app.policies.rules import Holder, Offer, judge
from app.policies.yaml_rules import dump, load
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

LONDON, PARIS = KnownSite(1, "LON", "London", "GBP"), KnownSite(2, "PAR", "Paris", "EUR")
TOKYO, YORK = KnownSite(3, "TYO", "Tokyo", "JPY"), KnownSite(4, "NYC", "New York", "USD")


def outcome(
    document: Document, minor: int, *, role: str = "frontline", currency: str = "USD", severity: int = 2
) -> str:
    offer = Offer(Money(minor, currency), "refund", "goodwill", True, severity, None)
    return judge(offer, Holder(role, 4), document.rules, {}).outcome


@pytest.mark.parametrize("code", packs.PACKS)
def test_a_pack_states_its_source_and_has_nothing_to_find(code: str) -> None:
    document = packs.pack(code)
    currency = packs.currency_of(document)
    known = Known(sites={9: KnownSite(9, "ONE", "One", currency)})
    assert "set here, to be changed" in document.source and len(document.source) > 200
    assert all(clause.title and clause.text for clause in document.clauses)
    assert findings(document, known) == ()
    assert load(dump(document, known), known).document == document


@pytest.mark.parametrize("role", GIVING_ROLES)
def test_every_role_gives_two_thousand_dollars_to_a_guest_for_an_incident(role: str) -> None:
    hotel = packs.pack("hotel")
    assert outcome(hotel, 200_000, role=role) == "allowed"
    assert outcome(hotel, 200_001, role=role) == "needs_approval"
    assert outcome(hotel, 1_000_001, role=role) == "refused"


def test_one_touch_is_two_hundred_dollars() -> None:
    retail = packs.pack("retail")
    assert (outcome(retail, 20_000), outcome(retail, 20_001)) == ("allowed", "needs_approval")


def test_a_grave_complaint_is_never_settled_at_the_first_desk() -> None:
    finance = packs.pack("finance")
    assert outcome(finance, 10_000, currency="GBP", severity=3) == "allowed"
    assert outcome(finance, 1, currency="GBP", severity=4) == "needs_approval"


@pytest.mark.parametrize("code", packs.PACKS)
def test_a_pack_is_written_in_each_sites_own_round_money(code: str) -> None:
    sites = (LONDON, PARIS, TOKYO, YORK)
    document = packs.pack(code)
    factors = packs.factors_for(document, [site.currency for site in sites])
    adopted = packs.adopt(document, sites, {key: value for key, value in factors.items() if value is not None})
    assert findings(adopted, Known(sites={site.id: site for site in sites})) == ()
    assert len(adopted.rules) == len(sites) * len(document.rules)


def test_amounts_keep_two_digits_and_a_currency_without_a_factor_is_left_out() -> None:
    retail = packs.pack("retail")
    adopted = packs.adopt(retail, (TOKYO, LONDON, KnownSite(5, "ZRH", "Zürich", "CHF")), {"JPY": Decimal("151.3")})
    assert {rule.currency for rule in adopted.rules} == {"JPY", "XXX"}
    assert {rule.site_id for rule in adopted.rules} == {TOKYO.id}
    assert adopted.rules[0].limit_minor == 30_000


def test_the_commands_check_export_and_import_a_policy(app: Flask, tmp_path: Path) -> None:
    make_company()
    publish_policy()
    run = app.test_cli_runner().invoke
    file, broken = tmp_path / "policy.yaml", tmp_path / "broken.yaml"
    assert run(args=["policy", "export", "--output", str(file)]).exit_code == 0
    sound = run(args=["policy", "check", str(file), "--json"])
    assert (sound.exit_code, orjson.loads(sound.output)["ok"]) == (0, True)
    broken.write_text(file.read_text(encoding="utf-8").replace("£", "").replace("200.00 GBP", "20000.00 GBP", 1))
    found = orjson.loads(run(args=["policy", "check", str(broken), "--json"]).output)["findings"]
    above = next(finding for finding in found if finding["code"] == "above-cap")
    assert broken.read_text(encoding="utf-8").splitlines()[above["line"] - 1].startswith("- clause:")
    text = run(args=["policy", "check", str(broken)])
    assert text.exit_code == 1 and f"line {above['line']}: error:" in text.output
    broken.write_text("format: makegood-policy/1\ntitle: x\nrules: 5\n")
    assert "line 3: error:" in run(args=["policy", "check", str(broken)]).output
    assert run(args=["policy", "import", str(broken)]).exit_code == 1
    made = run(args=["policy", "import", str(file), "--json"])
    identity = orjson.loads(made.output)["ref"].removeprefix("PO-")
    draft = document_queries.document(int(identity))
    assert draft is not None and draft.stage == "draft" and len(draft.document.rules) == 13 * len(people.sites())
    again = run(args=["policy", "export", orjson.loads(made.output)["ref"]]).output
    assert again.split("starts:")[0] == file.read_text(encoding="utf-8").split("starts:")[0]
    assert run(args=["policy", "export", "99"]).exit_code == 1
    assert "traveltruth.com" in run(args=["policy", "packs"]).output
