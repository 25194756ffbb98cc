"""What is said about a change of role: which one and why, or why not."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import InputRequired, Length

from app.people.models import ROLES
from app.people.role_rules import REASON_MAX, REASON_MIN
from app.people.words import ROLE_WORDS
from app.ui.forms import Form, LineField, VersionField, options


class RoleForm(Form):
    role = SelectField(_l("New role"), [InputRequired()])
    reason = LineField(_l("Why"), [InputRequired(), Length(min=REASON_MIN, max=REASON_MAX)])
    version = VersionField()

    def __init__(self, *args: Any, role_now: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = options((role, ROLE_WORDS[role]) for role in ROLES if role != role_now)


class RoleRefusalForm(Form):
    word = LineField(_l("Why not"), [InputRequired(), Length(min=REASON_MIN, max=REASON_MAX)])
