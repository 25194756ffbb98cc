"""Every text column of every table says what it holds of whom: an untagged one is red."""

from flask import Flask

from app.privacy.data_map import HOLDINGS, gaps
from app.privacy.purposes import CLASSES, PURPOSES


def test_every_table_and_every_text_column_stands_in_the_data_map(app: Flask) -> None:
    assert gaps() == [], "add the table or column to app/privacy/*_tag_rules.py"


def test_every_holding_has_a_known_purpose_and_a_known_period() -> None:
    assert {one.purpose for one in HOLDINGS} <= set(PURPOSES)
    assert {one.keep for one in HOLDINGS} <= set(CLASSES)
