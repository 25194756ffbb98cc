"""Forms of the mail pages. They read text; the actions decide what is right."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from app.cases import words
from app.cases.rules import CAUSES, OUTCOMES, TEXT_MAX
from app.messages.mail_rules import SUBJECT_MAX
from app.ui.forms import Form, IntentField, LineField, ParagraphField, options


class MailForm(Form):
    """What the customer is written, and, where the case is resolved with it, how it ended."""

    subject = LineField(_l("Subject"), [Length(max=SUBJECT_MAX)])
    text = ParagraphField(_l("Text"), [InputRequired(_l("Write something first.")), Length(max=TEXT_MAX)])
    to = HiddenField()
    intent = IntentField()
    outcome = SelectField(
        _l("How did it end for the customer?"),
        choices=options(((code, words.OUTCOME_WORDS[code]) for code in OUTCOMES), empty=_l("Choose")),
    )
    root_cause = SelectField(
        _l("What caused it?"), choices=options(((code, words.CAUSE_WORDS[code]) for code in CAUSES), empty=_l("Choose"))
    )
