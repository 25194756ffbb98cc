"""Pure rules: pass phrases, the manager line, sessions, throttle keys, browsers."""

from datetime import datetime, timedelta

import pytest

from app.kernel.time import UTC
from app.people.rules import (
    hash_token,
    is_session_over,
    makes_a_circle,
    new_token,
    phrase_weakness,
    throttle_keys,
)
from app.people.words import browser_words
from app.ui.preferences import safe_next

AT = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phrase", "weakness"),
    [
        ("violet tram 9ok", None),  # 15 characters
        ("violet tram 9o", "short"),
        ("", "short"),
        ("kanal mit süßem Tee trinken", None),
        ("a" * 128, "repeated"),
        ("violet tram under nine oaks " * 4 + "and more words!!", None),
        ("violet tram under nine oaks " * 5, "long"),
        ("abababababababab", "repeated"),
        ("passwordpassword1234", "common"),
        ("qwertyuiopasdfghjkl", "common"),
        ("correct horse battery staple", "common"),
        ("123456789012345678", "common"),
        ("ana ruiz quayside 1", "common"),
        ("Ana.Ruiz.Makegood", "common"),
        ("ana ruiz under nine violet oaks", None),
    ],
)
def test_a_pass_phrase_is_long_varied_and_not_made_of_common_or_own_words(phrase: str, weakness: str | None) -> None:
    assert phrase_weakness(phrase, ("Ana Ruiz", "ana.ruiz", "Quayside")) == weakness


def test_a_manager_line_may_not_lead_back() -> None:
    line = {1: None, 2: 1, 3: 2, 4: 3}
    assert makes_a_circle(1, 4, line)
    assert makes_a_circle(2, 2, line)
    assert not makes_a_circle(4, 1, line)
    assert not makes_a_circle(4, None, line)


@pytest.mark.parametrize(
    ("idle", "age", "over"),
    [(0, 0, False), (1799, 7000, False), (1800, 7000, True), (10, 28799, False), (10, 28800, True)],
)
def test_a_session_ends_after_30_idle_minutes_or_8_hours(idle: int, age: int, over: bool) -> None:
    assert (
        is_session_over(
            seen_at=AT - timedelta(seconds=idle),
            expires_at=AT + timedelta(seconds=28800 - age),
            ended_at=None,
            idle_minutes=30,
            now=AT,
        )
        is over
    )


def test_an_ended_session_is_over_at_once() -> None:
    assert is_session_over(seen_at=AT, expires_at=AT + timedelta(hours=1), ended_at=AT, idle_minutes=30, now=AT)


def test_tokens_are_random_and_kept_as_hashes() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert hash_token("a") != hash_token("b")
    assert len(hash_token(new_token())) == 64


def test_a_throttle_knows_the_account_only_together_with_the_address() -> None:
    here, there = throttle_keys("Ana@x.example ", "10.0.0.1"), throttle_keys("ana@x.example", "10.0.0.2")
    assert not set(here) & set(there)
    assert set(throttle_keys("ana@x.example", "10.0.0.1")) == set(here)
    assert not any("ana" in key or "10.0" in key for key in here)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "/\t/evil.example",
        "/%0d%0aX: y\n",
        "\\\\evil.example",
        "evil.example",
        "",
        None,
        "/a\\b",
        "data:text/html,x",
        " /people",
        "/\x00",
    ],
)
def test_the_way_back_never_leaves_this_site(target: str | None) -> None:
    assert safe_next(target) == "/"


def test_the_way_back_keeps_a_path_of_this_site() -> None:
    assert safe_next("/people?term=a&role=hr") == "/people?term=a&role=hr"


def test_a_browser_is_named_roughly() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    assert browser_words(agent) == "Chrome, Linux"
    assert browser_words("curl/8") == "curl/8"
