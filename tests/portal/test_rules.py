"""Tokens, lifetimes and similar texts, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.signing import Signer
from app.portal.rules import (
    LINK,
    VISIT,
    ends_at,
    is_alive,
    is_similar,
    kept,
    summary_of,
)

NEW, OLD, ALIEN = "n" * 32, "o" * 32, "x" * 32
HERE = "https://good.example"
SIGNER = Signer(HERE, (NEW, OLD))
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_token_gives_its_numbers_back() -> None:
    assert SIGNER.read(LINK, SIGNER.token(LINK, 12, 3)) == (12, 3)


def test_a_token_of_another_purpose_audience_or_key_is_nothing() -> None:
    assert SIGNER.read(LINK, SIGNER.token(VISIT, 12, 3)) is None
    assert Signer("https://evil.example", (NEW,)).read(LINK, SIGNER.token(LINK, 12, 3)) is None
    assert SIGNER.read(LINK, Signer(HERE, (ALIEN,)).token(LINK, 12, 3)) is None


def test_a_token_of_the_key_before_is_read_and_new_ones_take_the_new_key() -> None:
    before = Signer(HERE, (OLD,)).token(LINK, 12, 3)
    assert SIGNER.read(LINK, before) == (12, 3)
    assert SIGNER.token(LINK, 12, 3) == Signer(HERE, (NEW,)).token(LINK, 12, 3) != before
    assert Signer(HERE, (NEW,)).read(LINK, before) is None


def test_no_other_numbers_open_with_a_token_s_signature() -> None:
    mine, other = SIGNER.token(LINK, 12, 3), SIGNER.token(LINK, 13, 3)
    (body, mac), (other_body, other_mac) = mine.split("."), other.split(".")
    for forged in (
        f"{other_body}.{mac}",
        f"{body}.{other_mac}",
        body,
        f"{body}.",
        f".{mac}",
        f"{mine}=",
        f"{mine}.{mac}",
    ):
        assert SIGNER.read(LINK, forged) is None, forged


@given(st.text(max_size=300))
def test_no_text_is_a_token_and_none_breaks_the_reader(text: str) -> None:
    assert SIGNER.read(LINK, text) is None


def test_a_page_lives_ninety_days_after_closing_and_not_a_second_longer() -> None:
    assert is_alive(None, None, AT + timedelta(days=5000))
    assert ends_at(AT, AT + timedelta(days=1)) == AT + timedelta(days=91)
    assert is_alive(AT, None, AT + timedelta(days=90) - timedelta(seconds=1))
    assert not is_alive(AT, None, AT + timedelta(days=90))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("The heating in room 12 is broken!!", True),
        ("the heating in room twelve is broken", True),
        ("Somebody was rude at breakfast this morning", False),
        ("", False),
    ],
)
def test_two_reports_tell_the_same_when_they_share_most_words(other: str, same: bool) -> None:
    assert is_similar("the heating in room 12 is broken", other) is same


def test_what_was_typed_is_kept_but_for_what_no_database_holds() -> None:
    assert kept("  Zimmer\u202a 12\r\n\x00\ttoo cold \n") == "  Zimmer\u202a 12\n\ttoo cold \n"


def test_a_long_first_line_is_cut_at_a_word() -> None:
    assert summary_of("\n\n  The   room was cold.\nAll night.", 120) == "The room was cold."
    cut = summary_of("word " * 60, 120)
    assert len(cut) <= 120 and cut.endswith("word…")
