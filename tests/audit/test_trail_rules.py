"""Words for entries: every type a sentence, every key a label, values as people read them."""

import pytest
from flask import Flask

from app.audit.actions import TYPES
from app.audit.trail_rules import facts, has_words, people_in


def test_every_type_has_a_sentence_and_every_key_a_label(app: Flask) -> None:
    if app.extensions["makegood_settings"].database_url.startswith("postgresql"):
        pytest.skip("nothing is asked of the database")
    ours = {name: kind for name, kind in TYPES.items() if not name.startswith("test:")}
    assert [name for name, kind in ours.items() if not str(kind.sentence).strip() or ":" not in name] == []
    lacking = {key: name for name, kind in ours.items() for key in kind.keys if not has_words(key)}
    assert lacking == {}, "give these keys words in app/audit/key_rules.py"


def test_people_are_named_and_lists_of_them_too() -> None:
    payload = {"told": [3, 4], "owner_id": 7, "successor_id": None, "employee": True, "keeper": "nobody"}
    assert people_in(payload) == {3, 4, 7}
    shown = {str(fact.label): (fact.shown_as, fact.value) for fact in facts(payload)}
    assert shown["told"] == ("people", [3, 4])
    assert shown["owner"] == ("people", [7])
    assert shown["kept by"] == ("text", "nobody")


def test_bounds_are_amounts_and_keys_for_machines_stay_in_the_raw_view() -> None:
    shown = {
        str(fact.label): fact.shown_as for fact in facts({"amount_minor_max": 500, "currency": "EUR", "sha256": "ab"})
    }
    assert shown == {"at most": "money"}
