"""Who gets the note of a fixed cause, in which language, and why the others don't."""

import pytest

from app.problems.rules import Person, audience, language_for, why_not


def person(**changes: object) -> Person:
    values: dict[str, object] = {
        "customer_id": 1, "case_id": 1, "name": "Cleo", "email": "cleo@example.org", "language": None,
        "site_locale": "en_GB", "agreed": True, "note": None,
    }  # fmt: skip
    return Person(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"agreed": False}, "no-consent"),
        ({"email": None}, "no-address"),
        ({"email": "zoë@example.org"}, "no-address"),
        ({"note": "sent"}, "told"),
        ({"note": "sent", "agreed": False}, "told"),
        ({"note": "queued"}, "on-its-way"),
        ({"note": "failed"}, "on-its-way"),
        ({"note": "withdrawn"}, None),
        ({"note": "undone"}, None),
        ({"note": "withdrawn", "agreed": False}, "no-consent"),
    ],
)
def test_a_note_goes_to_who_agreed_can_be_reached_and_was_not_told(changes: dict[str, object], why: str | None) -> None:
    assert why_not(person(**changes)) == why


def test_everybody_is_in_one_part() -> None:
    people = [person(customer_id=1), person(customer_id=2, agreed=False), person(customer_id=3, note="sent")]
    found = audience(people)
    assert [one.customer_id for one in found.gets] == [1]
    assert {why: len(of) for why, of in found.left_out.items()} == {"told": 1, "no-consent": 1}


@pytest.mark.parametrize(
    ("known", "site", "words", "language"),
    [
        ("de_AT", "en_GB", {"en": "We did", "de": "Getan"}, "de"),
        ("fr", "de_DE", {"en": "We did", "de": "Getan"}, "de"),
        (None, "en_GB", {"de": "Getan"}, "de"),
        ("de", "de_DE", {"en": "We did", "de": "  "}, "en"),
    ],
)
def test_a_note_is_in_the_customers_language_or_the_sites_or_the_one_there_is(
    known: str | None, site: str, words: dict[str, str], language: str
) -> None:
    assert language_for(known, site, words) == language
