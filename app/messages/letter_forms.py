"""Forms of letters. They read text; the actions decide what is missing."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField
from wtforms.validators import Length

from app.messages.letter_rules import NAMES, PARTS, SUBJECT_MAX, Words
from app.ui.forms import Form, IntentField, LineField, ParagraphField, VersionField

WAY_WORDS: dict[str, Any] = {
    "email": _l("By e-mail, with the PDF"),
    "letter": _l("On paper: I print it and post it"),
    "page": _l("On the customer's page alone"),
}


class WordsForm(Form):
    """The parts of a letter, and of the words that it begins from."""

    subject = LineField(_l("Subject"), [Length(max=SUBJECT_MAX)])
    opening = ParagraphField(_l("Greeting and beginning"))
    decision = ParagraphField(PARTS["decision"])
    reason = ParagraphField(PARTS["reason"])
    remedy = ParagraphField(PARTS["remedy"])
    next_step = ParagraphField(PARTS["next_step"])
    disagree = ParagraphField(PARTS["disagree"])
    number = VersionField()

    def show(self, words: Words) -> None:
        for name in NAMES:
            self[name].data = words.part(name)

    def words(self) -> Words:
        return Words(**{name: self[name].data or "" for name in NAMES})


class LetterForm(WordsForm):
    """A letter, and how it goes out."""

    way = RadioField(_l("How does it go out?"), validate_choice=False)
    to = HiddenField()
    intent = IntentField()
