"""The one judge, on both sides of every edge."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import MINOR_MAX, Money
from app.policies.rules import REDRESS_ROLES, UNITS, Decision, Holder, Offer, Rule, Used, applicable, judge

ANA = Holder(role="frontline", site_id=1)
OFFER = Offer(Money(12_000, "GBP"), "refund", "goodwill", True, severity=3, category_id=5)


def rule(identity: int, unit: str = "incident", limit: int = 20_000, **changes: object) -> Rule:
    base = Rule(
        identity, "frontline", 1, None, None, 0, 4, unit, 30 if unit == "customer_days" else None, limit, "GBP", "4.2"
    )  # type: ignore[arg-type]
    return replace(base, **changes)  # type: ignore[arg-type]


def asking(minor: int, **changes: object) -> Offer:
    return replace(OFFER, amount=Money(minor, "GBP"), **changes)  # type: ignore[arg-type]


def test_the_limit_is_allowed_and_one_minor_unit_more_needs_an_approval() -> None:
    ritz = [rule(1, limit=200_000)]
    assert judge(asking(200_000), ANA, ritz, {}).outcome == "allowed"
    over = judge(asking(200_001), ANA, ritz, {})
    assert (over.outcome, over.why, over.clause, over.exceeded[0].over_minor) == (
        "needs_approval",
        "over_limit",
        "4.2",
        1,
    )


def test_reserved_money_counts_like_settled_money() -> None:
    used = {1: Used(settled_minor=7_000, reserved_minor=3_000)}
    assert judge(asking(10_000), ANA, [rule(1)], used).outcome == "allowed"
    assert judge(asking(10_001), ANA, [rule(1)], used).outcome == "needs_approval"


def test_every_window_must_hold() -> None:
    rules = [
        rule(1),
        rule(2, "customer_days", 30_000),
        rule(3, "employee_month", 120_000),
        rule(4, "team_month", 600_000),
    ]
    decision = judge(asking(12_000), ANA, rules, {4: Used(590_000)})
    assert [window.unit for window in decision.windows] == ["incident", "customer_days", "employee_month", "team_month"]
    assert [window.unit for window in decision.exceeded] == ["team_month"]
    assert decision.allowed_now == Money(10_000, "GBP")


@pytest.mark.parametrize(
    ("offer", "outcome", "why"),
    [
        (asking(0), "refused", "bad_amount"),
        (asking(-1), "refused", "bad_amount"),
        (asking(MINOR_MAX + 1), "refused", "bad_amount"),
        (asking(0, kind="apology", is_monetary=False), "allowed", "no_money"),
        (asking(5, kind="apology", is_monetary=False), "refused", "bad_amount"),
        (asking(1, nature="redress"), "refused", "not_theirs"),
        (asking(0, nature="redress"), "refused", "bad_amount"),
        (replace(OFFER, amount=Money(100, "CHF")), "refused", "unknown_currency"),
    ],
)
def test_amounts_kinds_and_natures_are_told_apart(offer: Offer, outcome: str, why: str) -> None:
    decision = judge(offer, ANA, [rule(1)], {1: Used(20_000)})
    assert (decision.outcome, decision.why) == (outcome, why)


@pytest.mark.parametrize("role", REDRESS_ROLES)
def test_whoever_leads_records_what_is_owed_and_it_takes_from_no_window(role: str) -> None:
    decision = judge(asking(60_000, nature="redress"), Holder(role=role, site_id=1), [rule(1)], {1: Used(20_000)})
    assert (decision.outcome, decision.why, decision.windows) == ("allowed", "redress", ())


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "supervisor"},
        {"site_id": 2},
        {"kind": "voucher"},
        {"category_id": 6},
        {"severity_min": 4},
        {"severity_max": 2},
    ],
)
def test_silence_means_no(changes: dict[str, object]) -> None:
    decision = judge(OFFER, ANA, [rule(1, **changes)], {})
    assert (decision.outcome, decision.why, decision.windows) == ("refused", "no_rule", ())


def test_the_narrower_rule_of_a_unit_holds_and_among_equals_the_lower() -> None:
    wide, narrow = rule(1, limit=1_000), rule(2, limit=50_000, severity_min=3)
    assert applicable(OFFER, ANA, [wide, narrow]) == (narrow,)
    assert applicable(OFFER, ANA, [rule(3, limit=900), wide]) == (rule(3, limit=900),)


def test_a_hard_cap_stands_beside_a_narrower_limit_and_nobody_can_approve_beyond_it() -> None:
    rules = [rule(1), rule(2, limit=1_000_000, role=None, clause="3.1", hard=True)]
    assert judge(asking(1_000_000), ANA, rules, {}).outcome == "needs_approval"
    beyond = judge(asking(1_000_001), ANA, rules, {})
    assert (beyond.outcome, beyond.why, beyond.clause) == ("refused", "hard_cap", "3.1")


def test_what_an_exception_granted_leaves_ones_own_limit_but_counts_against_the_cap() -> None:
    used = Used(reserved_minor=990_000, approved_minor=990_000)
    rules = [rule(1), rule(2, limit=1_000_000, role=None, hard=True)]
    both = {1: used, 2: used}
    assert judge(asking(10_000), ANA, rules, both).outcome == "allowed"
    assert judge(asking(10_001), ANA, rules, both).outcome == "refused"


amounts = st.integers(min_value=1, max_value=MINOR_MAX)
usages = st.builds(Used, st.integers(0, 10**9), st.integers(0, 10**9))
rule_lists = st.lists(
    st.builds(
        rule,
        st.integers(1, 10**6),
        st.sampled_from(UNITS),
        st.integers(0, 10**9),
        role=st.sampled_from([None, "frontline", "supervisor"]),
        severity_min=st.integers(0, 4),
        hard=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)


def ask(minor: int, rules: list[Rule], used: dict[int, Used]) -> Decision:
    return judge(asking(minor), ANA, rules, used)


@given(amounts, rule_lists, st.data())
def test_allowed_means_that_no_window_is_exceeded_and_the_answer_names_the_edge(
    minor: int, rules: list[Rule], data: st.DataObject
) -> None:
    used = {one.id: data.draw(usages) for one in rules}
    decision = ask(minor, rules, used)
    assert (decision.outcome == "allowed") == (bool(decision.windows) and not decision.exceeded)
    assert decision == ask(minor, rules, used)
    if not decision.windows or decision.outcome == "allowed":
        return
    edge = decision.allowed_now.minor
    assert edge < minor
    assert edge == 0 or ask(edge, rules, used).outcome == "allowed"
    assert ask(edge + 1, rules, used).outcome != "allowed"


@given(amounts, amounts, rule_lists)
def test_less_is_never_judged_harder_than_more(one: int, other: int, rules: list[Rule]) -> None:
    order = ("allowed", "needs_approval", "refused")
    low, high = sorted((one, other))
    assert order.index(ask(low, rules, {}).outcome) <= order.index(ask(high, rules, {}).outcome)
