"""What part of the trail to read; everything lives in the URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, Form, SelectField, StringField
from wtforms.validators import Length, Optional

from app.audit.actions import TYPES
from app.audit.queries import Filters
from app.kernel.references import PREFIXES, parse_ref, ref
from app.people import queries as people
from app.ui.forms import YEAR_MAX, YEAR_MIN, SelectChoice, options, strip_line

# What people look for, and the subjects whose entries belong to it.
GROUPS: Mapping[str, object] = {
    "case": _l("Cases"),
    "remedy": _l("Remedies"),
    "exception": _l("Exceptions"),
    "clock": _l("Clocks"),
    "purse": _l("Purses"),
    "customer": _l("Customers"),
    "employee": _l("People"),
    "policy": _l("Policies"),
}

BY: Mapping[str, object] = {"people": _l("People"), "rules": _l("Rules and commands"), "all": _l("All of it")}


def types() -> list[SelectChoice]:
    return options(((name, kind.sentence) for name, kind in sorted(TYPES.items())), empty=_("Everything"))


class TrailForm(Form):
    """A form without a deed: read by GET, so it needs no token."""

    case = StringField(_l("Case"), [Optional(), Length(max=30)], filters=(strip_line,))
    person = StringField(_l("Person"), [Optional(), Length(max=254)], filters=(strip_line,))
    subject = StringField(_l("Record"), [Optional(), Length(max=30)], filters=(strip_line,))
    type = SelectField(_l("Deed"), choices=types, validate_choice=False)
    clause = StringField(_l("Clause"), [Optional(), Length(max=40)], filters=(strip_line,))
    since = DateField(_l("From"), [Optional()])
    until = DateField(_l("To"), [Optional()])
    by = SelectField(_l("Done by"), choices=lambda: options(BY.items()), validate_choice=False)

    def __init__(self, args: MultiDict[str, str]) -> None:
        super().__init__(formdata=args)
        self.case_id: int | None = None
        self.person_id: int | None = None

    def validate(self, extra_validators: object = None) -> bool:
        sound = super().validate()
        checks = (
            self._check_case,
            self._check_person,
            self._check_subject,
            self._check_type,
            self._check_days,
            self._check_by,
        )
        results = [check() for check in checks]  # all of them, so that every mistake is marked at once
        return sound and all(results)

    def _check_case(self) -> bool:
        if self.case.data:
            self.case_id = parse_ref("case", self.case.data)
            if self.case_id is None:
                self.case.errors = [_("A case is written like MG-2041.")]
        return not self.case.errors

    def _check_person(self) -> bool:
        if self.person.data:
            self.person_id = parse_ref("employee", self.person.data)
            if self.person_id is None:
                found = people.person_by_email(self.person.data)
                self.person_id = found.id if found else None
            if self.person_id is None:
                self.person.errors = [_("Nobody here has this address or number. Try EM-12 or an e-mail address.")]
        return not self.person.errors

    def _check_subject(self) -> bool:
        text = (self.subject.data or "").upper()
        if text and not any(parse_ref(noun, text) for noun in PREFIXES):
            self.subject.errors = [_("A record is written like RM-12 or EX-3.")]
        return not self.subject.errors

    def _check_type(self) -> bool:
        name = self.type.data or ""
        if name and name not in TYPES and name not in GROUPS:
            self.type.errors = [_("There is no such deed.")]
        return not self.type.errors

    def _check_days(self) -> bool:
        for field in (self.since, self.until):
            if field.data and not YEAR_MIN <= field.data.year <= YEAR_MAX:
                field.errors = [_("This date is out of range.")]
        if self.since.data and self.until.data and self.since.data > self.until.data:
            self.until.errors = [_("The last day is before the first.")]
        return not (self.since.errors or self.until.errors)

    def _check_by(self) -> bool:
        if self.by.data and self.by.data not in BY:
            self.by.errors = [_("Choose people, rules and commands, or all of it.")]
        return not self.by.errors

    def shown_by(self) -> str:
        """Whose deeds the page shows: on its first screen, which nothing narrows, people's alone.

        After a busy day the newest entries are all clocks that ran on by themselves, and say little to who comes to look.
        """
        return self.by.data or ("all" if self.narrowed() else "people")

    def narrowed(self) -> dict[str, str]:
        """What narrows the trail, as it stands in an address; a person by their number, never by name or e-mail."""
        said = {name: str(field.data) for name, field in self._fields.items() if field.data}
        if said.get("by") == "all":
            del said["by"]
        if self.person_id:
            said["person"] = ref("employee", self.person_id)
        return said

    def filters(self, site_ids: tuple[int, ...] | None, zone: tzinfo, by: str | None = None) -> Filters:
        """Return the filters for a reader whose scope is `site_ids`; days are whole days on the wall of the zone."""
        return Filters(
            site_ids=site_ids,
            actor_id=self.person_id,
            subject=(self.subject.data or "").upper() or None,
            type=self.type.data or None,
            case_id=self.case_id,
            clause=self.clause.data or None,
            since=_midnight(self.since.data, zone) if self.since.data else None,
            until=_midnight(self.until.data + timedelta(days=1), zone) if self.until.data else None,
            by=by if (by := by or self.by.data) in ("people", "rules") else None,
        )


@dataclass(frozen=True, slots=True)
class Chip:
    """One quick filter above the trail."""

    text: object
    type: str
    is_current: bool


def chips(current: str | None) -> list[Chip]:
    known = {name.split(":")[0] for name in TYPES}
    shown = [(noun, text) for noun, text in GROUPS.items() if noun in known]
    return [Chip(_("All kinds"), "", not current), *(Chip(text, noun, noun == current) for noun, text in shown)]


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
