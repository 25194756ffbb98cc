"""Every unit, count, holder and currency of the judge, on both sides of every edge. Pure."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.kernel.money import Money
from app.kernel.time import utc_now
from app.policies.rate_rules import Rate, Rates
from app.policies.rules import GRANTING, UNITS, Decision, Holder, Offer, Rule, Used, judge, windows_of

NOW = utc_now()
ANA = Holder("frontline", 1, team_id=3)
OFFER = Offer(Money(12_000, "GBP"), "refund", "goodwill", True, 3, 5, cause="5", at=NOW)
FRIDAY = date(2023, 12, 29)
RATES = Rates(FRIDAY, {"GBP": Rate(869_050, FRIDAY), "USD": Rate(1_105_000, FRIDAY), "JPY": Rate(156_330_000, FRIDAY)})


def rule(identity: int, unit: str = "incident", limit: int = 20_000, **changes: Any) -> Rule:
    days = 30 if unit == "customer_days" else None
    base = Rule(identity, None, None, None, None, 0, 4, unit, days, limit, "GBP", "4.2")  # type: ignore[arg-type]
    return replace(base, **changes)


def count(identity: int, limit: int, unit: str = "customer_days", **changes: Any) -> Rule:
    return rule(identity, unit, limit, measure="count", currency="XXX", clause="4.4", **changes)


def ask(minor: int, rules: list[Rule], used: dict[int, Used] | None = None, **changes: Any) -> Decision:
    holder, rates = changes.pop("holder", ANA), changes.pop("rates", RATES)
    return judge(replace(OFFER, amount=Money(minor, "GBP"), **changes), holder, rules, used or {}, rates)


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_bounds_what_is_given_in_it(unit: str) -> None:
    rules = [rule(1, "remedy", 10**6), rule(2, unit, 20_000)]
    used = {2: Used(5_000, 3_000)} if unit != "remedy" else {2: Used(8_000)}
    assert ask(12_000, rules, used).outcome == "allowed"
    over = ask(12_001, rules, used)
    assert over.outcome == "needs_approval"
    assert unit in [window.unit for window in over.exceeded]
    assert over.allowed_now == Money(12_000, "GBP")


@pytest.mark.parametrize("unit", UNITS)
def test_only_units_of_one_event_give_authority_and_pools_merely_bound_it(unit: str) -> None:
    assert (ask(1, [rule(1, unit)]).outcome == "allowed") == (unit in GRANTING)


def test_what_is_given_for_one_cause_in_72_hours_counts_as_one_incident() -> None:
    rules = [rule(1)]
    cause = next(one for one in windows_of(OFFER, ANA, rules) if one.unit == "customer_cause")
    assert (cause.id, cause.days, cause.limit_minor) == (-1, 3, 20_000)
    assert ask(5_000, rules, {-1: Used(15_000)}).outcome == "allowed"
    split = ask(5_001, rules, {-1: Used(15_000)})
    assert (split.outcome, [window.unit for window in split.exceeded]) == ("needs_approval", ["customer_cause"])
    assert len(ask(1, rules, has_customer=False).windows) == len(ask(1, rules, cause=None).windows) == 1


def test_without_a_customer_a_limit_per_customer_asks_for_the_name() -> None:
    per_guest = rule(1, "customer_incident")
    assert ask(1, [per_guest], has_customer=False).why == "no_customer"
    assert ask(1, [rule(1, "customer_days")], has_customer=False).why == "no_rule"
    assert ask(1, [rule(1), rule(2, "customer_day", 0)], has_customer=False).outcome == "allowed"
    assert ask(1, [rule(1), rule(2, "team_month", 0)], has_team=False).outcome == "allowed"


def test_a_count_bounds_remedies_of_its_kind_whether_they_are_money_or_not() -> None:
    rules = [rule(1), count(2, 2, kind="upgrade"), count(3, 9)]
    upgrade: dict[str, Any] = {"kind": "upgrade", "is_monetary": False}
    assert ask(0, rules, {2: Used(1)}, **upgrade).outcome == "allowed"
    third = ask(0, rules, {2: Used(1, 1)}, **upgrade)
    assert (third.outcome, third.clause, third.exceeded[0].kind) == ("needs_approval", "4.4", "upgrade")
    assert [window.unit for window in ask(0, rules, **upgrade).windows] == ["customer_days"] * 2
    assert ask(100, rules, {2: Used(2)}).outcome == "allowed"
    full = ask(100, rules, {3: Used(9)})
    assert (full.outcome, full.allowed_now) == ("needs_approval", Money(0, "GBP"))
    assert ask(0, [count(2, 0, kind="upgrade", hard=True)], **upgrade).outcome == "refused"
    assert ask(0, [rule(1, limit=0)], **upgrade).why == "no_money"
    assert third.windows[0].json()["limit"] == {"amount": "2", "currency": "XXX"}


def test_a_kind_gesture_has_a_purse_of_its_own() -> None:
    rules = [rule(1, role="frontline"), rule(2, severity_max=0, limit=3_000, clause="4.1")]
    wow = ask(3_000, rules, {1: Used(20_000), 2: Used()}, severity=0)
    assert (wow.outcome, wow.clause, {window.pool for window in wow.windows}) == ("allowed", "4.1", {"gesture"})
    assert ask(3_001, rules, severity=0).outcome == "needs_approval"
    assert {window.pool for window in ask(1, rules).windows} == {""}


@pytest.mark.parametrize(
    ("named", "holder", "offer"),
    [
        ({"team_id": 3}, replace(ANA, team_id=4), {}),
        ({"level_min": 2}, replace(ANA, level=1), {}),
        ({"certificate": "desk"}, replace(ANA, certificates=frozenset({"lounge"})), {}),
        ({"segment": "regular"}, ANA, {"segment": "new"}),
        ({"segment": "regular"}, ANA, {"segment": None}),
        ({"valid_from": NOW + timedelta(microseconds=1)}, ANA, {}),
        ({"valid_to": NOW}, ANA, {}),
    ],
)
def test_a_rule_holds_for_nobody_and_nothing_else_than_it_names(
    named: dict[str, Any], holder: Holder, offer: dict[str, Any]
) -> None:
    assert ask(1, [rule(1, **named)], holder=holder, **offer).why == "no_rule"


def test_each_part_of_who_narrows_and_a_higher_level_is_narrower_than_a_lower() -> None:
    able = replace(ANA, level=2, certificates=frozenset({"desk"}))
    rules = [rule(1, limit=100), rule(2, limit=200, level_min=1), rule(3, limit=300, level_min=2)]
    assert ask(300, rules, holder=able).outcome == "allowed"
    assert ask(201, rules, holder=replace(able, level=1)).outcome == "needs_approval"
    assert ask(101, rules).outcome == "needs_approval"
    held = [rule(1, limit=100), rule(2, limit=50, certificate="desk", valid_from=NOW, valid_to=NOW + timedelta(days=1))]
    assert ask(51, held, holder=able).exceeded[0].limit_minor == 50


def test_a_site_overlay_may_narrow_and_widen_but_never_exceeds_the_global_hard_cap() -> None:
    """Row 40: site B's limit of 300,000 yen applies to its cases only, under a cap in dollars for everyone."""
    tokyo = Holder("frontline", 2)
    cap = rule(1, limit=200_000, currency="USD", hard=True, clause="3.1")
    rules = [cap, rule(2, limit=300_000, currency="JPY", site_id=2), rule(3, limit=20_000, site_id=1)]

    def yen(minor: int, *more: Rule) -> Decision:
        offer = replace(OFFER, amount=Money(minor, "JPY"), cause=None)
        return judge(offer, tokyo, [*rules, *more], {}, RATES)

    assert yen(282_950).outcome == "allowed"  # 2,000.00 dollars at the rates of the 29th
    above = yen(282_951)
    assert (above.outcome, above.why, above.allowed_now) == ("refused", "hard_cap", Money(282_950, "JPY"))
    own_cap = rule(4, limit=10**9, currency="JPY", site_id=2, hard=True)
    assert yen(282_951, own_cap).outcome == "refused"
    assert yen(100_001, rule(5, limit=100_000, currency="JPY", site_id=2, role="frontline")).outcome == "needs_approval"
    assert ask(20_000, rules, cause=None).outcome == "allowed"
    assert ask(20_001, rules, cause=None).outcome == "needs_approval"


