"""How customers are compared."""

import pytest

from app.customers.rules import email_key, is_email, name_key, phone_key, search_text, typed_parts


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


def test_a_number_is_found_by_its_last_digits_but_not_by_fewer_than_five() -> None:
    words = search_text("Cleo", None, "+441174960000", 3).split()
    assert "60000" in words
    assert "0000" not in words
    assert words[0] == "site3only"
