"""The form of working hours: one line per weekday, e.g. "09:00-12:00, 13:00-17:00"."""

import re
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import Field, IntegerField
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError
from wtforms.widgets import HiddenInput

from app.calendars.ical_rules import BYTES_MAX, closed_days
from app.calendars.queries import CalendarRow
from app.calendars.rules import WEEKDAYS
from app.ui.forms import Form, LineField, ParagraphField

DAY_NAMES = {
    "mon": _l("Monday"),
    "tue": _l("Tuesday"),
    "wed": _l("Wednesday"),
    "thu": _l("Thursday"),
    "fri": _l("Friday"),
    "sat": _l("Saturday"),
    "sun": _l("Sunday"),
}
FILE_SENTENCES = {
    "unreadable": _l("This is no calendar file (.ics)."),
    "big": _l("The file is too big: at most 1 MB."),
    "many": _l("The file has too many days: at most 1,000."),
}
_SPECIAL = re.compile(r"(\d{4}-\d{2}-\d{2})\s+((?:\d{1,2}:\d{2}\s*[-–—]\s*\d{1,2}:\d{2}\s*[,;]?\s*)+)(.*)", re.ASCII)
_WINDOW = re.compile(r"(\d{1,2}:\d{2})\s*[-–—]\s*(\d{1,2}:\d{2})", re.ASCII)


def read_day(text: str) -> list[list[str]] | None:
    """Read one weekday's line; None when it is not understood."""
    windows = []
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", text))):
        match = _WINDOW.fullmatch(part)
        if match is None:
            return None
        windows.append([match[1], match[2]])
    return windows


def write_day(windows: list[list[str]]) -> str:
    return ", ".join(f"{opens}–{closes}" for opens, closes in windows)


def read_own_days(text: str) -> dict[str, str] | None:
    """Read own closing days, one a line: a date and what it is; None when a line has no date."""
    days = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        day, _, name = line.partition(" ")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day, re.ASCII):
            return None
        days[day] = name.strip() or day
    return days


def write_own_days(days: dict[str, str]) -> str:
    return "\n".join(f"{day} {name}" for day, name in sorted(days.items()))


def read_special_days(text: str) -> dict[str, dict[str, Any]] | None:
    """Read dates with hours of their own, one a line: "2026-12-24 09:00-12:00 Christmas Eve"; None when one has no hours."""
    days: dict[str, dict[str, Any]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        match = _SPECIAL.fullmatch(line)
        windows = read_day(match[2]) if match else None
        if match is None or not windows:
            return None
        days[match[1]] = {"name": match[3].strip() or match[1], "windows": windows}
    return days


def write_special_days(special: dict[str, dict[str, Any]]) -> str:
    return "\n".join(f"{day} {write_day(own['windows'])} {own['name']}".strip() for day, own in sorted(special.items()))


def is_day(_form: Form, field: Field) -> None:
    if field.data and read_day(field.data) is None:
        raise ValidationError(str(_l("Write windows like 09:00-12:00, 13:00-17:00, or nothing when closed.")))


def is_own_days(_form: Form, field: Field) -> None:
    if field.data and read_own_days(field.data) is None:
        raise ValidationError(str(_l("Write one day a line: a date like 2026-12-24, then its name.")))


def is_special_days(_form: Form, field: Field) -> None:
    if field.data and read_special_days(field.data) is None:
        raise ValidationError(
            str(_l("Write one day a line: a date, its hours, its name, like 2026-12-24 09:00-12:00 Eve."))
        )


class _HoursBase(Form):
    """What every calendar has; the seven weekdays are added below. `number` is the version that was shown."""

    number = IntegerField(validators=[Optional()], default=0, widget=HiddenInput())
    zone = LineField(_l("Time zone"), validators=[InputRequired(), Length(max=60)])
    country = LineField(_l("Country of the public holidays"), validators=[Optional(), Length(min=2, max=2)])
    subdivision = LineField(_l("Part of the country"), validators=[Optional(), Length(max=6)])
    holidays = ParagraphField(_l("Own closing days"), validators=[is_own_days, Length(max=60_000)])
    special = ParagraphField(_l("Days with hours of their own"), validators=[is_special_days, Length(max=60_000)])
    file = FileField(_l("Closing days from a calendar file"))

    def windows(self) -> dict[str, list[list[str]]]:
        read = {name: read_day(self[name].data or "") or [] for name in WEEKDAYS}
        return {name: windows for name, windows in read.items() if windows}

    def asked(self) -> dict[str, Any]:
        """What the action takes."""
        return {
            "zone": self.zone.data,
            "windows": self.windows(),
            "country": (self.country.data or "").upper() or None,
            "subdivision": (self.subdivision.data or "").upper() or None,
            "own_holidays": read_own_days(self.holidays.data or "") or {},
            "special": read_special_days(self.special.data or "") or {},
        }

    def read_file(self, *, first: date, last: date) -> int | None:
        """Add the closed days of the chosen file to what was typed; returns how many entries were no whole days.

        None when no file was chosen. What was typed wins over the file. Raises BadFile; nothing is saved here.
        """
        if not self.file.data:
            return None
        found = closed_days(self.file.data.read(BYTES_MAX + 1), first=first, last=last)
        days = {**found.days, **(read_own_days(self.holidays.data or "") or {})}
        self.holidays.data = write_own_days(days)
        return found.skipped_count

    @classmethod
    def of(cls, row: CalendarRow, own: dict[str, str]) -> Any:
        """The form as it is first shown for a calendar."""
        days = {name: write_day(row.windows.get(name, [])) for name in WEEKDAYS}
        return cls(
            formdata=None,
            number=row.number,
            zone=row.time_zone,
            country=row.country,
            subdivision=row.subdivision,
            holidays=write_own_days(own),
            special=write_special_days(row.special),
            **days,
        )


_DAYS = {name: LineField(label, validators=[is_day, Length(max=200)]) for name, label in DAY_NAMES.items()}
HoursForm: Any = type("HoursForm", (_HoursBase,), _DAYS)


class _NewBase(_HoursBase):
    """A new calendar also has a code and a name, which stay."""

    code = LineField(
        _l("Code"),
        validators=[InputRequired(), Length(max=40), Regexp(r"^[a-z0-9-]+$", message=_l("Use a-z, 0-9 and hyphens."))],
    )
    name = LineField(_l("Name"), validators=[InputRequired(), Length(max=120)])


NewCalendarForm: Any = type("NewCalendarForm", (_NewBase,), _DAYS)
