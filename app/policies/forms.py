"""The catalogue's forms."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import InputRequired, Length

from app.ui.forms import Form, LineField, VersionField


class NewKindForm(Form):
    """A kind of remedy to add."""

    name = LineField(_l("Name"), [InputRequired(), Length(max=80)])
    code = LineField(_l("Code"), [InputRequired(), Length(max=40)])
    monetary = BooleanField(_l("It is money, so it counts against limits"))


class KindForm(Form):
    """A kind of remedy as it was shown."""

    name = LineField(_l("Name"), [InputRequired(), Length(max=80)])
    active = BooleanField(_l("Can be offered"))
    version = VersionField()
