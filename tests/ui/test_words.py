"""Durations and deadlines in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.ui.words import ago_words, day_words, deadline_words, duration_words, midnight_of, zone_words
from tests.ui.gallery import make_app

NOW = datetime(2026, 3, 19, 15, 42, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


@pytest.fixture(scope="module", autouse=True)
def _reading():
    app: Flask = make_app()
    with app.test_request_context("/?signed-out"):
        yield


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "under 1 m"),
        (59, "under 1 m"),
        (60, "1 m"),
        (3599, "59 m"),
        (3600, "1 h"),
        (3900, "1 h 05 m"),
        (86_399, "23 h 59 m"),
        (86_400, "1 d"),
        (97_200, "1 d 3 h"),
        (700_000, "8 d"),
        (-3900, "1 h 05 m"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds, text):
    assert duration_words(seconds) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(minutes=18), "Reply due in 18 m"),
        (timedelta(0), "Reply due in under 1 m"),
        (timedelta(seconds=-720), "Reply late by 12 m"),
        (timedelta(hours=8), "Reply due in 8 h"),
        (timedelta(hours=8, seconds=1), "Reply due today 23:42"),
        (timedelta(hours=18), "Reply due tomorrow 09:42"),
        (timedelta(days=4), "Reply due Mon 23 Mar 15:42"),
    ],
)
def test_a_near_deadline_counts_and_a_far_one_names_its_day(left, text):
    said = deadline_words(NOW + left, NOW, zone=LONDON, locale="en_GB", what="Reply")
    assert said.replace(",", "") == text


def test_a_deadline_without_a_subject_begins_with_a_capital():
    assert deadline_words(NOW + timedelta(minutes=5), NOW, zone=LONDON, locale="en", what=None) == "Due in 5 m"


def test_the_day_is_the_one_on_the_wall_of_the_zone():
    late_evening = datetime(2026, 3, 19, 23, 30, tzinfo=UTC)
    assert day_words(late_evening, NOW, LONDON, "en") == "today"
    assert day_words(late_evening, NOW, ZoneInfo("Asia/Tokyo"), "en") == "today"
    assert day_words(late_evening, NOW - timedelta(hours=12), ZoneInfo("Asia/Tokyo"), "en") == "tomorrow"


def test_ago_looks_both_ways():
    assert ago_words(NOW - timedelta(minutes=12), NOW) == "12 m ago"
    assert ago_words(NOW + timedelta(hours=2), NOW) == "in 2 h"
    assert ago_words(NOW, NOW) == "just now"


@pytest.mark.parametrize(
    ("zone", "name"), [("Europe/London", "GMT"), ("Asia/Tokyo", "JST"), ("Asia/Singapore", "UTC+08")]
)
def test_every_zone_has_a_short_name(zone, name):
    assert zone_words(NOW.astimezone(ZoneInfo(zone))) == name


def test_midnight_is_the_start_of_the_local_day():
    assert midnight_of(NOW, ZoneInfo("Asia/Tokyo")).isoformat() == "2026-03-20T00:00:00+09:00"
