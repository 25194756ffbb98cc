"""What templates say in the reader's locale and zone."""

from datetime import UTC, date, datetime

import pytest

from app.kernel.money import Money
from app.ui import filters
from tests.ui.gallery import make_app

AT = datetime(2026, 7, 19, 15, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _reading():
    with make_app().test_request_context("/"):
        yield


def test_an_instant_is_shown_on_the_wall_of_the_readers_site_with_its_zone():
    assert filters.instant(AT) == "19 Jul 2026, 16:42 BST"


def test_a_named_zone_wins():
    assert filters.instant(AT, "Asia/Tokyo") == "20 Jul 2026, 00:42 JST"
    assert filters.date(AT, "Asia/Tokyo") == "20 Jul 2026"
    assert filters.hour(AT, "Asia/Tokyo") == "00:42"


def test_a_date_needs_no_zone():
    assert filters.date(date(2026, 3, 1), form="long") == "1 March 2026"


@pytest.mark.parametrize(
    "name", ["money", "instant", "hour", "date", "day", "ago", "duration", "number", "percent", "deadline"]
)
def test_nothing_is_a_dash(name):
    assert filters.FILTERS[name](None) == "–"


def test_a_count_that_stops_early_says_that_there_are_more():
    assert [filters.counted(count, 1_001) for count in (0, 1_000, 1_001)] == ["0", "1,000", "1,000+"]


def test_money_and_numbers_follow_the_locale():
    assert filters.money(Money(123_450, "GBP")) == "£1,234.50"
    assert filters.money(Money(1234, "JPY")) in ("JP¥1,234", "¥1,234")
    assert filters.number(1234567) == "1,234,567"
    assert filters.number(1.5, 2) == "1.50"


@pytest.mark.parametrize(
    ("ratio", "digits", "text"), [(0.853, 0, "85%"), (0.853, 1, "85.3%"), (1, 0, "100%"), (0.0, 0, "0%")]
)
def test_a_ratio_is_said_in_percent(ratio, digits, text):
    assert filters.percent(ratio, digits) == text


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Ruiz", "AR"),
        ("Cleo", "CL"),
        ("Maria de la Cruz", "MC"),
        ("", "?"),
        (None, "?"),
        ("“-” –", "?"),
        ("张 伟", "张伟"),
    ],
)
def test_initials_are_at_most_two_letters(name, letters):
    assert filters.initials(name) == letters


def test_a_machine_reads_utc():
    assert filters.machine(AT) == "2026-07-19T15:42:00Z"
