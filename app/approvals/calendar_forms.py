"""Where one's own calendar is, or a file of it, and who stands in while it says that one is away."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField
from wtforms.validators import Length

from app.approvals.calendar_actions import URL_CHARACTERS_MAX
from app.people.forms import number_or_none
from app.people.queries import PersonRow
from app.ui.forms import Form, LineField, options


class CalendarForm(Form):
    """One of the two: an address, or a file."""

    url = LineField(_l("Private address of your calendar"), [Length(max=URL_CHARACTERS_MAX)])
    file = FileField(_l("Or a calendar file (.ics)"))
    calendar_stand_in_id = SelectField(_l("Stands in meanwhile"), coerce=number_or_none)

    def prepare(self, people: Iterable[PersonRow], but: int | None) -> "CalendarForm":
        self.calendar_stand_in_id.choices = options(
            ((one.id, one.name) for one in people if one.id != but), empty=_l("Nobody")
        )
        return self
