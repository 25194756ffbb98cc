"""Which purse a window draws from, and in which order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.budgets.rules import UNITS, Claim, Spending, month_of, purse_key
from app.policies import rules as policies

SPENDING = Spending(case_id=7, customer_id=8, employee_id=9, site_id=1, team_id=3, time_zone="Asia/Tokyo", cause="5")
AT = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # April already in Tokyo


def claim(unit: str, days: int | None = None) -> Claim:
    return Claim(unit=unit, days=days, currency="JPY", limit_minor=30_000)


@pytest.mark.parametrize(
    ("unit", "days", "key"),
    [
        ("incident", None, "incident::7::JPY"),
        ("customer_days", 30, "customer_days:30:8::JPY"),
        ("employee_month", None, "employee_month::9:2026-04:JPY"),
        ("team_month", None, "team_month::3:2026-04:JPY"),
        ("site_month", None, "site_month::1:2026-04:JPY"),
        ("customer_incident", None, "customer_incident::8/7::JPY"),
        ("customer_day", None, "customer_day::8:2026-04-01:JPY"),
        ("customer_cause", 3, "customer_cause:3:8/5::JPY"),
    ],
)
def test_a_window_has_one_purse_in_the_sites_own_month(unit: str, days: int | None, key: str) -> None:
    found = purse_key(claim(unit, days), SPENDING, AT)
    assert found is not None and found.key == key


@pytest.mark.parametrize("unit", ["customer_days", "team_month", "employee_month"])
def test_a_window_without_its_subject_has_no_purse(unit: str) -> None:
    nobody = replace(SPENDING, customer_id=None, team_id=None, employee_id=None)
    assert purse_key(claim(unit, 30 if unit == "customer_days" else None), nobody, AT) is None


def test_a_month_changes_at_the_sites_midnight() -> None:
    assert month_of(AT, "Europe/London") == "2026-04"
    assert month_of(AT, "UTC") == month_of(AT, "America/New_York") == "2026-03"


def test_purses_and_policy_know_the_same_units_in_the_same_order() -> None:
    assert ("remedy", *UNITS) == policies.ORDER
