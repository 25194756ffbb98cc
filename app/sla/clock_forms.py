"""The forms on a case's clocks."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired, Length, Optional

from app.people import queries as people
from app.sla.forms import is_time, seconds_of
from app.ui.forms import Form, LineField, OnceForm, options


class TaskForm(OnceForm):
    """What another team or a supplier is asked to do."""

    kind = RadioField(
        _l("Who does it"),
        choices=lambda: options([("ola", _l("Another team")), ("uc", _l("A supplier"))]),
        default="ola",
    )
    team = SelectField(_l("Team"), validators=[Optional()])
    what = LineField(_l("What has to be done"), validators=[InputRequired(), Length(min=3, max=160)])
    time = LineField(_l("Time it may take"), validators=[Optional(), is_time])

    @classmethod
    def at(cls, site_id: int, *, fresh: bool = False) -> "TaskForm":
        form = cls(formdata=None) if fresh else cls()
        form.team.choices = options(
            [(team.id, team.name) for team in people.teams(site_id)], empty=_l("The case's own team")
        )
        return form

    def seconds(self) -> int | None:
        return seconds_of(self.time.data) if self.time.data else None

    def team_id(self) -> int | None:
        return int(self.team.data) if self.team.data and self.kind.data == "ola" else None


class PauseForm(Form):
    """Why the clocks of a case may rest for longer."""

    reason = LineField(_l("Why the clocks may rest for longer"), validators=[InputRequired(), Length(min=3, max=300)])
