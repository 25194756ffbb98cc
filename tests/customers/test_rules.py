"""How customers are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.customers.rules import email_key, is_email, name_key, phone_key, search_parts, typed, typed_parts
from app.kernel.search import fold


@pytest.mark.parametrize(
    ("typed", "key"),
    [("  Cleo@Example.ORG ", "cleo@example.org"), ("", None), ("   ", None), (None, None)],
)
def test_an_email_is_compared_without_case_and_blanks(typed: str | None, key: str | None) -> None:
    assert email_key(typed) == key


@pytest.mark.parametrize(
    ("typed", "key"),
    [("+44 (0)20 7946", "+440207946"), ("0117-496 0000", "01174960000"), ("+", None), ("none", None), (None, None)],
)
def test_a_telephone_number_is_its_digits(typed: str | None, key: str | None) -> None:
    assert phone_key(typed) == key


def test_a_name_is_folded_to_what_typing_gives() -> None:
    assert name_key("  Zoë   O'Neil ") == "zoe o'neil"
    assert len(name_key("x" * 500)) == 160


@pytest.mark.parametrize(
    ("text", "answer"), [("a@b.example", True), ("a@b", False), ("a b@c.de", False), ("@b.de", False), ("Cleo", False)]
)
def test_an_address_is_told_from_a_name(text: str, answer: bool) -> None:
    assert is_email(text) is answer


@pytest.mark.parametrize(
    ("typed", "name", "address"),
    [
        ("Cleo Marchetti <cleo@example.org>", "Cleo Marchetti", "cleo@example.org"),
        ("cleo@example.org", "cleo", "cleo@example.org"),
        ("Cleo Marchetti", "Cleo Marchetti", None),
        ("cleo@example.org, Cleo", "Cleo", "cleo@example.org"),
        ("", "", None),
    ],
)
def test_name_and_address_are_told_apart_in_one_field(typed: str, name: str, address: str | None) -> None:
    assert typed_parts(typed) == (name, address)


def test_a_customer_is_found_by_beginnings_from_three_letters_and_any_five_digits() -> None:
    assert search_parts("Li Cleo", None, "+123456") == {"w:li", "w:cle", "w:cleo", "d:12345", "d:23456"}
    assert "w:marchett" in search_parts("Marchetti", None, None)
    assert "w:marchetti" not in search_parts("Marchetti", None, None), "longer ones are compared"


@pytest.mark.parametrize(
    ("term", "wanted"),
    [
        ("Cl", [{"w:cl"}]),
        ("Cleo M", [{"w:cleo"}]),
        ("li wu", [{"w:li", "w:wu"}]),
        ("Marchettini", [{"w:marchett"}]),
        ("+44 1234", [{"w:1234"}, {"d:44123", "d:41234"}]),
        ("7", [{"w:7"}]),
        ("cleo@exam", [{"w:cleo", "w:exam"}]),
        ("", []),
        ("%", []),
    ],
)
def test_what_is_typed_says_which_parts_a_customer_must_have(term: str, wanted: list[set[str]]) -> None:
    assert [set(parts) for parts in typed(term).wanted] == wanted


NAMES = st.text(min_size=1, max_size=30)


@given(name=NAMES, other=NAMES, cut=st.integers(3, 12))
def test_every_beginning_from_three_letters_leads_to_its_name_and_only_to_those_it_begins(
    name: str, other: str, cut: int
) -> None:
    for word in fold(name).split():
        begun = typed(word[:cut])
        if len(word) >= 3:
            assert any(wanted <= search_parts(name, None, None) for wanted in begun.wanted)
            assert begun.means(name, None, None)
            begins = any(theirs.startswith(word[:cut]) for theirs in fold(other).split())
            assert begun.means(other, None, None) == begins


@given(digits=st.text("0123456789", min_size=6, max_size=15), start=st.integers(0, 9), length=st.integers(5, 15))
def test_every_five_digits_in_a_row_lead_to_their_number(digits: str, start: int, length: int) -> None:
    part = digits[start : start + length]
    if len(part.lstrip("0")) >= 5:
        begun = typed(part)
        assert any(wanted <= search_parts("Cleo", None, f"+{digits}") for wanted in begun.wanted)
        assert begun.means("Cleo", None, f"+{digits}")
