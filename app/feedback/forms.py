"""The customer's survey, and the closing of a follow-up."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired, Length, Optional

from app.cases.rules import CAUSES
from app.cases.words import CAUSE_WORDS
from app.feedback.rules import COMMENT_MAX, ITEMS, TEXT_MAX, TEXT_MIN, Scores
from app.ui.forms import Form, ParagraphField, VersionField, options

# What stands under the two ends of each scale.
ENDS: dict[str, tuple[Any, Any]] = {
    "csat": (_l("Not at all"), _l("Very")),
    "nps": (_l("Surely not"), _l("Surely")),
    "ces": (_l("Very hard"), _l("Very easy")),
    "outcome_fair": (_l("Not at all"), _l("Completely")),
    "process_fair": (_l("Not at all"), _l("Completely")),
    "treated_well": (_l("Not at all"), _l("Completely")),
}


def _scale(item: str, question: Any) -> RadioField:
    low, high = ITEMS[item]
    choices = options([(str(value), str(value)) for value in range(low, high + 1)])
    return RadioField(question, choices=choices, validators=[Optional()], description=ENDS[item])  # type: ignore[arg-type]


class SurveyForm(Form):
    """Six short questions, each may be left out, and a few words."""

    csat = _scale("csat", _l("How satisfied are you with how we put it right?"))
    outcome_fair = _scale("outcome_fair", _l("Was what you got in the end fair?"))
    process_fair = _scale("process_fair", _l("Was the way to it fair: quick enough, without running after us?"))
    treated_well = _scale("treated_well", _l("Were you treated with respect?"))
    ces = _scale("ces", _l("How easy was it for you?"))
    nps = _scale("nps", _l("Would you recommend us to a friend?"))
    comment = ParagraphField(_l("What should we know?"), validators=[Optional(), Length(max=COMMENT_MAX)])

    def scales(self) -> tuple[RadioField, ...]:
        """The questions in the order in which they are asked."""
        return (self.csat, self.outcome_fair, self.process_fair, self.treated_well, self.ces, self.nps)

    def scores(self) -> Scores:
        """What was chosen; an item that was left out is None."""
        given = {item: getattr(self, item).data for item in ITEMS}
        return Scores(**{item: int(value) if value else None for item, value in given.items()})


class ThanksForm(Form):
    """What a customer writes to whoever put it right."""

    text = ParagraphField(_l("Your words"), validators=[InputRequired(), Length(min=3, max=1_000)])


class FollowUpForm(Form):
    """What caused it and what was done. `version` is what was shown."""

    version = VersionField()
    cause = SelectField(_l("What caused it"), validators=[InputRequired()])
    action = ParagraphField(
        _l("What you did about it"), validators=[InputRequired(), Length(min=TEXT_MIN, max=TEXT_MAX)]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cause.choices = options([(cause, CAUSE_WORDS[cause]) for cause in CAUSES], empty=_l("Choose"))
