"""An absence, a fallback decider and a second account, as they are typed."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired

from app.people.forms import number_or_none
from app.people.queries import PersonRow, SiteRow
from app.ui.forms import Form, InstantField, MoneyField, OnceForm, options


class AbsenceForm(OnceForm):
    """Who is away, from when to when, and who decides in their place."""

    employee_id = SelectField(_l("Who is away"), [InputRequired()], coerce=number_or_none)
    from_at = InstantField(_l("From"), [InputRequired()])
    to_at = InstantField(_l("To"), [InputRequired()])
    stand_in_id = SelectField(_l("Stand-in"), coerce=number_or_none)
    amount_max = MoneyField(_l("At most, for one request"))
    site_id = SelectField(_l("Only at"), coerce=number_or_none)

    def prepare(
        self, people: Iterable[PersonRow], away: Iterable[PersonRow], sites: Iterable[SiteRow], zone: str, currency: str
    ) -> "AbsenceForm":
        """Say what can be chosen; before validate() and before rendering."""
        self.employee_id.choices = options((person.id, person.name) for person in away)
        self.stand_in_id.choices = options(((one.id, one.name) for one in people), empty=_l("Nobody"))
        self.site_id.choices = options(((site.id, site.name) for site in sites), empty=_l("Every site of theirs"))
        self.from_at.zone = self.to_at.zone = zone
        self.amount_max.currency = currency
        return self


class FallbackForm(Form):
    """Who decides at a site when nobody else is there."""

    site_id = HiddenField(validators=[InputRequired()])
    employee_id = SelectField(_l("Decides when nobody else is there"), coerce=number_or_none)


class AccountForm(Form):
    """Two accounts of one person."""

    employee_id = SelectField(_l("This account"), [InputRequired()], coerce=number_or_none)
    same_as_id = SelectField(_l("belongs to the same person as"), [InputRequired()], coerce=number_or_none)
