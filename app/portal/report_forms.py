"""What a reporter types, and what a site says about its public forms."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, TelField
from wtforms.validators import InputRequired, Length

from app.attachments.forms import FilesField
from app.cases import words
from app.cases.forms import number_or_none
from app.customers.rules import EMAIL_MAX, NAME_MAX, PHONE_MAX
from app.portal.forms import KeptField
from app.portal.place_actions import NAME_MAX as PLACE_NAME_MAX
from app.portal.rules import TEXT_MAX
from app.ui.forms import Form, InstantField, IntentField, LineField, OnceForm, VersionField, options, strip_line

HOW_BAD = (
    (1, _l("A small annoyance")),
    (2, _l("It spoiled something")),
    (3, _l("It let me down badly")),
    (4, _l("Somebody was hurt or in danger")),
)


class ReportForm(Form):
    """What happened, how bad it was, and how to answer."""

    text = KeptField(_l("What happened?"), [InputRequired(_l("Tell us what happened.")), Length(max=TEXT_MAX)])
    severity = RadioField(_l("How bad was it?"), [InputRequired(_l("Choose one."))], choices=options(HOW_BAD))
    category_id = SelectField(_l("What is it about?"), [InputRequired(_l("Choose one."))], coerce=number_or_none)
    occurred_at = InstantField(_l("When was it?"))
    wanted = LineField(_l("What would put it right?"), [Length(max=500)])
    files = FilesField(_l("Photos"))
    name = LineField(_l("Your name"), [InputRequired(_l("Tell us how to address you.")), Length(max=NAME_MAX)])
    email = EmailField(_l("E-mail"), [Length(max=EMAIL_MAX)], filters=(strip_line,))
    phone = TelField(_l("Telephone"), [Length(max=PHONE_MAX + 20)], filters=(strip_line,))
    consent = BooleanField(_l("You may use what I wrote to look into it and to answer me."))
    website = StringField(_l("Leave this empty"))
    intent = IntentField()

    def offer(self, categories: Iterable[tuple[int, str]], zone: str) -> "ReportForm":
        self.category_id.choices = options(categories, empty=_l("Choose"))
        self.occurred_at.zone = zone
        return self


class PlaceForm(OnceForm):
    """A new public form."""

    name = LineField(_l("Where it stands"), [InputRequired(), Length(max=PLACE_NAME_MAX)])
    channel = SelectField(_l("Reports count as"), choices=options(words.CHANNEL_WORDS.items()), default="web")
    site_id = SelectField(_l("Site"), coerce=number_or_none)


class PlaceChangeForm(Form):
    """Its name, and whether it is open."""

    name = LineField(_l("Where it stands"), [InputRequired(), Length(max=PLACE_NAME_MAX)])
    active = BooleanField(_l("Open"))
    version = VersionField()
