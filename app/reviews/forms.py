"""What is typed in a review."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from app.kernel.references import parse_ref
from app.reviews.rules import TEXT_MAX, TEXT_MIN
from app.reviews.words import AREA_WORDS, TONE_WORDS
from app.ui.forms import Form, LineField, ParagraphField, VersionForm, options


class OpenForm(Form):
    """Whose outcomes, and of which days; the last day is included."""

    employee = SelectField(_l("Whose outcomes"), validators=[InputRequired()])
    since_on = DateField(_l("From"), validators=[InputRequired()])
    until_on = DateField(_l("To, including"), validators=[InputRequired()])


class WordsForm(VersionForm):
    """The self-assessment, notes or a comment."""

    text = ParagraphField(_l("In your words"), validators=[InputRequired(), Length(min=TEXT_MIN, max=TEXT_MAX)])


class CaseForm(VersionForm):
    """A case that the employee chooses."""

    case = LineField(_l("Case"), validators=[InputRequired()])

    @property
    def case_id(self) -> int:
        return parse_ref("case", self.case.data or "") or 0


class ConductForm(WordsForm):
    """Praise or a concern, with its clause and cases."""

    tone = RadioField(_l("What it is"), choices=options(TONE_WORDS.items()), validators=[InputRequired()])
    area = SelectField(
        _l("What it is about"), choices=options(AREA_WORDS.items(), empty=_l("Choose")), validators=[InputRequired()]
    )
    clause = SelectField(_l("Clause of the charter"), validators=[InputRequired()])
    cases = LineField(_l("Cases"), validators=[InputRequired()])
    text = ParagraphField(_l("In your words"), validators=[InputRequired(), Length(min=TEXT_MIN, max=TEXT_MAX)])

    @property
    def case_ids(self) -> list[int]:
        """The numbers in the line; anything else becomes 0, which no case has."""
        return [parse_ref("case", one) or 0 for one in (self.cases.data or "").replace(",", " ").split()]


class AppealForm(WordsForm):
    """Why, and who reads it again."""

    reader = SelectField(_l("Who reads it again"), validators=[InputRequired()])

    def __init__(self, *args: Any, readers: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reader.choices = options(readers, empty=_l("Choose"))
