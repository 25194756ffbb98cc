"""Forms of the mail pages. They read text; the actions decide what is right."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from app.cases import words
from app.cases.forms import number_or_none, version_of
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


class SortForm(Form):
    """Where a mail belongs: a new case of a kind, or one that is there."""

    category_id = SelectField(_l("Category"), coerce=number_or_none)
    severity = SelectField(_l("How bad is it?"), choices=options(enumerate(words.SEVERITY_WORDS)), default="2")
    case = LineField(_l("Case"), [Length(max=30)])


class MailboxForm(Form):
    """Under which address and name a site writes, and what becomes of mail of an unknown matter."""

    address = LineField(_l("E-mail address"), [InputRequired(), Length(max=200)])
    name = LineField(_l("Name"), [InputRequired(), Length(max=120)])
    category_id = SelectField(_l("Open a case for unknown mail, in the category"), coerce=number_or_none)
    severity = SelectField(_l("How bad it counts at first"), choices=options(enumerate(words.SEVERITY_WORDS)))
    version = HiddenField(default="0")

    def read_version(self) -> int:
        return version_of(self.version.data)
