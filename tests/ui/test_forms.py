"""Fields keep what was typed and refuse in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict
from wtforms.validators import InputRequired, Optional

from app.kernel.errors import BadInput
from app.kernel.money import Money
from app.ui.forms import (
    Form,
    InstantField,
    IntentField,
    LineField,
    MoneyField,
    ParagraphField,
    parse_local,
    strip_or_none,
)
from tests.ui.gallery import make_app

LONDON = ZoneInfo("Europe/London")


class OfferForm(Form):
    reason = LineField("Reason", [InputRequired()])
    story = ParagraphField("Story")
    amount = MoneyField("Amount", [Optional()], currency="GBP")
    at = InstantField("At", [Optional()], zone="Europe/London")
    intent = IntentField()


@pytest.fixture(autouse=True)
def _reading():
    with make_app().test_request_context("/"):
        yield


def filled(**values: str) -> OfferForm:
    return OfferForm(MultiDict({"reason": "because", **values}), meta={"csrf": False})


def test_an_amount_is_read_as_money_in_the_fields_currency():
    form = filled(amount="1,234.50")
    assert form.validate() and form.amount.data == Money(123_450, "GBP")


def test_a_currency_set_after_construction_counts():
    form = filled(amount="1200")
    form.amount.currency = "JPY"
    assert form.validate() and form.amount.data == Money(1200, "JPY")


@pytest.mark.parametrize("typed", ["12.345", "abc", "-5", "1e9", "0", "9" * 30, "٣", "NaN"])
def test_a_bad_amount_is_refused_beside_the_field_and_kept_as_typed(typed):
    form = filled(amount=typed)
    assert not form.validate()
    assert form.amount.errors and form.amount.data is None and form.amount._value() == typed


def test_an_amount_not_given_is_none():
    form = filled(amount="  ")
    assert form.validate() and form.amount.data is None


def test_an_amount_from_an_object_is_written_in_the_readers_locale():
    form = OfferForm(MultiDict(), amount=Money(123_450, "GBP"), meta={"csrf": False})
    assert form.amount._value() == "1234.50"


def test_a_wall_time_becomes_utc():
    form = filled(at="2026-07-19T16:42")
    assert form.validate() and form.at.data == datetime(2026, 7, 19, 15, 42, tzinfo=UTC)
    assert OfferForm(MultiDict(), at=form.at.data, meta={"csrf": False}).at._value() == "2026-07-19T16:42"


def test_an_hour_that_the_clocks_skip_is_refused_and_its_edges_are_not():
    assert parse_local("2026-03-29T00:59", LONDON) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    with pytest.raises(ValueError, match="does not exist"):
        parse_local("2026-03-29T01:00", LONDON)
    with pytest.raises(ValueError, match="does not exist"):
        parse_local("2026-03-29T01:59", LONDON)
    assert parse_local("2026-03-29T02:00", LONDON) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert parse_local("2026-10-25T01:30", LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["yesterday", "2026-13-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "2026-03-19"]
)
def test_a_bad_time_is_refused_and_kept(typed):
    form = filled(at=typed)
    form.at.zone = "Asia/Tokyo" if typed.startswith("0001") else "America/Los_Angeles"
    assert not form.validate() and form.at._value() == typed


def test_text_loses_blanks_and_characters_that_nobody_types():
    form = filled(reason="  a\x00 \u202e b\t c ", story=" one\r\ntwo\x07 ")
    assert form.validate()
    assert form.reason.data == "a b c" and form.story.data == "one\ntwo"
    assert strip_or_none("  ") is None


def test_blanks_alone_do_not_fill_a_required_line():
    form = filled(reason=" \u200e ".replace("\u200e", "\x00"))
    assert form.reason.data == ""


def test_an_actions_refusals_stand_beside_their_fields_and_the_rest_above_the_form():
    form = filled()
    form.validate()
    form.take(BadInput({"reason": ["Too vague."], "elsewhere": ["Closed."]}))
    assert list(form.reason.errors) == ["Too vague."] and form.form_errors == ["Closed."]


def test_an_intent_key_is_kept_over_a_mistake_and_renewed_on_request():
    form = filled(intent="first")
    assert form.intent.data == "first"
    form.intent.renew()
    assert form.intent.data != "first" and form.intent.data in str(form.intent())


def test_two_forms_shown_have_two_keys():
    assert OfferForm(meta={"csrf": False}).intent.data != OfferForm(meta={"csrf": False}).intent.data
