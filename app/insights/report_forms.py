"""Asking for a report by mail."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired

from app.ui.forms import OnceForm


class ReportForm(OnceForm):
    """what: overview, desk or a measure. place: nothing, a site or site-team. when: weekly-1 to weekly-7, monthly-1 to monthly-28."""

    what = SelectField(_l("Which report"), validators=[InputRequired()])
    place = SelectField(_l("Of where"))
    period = SelectField(_l("How far back it looks"), validators=[InputRequired()])
    when = SelectField(_l("When it comes"), validators=[InputRequired()])
    hour = SelectField(_l("At"), validators=[InputRequired()], coerce=int)
    form = SelectField(_l("With it"), validators=[InputRequired()])
