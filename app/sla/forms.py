"""The form of the targets: one field per severity and milestone, hours and minutes of working time."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, IntegerField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import HiddenInput

from app.sla.condition_rules import TARGETED
from app.sla.queries import MILESTONE_NAMES
from app.sla.rules import SEVERITIES, Targets
from app.ui.forms import Form, LineField

_TIME = re.compile(r"(\d{1,4}):([0-5]\d)", re.ASCII)


def seconds_of(text: str) -> int | None:
    """Read hours and minutes, "0:15" or "40:00"; None when it is no such time."""
    match = _TIME.fullmatch(text.strip())
    return int(match[1]) * 3_600 + int(match[2]) * 60 if match else None


def text_of(seconds: int) -> str:
    return f"{seconds // 3_600}:{seconds // 60 % 60:02d}"


def is_time(_form: Form, field: Field) -> None:
    if field.data and not seconds_of(field.data):
        raise ValidationError(str(_l("Write hours and minutes, like 0:30 or 8:00, or nothing for no clock.")))


class _TargetsBase(Form):
    """What is the same for every field: the version that was shown."""

    number = IntegerField(validators=[InputRequired()], widget=HiddenInput())

    def targets(self) -> dict[int, dict[str, int]]:
        """What was typed: severity -> milestone -> seconds."""
        found: dict[int, dict[str, int]] = {severity: {} for severity in SEVERITIES}
        for severity in SEVERITIES:
            for milestone in TARGETED:
                seconds = seconds_of(self[name_of(milestone, severity)].data or "")
                if seconds:
                    found[severity][milestone] = seconds
        return found

    @classmethod
    def of(cls, targets: Targets, number: int) -> Any:
        """The form as it is first shown."""
        values = {
            name_of(milestone, severity): text_of(seconds)
            for severity, wanted in targets.items()
            for milestone, seconds in wanted.items()
        }
        return cls(formdata=None, number=number, **values)


def name_of(milestone: str, severity: int) -> str:
    return f"{milestone}_{severity}"


_FIELDS = {
    name_of(milestone, severity): LineField(
        _l("%(milestone)s, severity %(severity)s", milestone=MILESTONE_NAMES[milestone], severity=severity),
        validators=[is_time],
    )
    for severity in SEVERITIES
    for milestone in TARGETED
}
TargetsForm: Any = type("TargetsForm", (_TargetsBase,), _FIELDS)
