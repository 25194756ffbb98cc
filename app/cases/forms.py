"""Forms of the case pages. They read text; the actions decide what is right."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, RadioField, SelectField, TelField
from wtforms.validators import InputRequired, Length

from app.cases import words
from app.cases.rules import CAUSES, OUTCOMES, SUMMARY_MAX, TEXT_MAX, WAITING_FOR
from app.customers.rules import EMAIL_MAX, NAME_MAX, PHONE_MAX
from app.ui.forms import Form, InstantField, LineField, OnceForm, ParagraphField, VersionField, options, strip_line


def number_or_none(text: Any) -> int | None:
    """Read a chosen id; nothing chosen is None. Raises ValueError for anything else."""
    return None if text in (None, "", "None") else int(text)


SEVERITY_CHOICES = options(enumerate(words.SEVERITY_WORDS))


class LogForm(OnceForm):
    """Who, what went wrong, how bad: in the order in which somebody at a desk hears it."""

    customer = LineField(_l("Customer"), [Length(max=NAME_MAX + EMAIL_MAX)])
    customer_id = HiddenField()
    email = EmailField(_l("E-mail"), [Length(max=EMAIL_MAX)], filters=(strip_line,))
    phone = TelField(_l("Telephone"), [Length(max=PHONE_MAX + 20)], filters=(strip_line,))
    summary = LineField(_l("What happened"), [InputRequired(), Length(max=SUMMARY_MAX)])
    category_id = SelectField(_l("Category"), [InputRequired()], coerce=number_or_none)
    severity = RadioField(_l("How bad is it?"), [InputRequired()], choices=SEVERITY_CHOICES)
    description = ParagraphField(_l("The story"), [Length(max=TEXT_MAX)])
    channel = SelectField(_l("How we heard of it"), choices=options(words.CHANNEL_WORDS.items()), default="desk")
    occurred_at = InstantField(_l("When it happened"))
    attribution = SelectField(_l("Whose doing"), choices=options(words.ATTRIBUTION_WORDS.items()), default="unknown")
    site_id = SelectField(_l("Site"), coerce=number_or_none)
    is_mine = BooleanField(_l("I take care of it"), default=True)

    def offer(self, categories: Iterable[tuple[int, str]], sites: Iterable[tuple[int, str]]) -> None:
        """Say what can be chosen. With one site only, the field is not needed."""
        self.category_id.choices = options(categories, empty=_l("Choose"))
        self.site_id.choices = options(sites)


class EditForm(Form):
    summary = LineField(_l("What happened"), [InputRequired(), Length(max=SUMMARY_MAX)])
    description = ParagraphField(_l("The story"), [Length(max=TEXT_MAX)])
    category_id = SelectField(_l("Category"), [InputRequired()], coerce=number_or_none)
    severity = RadioField(_l("How bad is it?"), [InputRequired()], choices=SEVERITY_CHOICES)
    attribution = SelectField(_l("Whose doing"), choices=options(words.ATTRIBUTION_WORDS.items()))
    journey_stage = SelectField(_l("At which stage"), choices=options(words.STAGE_WORDS.items(), empty=_l("Not said")))
    version = VersionField()

    def values(self) -> dict[str, Any]:
        """Return what the action takes."""
        return {
            "summary": self.summary.data or "",
            "description": self.description.data or "",
            "category_id": self.category_id.data,
            "severity": int(self.severity.data),
            "attribution": self.attribution.data,
            "journey_stage": self.journey_stage.data or None,
        }


class AssignForm(Form):
    owner_id = SelectField(_l("Who takes care of it"), coerce=number_or_none)
    team_id = SelectField(_l("Team"), coerce=number_or_none)
    version = VersionField()


class WaitForm(Form):
    waiting_for = RadioField(
        _l("Whom do we wait for?"),
        [InputRequired()],
        choices=options(
            (
                (WAITING_FOR[0], _l("The customer: our clocks stand still")),
                (WAITING_FOR[1], _l("A third party: the clocks run on")),
            )
        ),
    )
    reason = LineField(_l("What for"), [Length(max=300)])


class ResolveForm(Form):
    outcome = RadioField(
        _l("How did it end for the customer?"),
        [InputRequired()],
        choices=options((code, words.OUTCOME_WORDS[code]) for code in OUTCOMES),
    )
    root_cause = SelectField(
        _l("What caused it?"),
        [InputRequired()],
        choices=options(((code, words.CAUSE_WORDS[code]) for code in CAUSES), empty=_l("Choose")),
    )
    note = ParagraphField(_l("What was done"), [Length(max=TEXT_MAX)])
    version = VersionField()


class ReopenForm(Form):
    reason = ParagraphField(_l("Why is it open again?"), [InputRequired(), Length(max=TEXT_MAX)])


class TextForm(OnceForm):
    """A note or a reply; the two differ in the page, not in what is typed."""

    text = ParagraphField(_l("Text"), [InputRequired(_l("Write something first.")), Length(max=TEXT_MAX)])


class ReplyForm(TextForm):
    """What the customer is told, and how: on her page, where she reads it, or what was said otherwise."""

    channel = SelectField(
        _l("How"), choices=options((("page", _l("On their page")), *words.CHANNEL_WORDS.items())), default="page"
    )


class NewCategoryForm(Form):
    name = LineField(_l("New category"), [InputRequired(), Length(max=160)])


class CategoryForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(max=160)])
    active = BooleanField(_l("Offered for new cases"))
    version = VersionField()
