"""The forms of promises."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired, Length, Optional

from app.people import queries as people
from app.promises.rules import NAME_MAX, TEXT_MAX
from app.ui.forms import Form, InstantField, LineField, OnceForm, VersionField, options


class MakeForm(OnceForm):
    """What, by when, to whom, and who keeps it."""

    what = LineField(_l("What is promised"), validators=[InputRequired(), Length(min=3, max=TEXT_MAX)])
    due_at = InstantField(_l("By when"), validators=[InputRequired()])
    told_to = LineField(_l("To whom"), validators=[InputRequired(), Length(max=NAME_MAX)])
    keeper = SelectField(_l("Who keeps it"), validators=[Optional()])

    @classmethod
    def at(cls, site_id: int, zone: str, *, fresh: str | None = None) -> "MakeForm":
        """The form with the people of a site. fresh: the customer's name, for an empty form."""
        form = cls() if fresh is None else cls(formdata=None, told_to=fresh)
        form.keeper.choices = options([(one.id, one.name) for one in people.colleagues(site_id)], empty=_l("I do"))
        form.due_at.zone = zone
        return form


class DeedForm(Form):
    """Keeping, telling or taking back; `version` is what was shown."""

    version = VersionField()
    text = LineField(_l("What the customer was told"), validators=[Optional(), Length(max=TEXT_MAX)])
