"""Opening a pulse, and answering one."""

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField
from wtforms.validators import InputRequired

from app.insights.pulse_rules import LEAST, MOST
from app.insights.pulse_words import ASKED_ORDER, STATEMENTS
from app.ui.forms import Form, LineField, options

NOT_SAID = "none"
_CHOICES = options([*((str(step), str(step)) for step in range(LEAST, MOST + 1)), (NOT_SAID, _l("Rather not say"))])


class PulseForm(Form):
    """A name people recognise, and the days on which it can be answered; the last one is included."""

    name = LineField(_l("What it is called"), validators=[InputRequired()])
    opens_on = DateField(_l("From"), validators=[InputRequired()])
    closes_on = DateField(_l("To, including"), validators=[InputRequired()])

    def days(self) -> tuple[date, date]:
        """The first and the last day, of a form that is valid; kept to years that every calendar here knows."""
        assert self.opens_on.data is not None and self.closes_on.data is not None
        earliest, latest = date(2000, 1, 1), date(9000, 1, 1)
        first, last = (min(max(one, earliest), latest) for one in (self.opens_on.data, self.closes_on.data))
        return first, last


class PulseDeedForm(Form):
    """A deed without words."""


class PulseAnswerForm(Form):
    """Twelve statements; each is answered or expressly not."""

    def statements(self) -> list[Any]:
        return [self._fields[name] for name in ASKED_ORDER]

    def said(self) -> dict[str, int | None]:
        return {name: _number(self._fields[name].data) for name in ASKED_ORDER}


def _number(text: str) -> int | None:
    return None if text == NOT_SAID else int(text)


for _name in ASKED_ORDER:
    setattr(
        PulseAnswerForm,
        _name,
        RadioField(
            STATEMENTS[_name],
            choices=_CHOICES,
            validators=[InputRequired(_l("Choose a number, or rather not say."))],
        ),
    )
