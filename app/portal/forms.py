"""What customers type. Their words are kept character for character."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.attachments.forms import FilesField
from app.portal.rules import TEXT_MAX, kept
from app.ui.forms import Form, IntentField


class KeptField(TextAreaField):
    """Several lines of text, exactly as they were typed."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("filters", (kept,))
        super().__init__(label, validators, **kwargs)


class MessageForm(Form):
    """A message to the desk, with photos."""

    text = KeptField(_l("Your message"), [Length(max=TEXT_MAX)])
    files = FilesField(_l("Photos"))
    intent = IntentField()


class AnswerForm(Form):
    """An answer to an offer, or to how the case ended."""

    answer = HiddenField()
    remedy = HiddenField()
    reason = KeptField(_l("What would be right?"), [Length(max=TEXT_MAX)])
    intent = IntentField()


class ThanksForm(Form):
    """What a customer writes to whoever put it right."""

    text = KeptField(_l("Your words"), [InputRequired(), Length(3, 1_000)])


class DoubtForm(Form):
    """What isn't right about an amount."""

    reason = KeptField(_l("What isn't right?"), [InputRequired(_l("Tell us in a few words.")), Length(max=TEXT_MAX)])
    intent = IntentField()
