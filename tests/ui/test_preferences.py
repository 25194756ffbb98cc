"""Theme, language and keys, and where the choice leads back to."""

import pytest

from app.ui.preferences import Preferences, choose_locale, read, safe_next


def test_the_device_wins_over_the_profile_and_nonsense_over_nobody():
    profile = Preferences("dark", "de", False)
    assert read({"theme": "light", "keys": "on"}, profile) == Preferences("light", "de", True)
    assert read({"theme": "pink", "language": "xx", "keys": "maybe"}, profile) == profile
    assert read({}) == Preferences()


@pytest.mark.parametrize(
    ("language", "site", "chosen"),
    [
        ("en", "en_GB", "en_GB"),
        ("de", "en_GB", "de"),
        (None, "de_AT", "de_AT"),
        (None, "ja_JP", "en"),
        (None, None, "en"),
    ],
)
def test_the_sites_locale_is_used_when_it_speaks_the_language(language, site, chosen):
    assert choose_locale(language, site) == chosen


@pytest.mark.parametrize(
    "target", [None, "", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "/a\nb", "/a\\b"]
)
def test_only_a_path_of_this_site_is_gone_back_to(target):
    assert safe_next(target) == "/"


def test_a_path_keeps_its_query():
    assert safe_next("/cases?state=open") == "/cases?state=open"
