"""Forms about people's own data."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.privacy.erasure_actions import REASON_MAX as HOLD_MAX
from app.privacy.erasure_actions import REASON_MIN as HOLD_MIN
from app.privacy.request_actions import NOTE_MAX, REASON_MAX
from app.privacy.retention_actions import DAYS_MAX
from app.ui.forms import Form, LineField, OnceForm, ParagraphField, VersionField, options

KIND_WORDS: dict[str, Any] = {
    "access": _l("See and take along their data"),
    "correction": _l("Have something corrected"),
    "erasure": _l("Have their data erased"),
    "objection": _l("Object to what is done with it"),
}
OUTCOME_WORDS: dict[str, Any] = {"answered": _l("Done as asked"), "refused": _l("Refused, for a reason")}


class RequestForm(OnceForm):
    subject = LineField(_l("Whose data"), [InputRequired(), Length(max=30)])
    kind = SelectField(_l("What they ask"), [InputRequired()], choices=options(KIND_WORDS.items()))
    received_on = DateField(_l("Asked on"), [InputRequired()])
    note = ParagraphField(_l("What exactly, and how they asked"), [Length(max=NOTE_MAX)])


class AnswerForm(Form):
    outcome = RadioField(_l("Answer"), [InputRequired()], choices=options(OUTCOME_WORDS.items()))
    reason = ParagraphField(_l("What the person is told"), [Length(max=REASON_MAX)])


class HoldForm(Form):
    reason = ParagraphField(_l("Why it must be kept"), [InputRequired(), Length(min=HOLD_MIN, max=HOLD_MAX)])


class DisputeForm(OnceForm):
    case = LineField(_l("Case"), [InputRequired(), Length(max=30)])
    text = ParagraphField(_l("What they say against it"), [InputRequired(), Length(max=NOTE_MAX)])


class PeriodForm(Form):
    days = IntegerField(_l("Days"), [Optional(), NumberRange(min=1, max=DAYS_MAX)])
    shown = VersionField()
