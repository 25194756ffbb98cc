"""Consents and flags, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from app.customers.care_forms import read_figures
from app.customers.care_rules import Failure, Said, consents, flags
from app.kernel.errors import BadInput
from app.kernel.money import Money

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def said(number: int, purpose: str, given: bool, days_ago: int) -> Said:
    return Said(number, purpose, given, NOW - timedelta(days=days_ago), "phone", NOW, "Ana Ruiz")


def failure(number: int, **changes: object) -> Failure:
    values: dict[str, object] = {
        "case_ref": f"MG-{number}", "category": "Comfort", "cause": None, "severity": 1, "attribution": "unknown",
        "occurred_at": NOW - timedelta(days=number), **changes,
    }  # fmt: skip
    return Failure(**values)  # type: ignore[arg-type]


def test_a_purpose_that_was_never_asked_about_stands_as_its_kind_does() -> None:
    assert {one.purpose: one.holds for one in consents(())} == {
        "suggestions": True, "updates": False, "marketing": False,
    }  # fmt: skip


def test_the_word_said_last_holds_whenever_it_was_written_down() -> None:
    stands = {one.purpose: one for one in consents([said(9, "marketing", True, 30), said(2, "marketing", False, 3)])}
    assert not stands["marketing"].holds
    stands = {one.purpose: one for one in consents([said(1, "marketing", False, 3), said(2, "marketing", True, 3)])}
    assert stands["marketing"].holds


def up(*cases: Failure) -> dict[str, tuple[str, ...]]:
    return {flag.code: flag.evidence for flag in flags(cases, NOW) if flag.is_up}


def test_each_flag_goes_up_at_its_edge_and_names_the_cases() -> None:
    assert up() == {}
    assert up(failure(1, severity=0, attribution="company")) == {}
    assert up(failure(1, severity=2)) == {}
    assert up(failure(1, severity=3)) == {"severe": ("MG-1",)}
    assert up(failure(1, attribution="company")) == {"under_control": ("MG-1",)}
    two = ("MG-1", "MG-2")
    assert up(failure(2), failure(1, category="Noise")) == {"repeated": two}
    assert up(failure(2), failure(1)) == {"repeated": two, "stable_cause": two}
    assert up(failure(2, cause="process"), failure(1, cause="process", category="Noise"))["stable_cause"] == two
    assert "stable_cause" not in up(failure(2, cause="process"), failure(1, cause="training"))


def test_what_is_a_year_old_counts_no_more() -> None:
    old = failure(1, severity=4, occurred_at=NOW - timedelta(days=365))
    assert up(old) == {}
    assert up(failure(1, severity=4, occurred_at=NOW - timedelta(days=365) + timedelta(seconds=1))) != {}


def test_a_file_of_figures_is_read_and_each_wrong_line_is_named() -> None:
    read = read_figures(b"customer,segment,value,currency\nCU-1,Regular,,\ncleo@example.org,,1250.50,gbp\n")
    assert [(one.who, one.segment, one.value) for one in read] == [
        ("CU-1", "regular", None), ("cleo@example.org", None, Money(125_050, "GBP")),
    ]  # fmt: skip
    for raw, word in (
        (b"", "first line"), (b"name\nCleo\n", "first line"), (b"\xff\xfe", "UTF-8"),
        (b"customer,value,currency\nCU-1,-3,GBP\n", "Line 2"), (b"customer,value,currency\nCU-1,3,XQZ\n", "Line 2"),
        (b"customer,segment\n,vip\n", "Line 2"), (b"customer,segment\nCU-1,\n", "Line 2"),
        (b"customer,value,currency\nCU-1,NaN,GBP\n", "Line 2"),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refusal:
            read_figures(raw)
        assert word in refusal.value.errors["file"][0]
