"""Forms of the mail pages. They read text; the actions decide what is right."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from app.attachments.forms import FilesField
from app.cases import words
from app.cases.forms import number_or_none
from app.cases.rules import CAUSES, OUTCOMES, TEXT_MAX
from app.messages.mail_rules import SUBJECT_MAX
from app.messages.template_actions import Words
from app.ui.forms import Form, IntentField, LineField, OnceForm, ParagraphField, VersionField, options


class MailForm(Form):
    """What the customer is written, and, where the case is resolved with it, how it ended."""

    subject = LineField(_l("Subject"), [Length(max=SUBJECT_MAX)])
    text = ParagraphField(_l("Text"), [InputRequired(_l("Write something first.")), Length(max=TEXT_MAX)])
    files = FilesField(_l("Photos or documents"))
    to = HiddenField()
    intent = IntentField()
    outcome = SelectField(
        _l("How did it end for the customer?"),
        choices=options(((code, words.OUTCOME_WORDS[code]) for code in OUTCOMES), empty=_l("Choose")),
        validate_choice=False,  # the action says what is missing, and only when the case is resolved with it
    )
    root_cause = SelectField(
        _l("What caused it?"),
        choices=options(((code, words.CAUSE_WORDS[code]) for code in CAUSES), empty=_l("Choose")),
        validate_choice=False,
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
    version = VersionField()


class TemplateForm(OnceForm):
    """A template's words in the languages of the product; the places stand in double braces."""

    name = LineField(_l("Name"), [InputRequired(), Length(max=120)])
    active = BooleanField(_l("Offered when somebody writes"), default=True)
    subject_en = LineField(_l("Subject, English"), [Length(max=SUBJECT_MAX)])
    body_en = ParagraphField(_l("Text, English"), [Length(max=TEXT_MAX)])
    subject_de = LineField(_l("Subject, German"), [Length(max=SUBJECT_MAX)])
    body_de = ParagraphField(_l("Text, German"), [Length(max=TEXT_MAX)])
    version = VersionField()

    def words(self) -> list[Words]:
        """What the action takes."""
        return [
            Words("en", self.subject_en.data or "", self.body_en.data or ""),
            Words("de", self.subject_de.data or "", self.body_de.data or ""),
        ]


class ContinuityForm(Form):
    """What the next colleague should know before talking to the customer."""

    text = ParagraphField(_l("What the customer need not say again"), [Length(max=TEXT_MAX)])
    version = VersionField()
