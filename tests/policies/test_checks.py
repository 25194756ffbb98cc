"""What a policy's findings see, and that each says itself with numbers and a way out."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.money import Money
from app.people.permissions import PERMISSIONS
from app.policies import reach_rules
from app.policies.check_rules import Finding, findings
from app.policies.document_rules import Clause, Document, rules_of_values
from app.policies.finding_words import SENTENCES, finding_row
from app.policies.known_rules import GIVING_ROLES, Known, KnownCategory, KnownKind, KnownSite, KnownTeam
from app.policies.rules import Holder, Offer, Rule, applicable, judge
from tests.counts import examples
from tests.policies.test_files import written_rules

KNOWN = Known(
    sites={1: KnownSite(1, "LON", "London", "GBP"), 2: KnownSite(2, "NYC", "New York", "USD")},
    teams={7: KnownTeam(7, 1, "Front desk"), 8: KnownTeam(8, 2, "Concierge")},
    kinds={
        "refund": KnownKind("refund", "Refund"),
        "voucher": KnownKind("voucher", "Voucher", active=False),
        "repair": KnownKind("repair", "Repair", monetary=False),
    },
    categories={5: KnownCategory(5, "room", "Room"), 6: KnownCategory(6, "pool", "Pool", active=False)},
)
Row = dict[str, Any]


def row(**parts: Any) -> Row:
    return {"unit": "incident", "limit_minor": 20_000, "currency": "GBP", "clause": "4.2", **parts}


CAP = row(limit_minor=1_000_000, hard=True, clause="3.1", site_id=1)
DOLLARS = row(currency="USD")
SOUND = (row(), DOLLARS, CAP)


def document(*rows: Row) -> Document:
    clauses = (Clause("3.1", "Caps"), Clause("4.2", "One incident"))
    return Document("Policy", "", "To trust more.", clauses, rules_of_values(rows))


def found(*rows: Row) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings(document(*rows), KNOWN)}


def test_a_sound_policy_has_no_findings() -> None:
    assert found(*SOUND) == {}
    ladder = [row(role=role, site_id=1, limit_minor=limit) for role, limit in (("frontline", 1), ("supervisor", 2))]
    assert found(*SOUND, *ladder, row(unit="employee_month", site_id=1, limit_minor=90_000)) == {}


@pytest.mark.parametrize(
    ("code", "is_error", "places", "rows"),
    [
        ("no-rules", True, (), ()),
        ("no-single", True, (), (row(unit="employee_month"), CAP)),
        ("no-cap", False, (), (row(), DOLLARS)),
        ("gap-site", False, (), (row(site_id=1), CAP)),
        ("gap", False, (), (row(site_id=1), row(currency="USD", role="manager"), CAP)),
        ("no-clause", True, (4,), (*SOUND, row(clause="", unit="remedy"))),
        ("unknown-clause", True, (4,), (*SOUND, row(clause="9", unit="remedy"))),
        ("role-gives-nothing", True, (4,), (*SOUND, row(role="auditor"))),
        ("unknown-site", True, (4,), (*SOUND, row(site_id=99))),
        ("unknown-team", True, (4,), (*SOUND, row(team_id=99))),
        ("team-elsewhere", True, (4,), (*SOUND, row(site_id=1, team_id=8))),
        ("unknown-category", True, (4,), (*SOUND, row(category_id=99))),
        ("category-retired", False, (4,), (*SOUND, row(category_id=6))),
        ("unknown-certificate", True, (4,), (*SOUND, row(certificate="yoga"))),
        ("unknown-kind", True, (4,), (*SOUND, row(kind="yacht"))),
        ("kind-not-money", True, (4,), (*SOUND, row(kind="repair"))),
        ("kind-retired", False, (4,), (*SOUND, row(kind="voucher"))),
        ("unknown-currency", True, (4,), (*SOUND, row(currency="ZZZ"))),
        ("currency-by-rate", False, (4,), (*SOUND, row(currency="EUR", site_id=1))),
        ("currency-by-rate", False, (1, 2), (row(), {**CAP, "site_id": None})),
        ("unreachable", False, (4,), (*SOUND, row(currency="CHF"))),
        ("twins", True, (1, 4), (*SOUND, row(limit_minor=30_000))),
        ("equally-narrow", False, (4, 5), (*SOUND, row(kind="refund"), row(category_id=5, limit_minor=1))),
        ("above-cap", True, (4, 3), (*SOUND, row(role="manager", limit_minor=1_000_001))),
        ("cap-widened", True, (4, 3), (*SOUND, {**CAP, "role": "manager", "limit_minor": 1_000_001})),
        ("unreachable", False, (1,), (row(site_id=1), DOLLARS, CAP, row(site_id=1, severity_max=2), row(site_id=1, severity_min=3))),
        ("period-below-single", False, (4, 1), (*SOUND, row(unit="employee_month", limit_minor=19_999))),
    ],
)  # fmt: skip
def test_each_fault_is_found(code: str, is_error: bool, places: tuple[int, ...], rows: tuple[Row, ...]) -> None:
    there = found(*rows)
    assert code in there, there
    assert (there[code].is_error, there[code].places) == (is_error, places)


@pytest.mark.parametrize(
    ("code", "rows"),
    [
        ("above-cap", (*SOUND, row(role="manager", limit_minor=1_000_000))),
        ("above-cap", (row(), row(currency="USD", limit_minor=2_000_000), CAP)),
        ("cap-widened", (*SOUND, {**CAP, "role": "manager", "limit_minor": 999_999})),
        ("unreachable", (*SOUND, row(severity_max=2), row(severity_min=4))),
        ("unreachable", (*SOUND, *(row(role=role) for role in GIVING_ROLES[:2]))),
        ("period-below-single", (*SOUND, row(unit="employee_month", limit_minor=20_000))),
        ("period-below-single", (*SOUND, row(unit="employee_month", limit_minor=1, role="manager"),
                                 row(role="manager", limit_minor=1))),
        ("equally-narrow", (*SOUND, row(kind="refund"), row(category_id=5, unit="remedy"))),
        ("gap", (*SOUND, row(role="manager", severity_min=4))),
    ],
)  # fmt: skip
def test_what_is_just_right_is_left_alone(code: str, rows: tuple[Row, ...]) -> None:
    assert code not in found(*rows)


def test_a_gap_names_what_is_missing_and_joins_roles_that_lack_the_same() -> None:
    gap = found(row(severity_min=2), {**DOLLARS, "site_id": 2}, CAP)["gap"]
    assert (gap.values["roles"], gap.values["severities"]) == (GIVING_ROLES, (0, 1))
    everywhere = found(row(role="manager"), {**CAP, "site_id": None})["gap"]
    assert (everywhere.values["roles"], everywhere.values["sites"]) == (GIVING_ROLES[:2], ("London", "New York"))


def test_a_rule_of_everybody_is_hidden_only_when_every_role_has_its_own() -> None:
    own = [row(role=role, site_id=site_id, limit_minor=10_000) for role in GIVING_ROLES for site_id in (1, 2)]
    assert found(*SOUND, *own)["unreachable"].values["by"] == (4, 5, 6, 7, 8, 9)


def test_giving_roles_are_those_of_the_permission_table() -> None:
    assert set(GIVING_ROLES) == set(PERMISSIONS["remedies.give"])


def test_every_finding_has_words_that_say_what_to_do(app: Flask) -> None:
    rows = (row(role="manager", limit_minor=1_000_001), CAP, row(unit="employee_month", limit_minor=1))
    everything: dict[str, Any] = {
        "role": "auditor", "roles": ("frontline", "manager"), "site": "London", "currency": "GBP", "other": "EUR",
        "sites": ("London",), "severities": (0, 1), "kinds": ("~", "refund"), "category_ids": (5,), "kind": "yacht", "category": "Pool",
        "team": "Concierge", "clause": "9", "clauses": "4.2", "certificate": "yoga", "cap": 2, "single": 1, "low": 3, "by": (1, 2),
    }  # fmt: skip
    with app.test_request_context():
        for code in SENTENCES:
            said = finding_row(Finding(code, False, (1, 2), everything), document(*rows), KNOWN)
            assert said.text and said.advice and "%(" not in said.text + said.advice, code
        above = finding_row(found(*rows)["above-cap"], document(*rows), KNOWN)
        assert "£10,000.01" in above.text and "£10,000.00" in above.text and "clause 3.1" in above.text


documents = st.lists(written_rules(), min_size=1, max_size=8).map(lambda rules: Document("T").with_rules(rules))


@settings(max_examples=examples(1_000))
@given(documents)
def test_any_document_is_looked_over_without_an_accident(any_document: Document) -> None:
    for finding in findings(any_document, KNOWN):
        assert all(1 <= place <= len(any_document.rules) for place in finding.places)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Offer, Holder]:
    site, currency = draw(st.sampled_from([(1, "GBP"), (2, "USD")]))
    offer = Offer(
        Money(1, currency), draw(st.sampled_from(["refund", "credit"])), "goodwill", True, draw(st.integers(0, 4)),
        draw(st.sampled_from([None, 5, 6])),
    )  # fmt: skip
    return offer, Holder(draw(st.sampled_from(GIVING_ROLES)), site)


simple_rows = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["incident", "employee_month"]),
        "limit_minor": st.integers(1, 5),
        "currency": st.sampled_from(["GBP", "USD"]),
        "clause": st.just("4.2"),
        "role": st.sampled_from([None, *GIVING_ROLES]),
        "site_id": st.sampled_from([None, 1]),
        "kind": st.sampled_from([None, "refund"]),
        "category_id": st.sampled_from([None, 5]),
        "severity_min": st.integers(0, 2),
        "severity_max": st.integers(2, 4),
    }
)


@settings(max_examples=examples(1_000))
@given(st.lists(simple_rows, min_size=1, max_size=7), st.lists(asked(), min_size=1, max_size=20))
def test_a_rule_called_unreachable_decides_nothing_and_a_gap_is_where_the_judge_refuses(
    rows: list[Row], questions: list[tuple[Offer, Holder]]
) -> None:
    rules: tuple[Rule, ...] = rules_of_values(rows)
    rivals = reach_rules.rivals_of(rules)
    hidden = {rule.id for rule in rules if reach_rules.hidden_by(rule, rivals[rule.id], KNOWN)}
    whole = {(gap.role, gap.site_id) for gap in reach_rules.gaps(rules, KNOWN) if gap.severities is None}
    for offer, holder in questions:
        assert not hidden & {rule.id for rule in applicable(offer, holder, rules)}
        if (holder.role, holder.site_id) in whole:
            assert judge(offer, holder, rules, {}).outcome == "refused"