def test_a_limit_in_another_currency_is_compared_at_the_latest_rate_and_its_day_is_said() -> None:
    dollars = [rule(1, limit=200_000, currency="USD")]
    most = ask(157_294, dollars)  # 1,572.94 pounds are 1,999.99… dollars
    assert (most.outcome, most.windows[0].requested_minor, most.windows[0].rate_on) == ("allowed", 200_000, FRIDAY)
    assert ask(157_295, dollars).allowed_now == Money(157_294, "GBP")
    assert ask(1, dollars, rates=Rates(FRIDAY, {})).why == "unknown_currency"
    assert ask(1, [rule(1), rule(2, "site_month", 10**9, currency="USD")], rates=Rates()).why == "unknown_currency"


def test_a_rate_older_than_the_bound_asks_for_an_exception() -> None:
    dollars = [rule(1, limit=200_000, currency="USD")]
    for days, outcome in ((5, "allowed"), (6, "needs_approval")):
        aged = replace(RATES, day=FRIDAY + timedelta(days=days), days_max=5)
        said = ask(1, dollars, rates=aged)
        assert (said.outcome, said.why == "old_rate") == (outcome, days == 6)
    assert ask(10**9, [*dollars, rule(2, hard=True)], rates=aged).why == "hard_cap"


def test_a_limit_lowered_below_what_was_given_stops_what_is_new_and_says_so() -> None:
    lowered = ask(1, [rule(1, limit=10_000)], {1: Used(12_000), -1: Used(12_000)})
    assert (lowered.outcome, lowered.allowed_now) == ("needs_approval", Money(0, "GBP"))
    window = lowered.windows[0]
    assert (window.is_lowered, window.left_minor, window.json()["lowered"]) == (True, 0, True)
    assert not ask(1, [rule(1)], {1: Used(20_000)}).windows[0].is_lowered
