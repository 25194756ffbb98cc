"""Forms of sign-in, people, sites, teams and the own profile. They read text; the actions decide what is right."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, SelectField
from wtforms.validators import InputRequired, Length

from app.kernel.errors import Conflict, Refusal
from app.people import queries
from app.people.models import ROLES
from app.people.words import ROLE_WORDS, THEME_WORDS
from app.ui.forms import Form, LineField, OnceForm, SelectChoice, VersionField, VersionForm, options, strip_line
from app.ui.preferences import LANGUAGES

CURRENCIES = (
    "AED AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR JPY KRW KWD MXN NOK NZD PLN RON SEK SGD THB TRY USD ZAR"
)


def number_or_none(text: Any) -> int | None:
    """Read a chosen id; nothing chosen is None. Raises ValueError for anything else."""
    return None if text in (None, "", "None") else int(text)


def text_or_none(text: Any) -> str | None:
    """Read a chosen text; nothing chosen is None."""
    return None if text in (None, "", "None") else str(text)


def language_choices(kept: str | None) -> list[SelectChoice]:
    """Return the languages to choose from, with the one kept now, e.g. en_GB given by a command."""
    known = list(LANGUAGES.items())
    return options(
        known if kept is None or kept in LANGUAGES else [*known, (kept, kept)], empty=_("As the browser asks")
    )


class SignInForm(Form):
    email = EmailField(_l("E-mail"), [InputRequired(), Length(max=254)], filters=(strip_line,))
    phrase = PasswordField(_l("Pass phrase"), [InputRequired(), Length(max=512)])
    next = HiddenField()


class ChoosePhraseForm(Form):
    phrase = PasswordField(_l("New pass phrase"), [InputRequired(), Length(max=512)])


class ChangePhraseForm(Form):
    current = PasswordField(_l("Current pass phrase"), [InputRequired(), Length(max=512)])
    phrase = PasswordField(_l("New pass phrase"), [InputRequired(), Length(max=512)])


class PreferencesForm(Form):
    locale = SelectField(_l("Language"), coerce=text_or_none)
    theme = SelectField(_l("Colours"), choices=options(THEME_WORDS.items()))
    keys_off = BooleanField(_l("Switch single-key shortcuts off"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = language_choices(self.locale.object_data)


class TokenForm(Form):
    name = LineField(_l("What is it for?"), [InputRequired(), Length(min=2, max=60)])


class PersonForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(min=2, max=100)])
    email = EmailField(_l("E-mail"), [InputRequired(), Length(max=254)], filters=(strip_line,))
    role = SelectField(_l("Role"), [InputRequired()])
    job_title = LineField(_l("Job title"), [Length(max=100)])
    site_id = SelectField(_l("Site"), [InputRequired()], coerce=number_or_none)
    team_id = SelectField(_l("Team"), coerce=number_or_none)
    manager_id = SelectField(_l("Manager"), coerce=number_or_none)
    locale = SelectField(_l("Language"), coerce=text_or_none)
    version = VersionField()

    def __init__(self, *args: Any, employee_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = {site.id: site.name for site in queries.sites()}
        if employee_id is None:
            self.role.choices = options((role, ROLE_WORDS[role]) for role in ROLES)
        else:
            del self.role  # it changes on its own page, with a second administrator
        self.site_id.choices = options(sites.items())
        teams = [(team.id, f"{sites.get(team.site_id, '')} · {team.name}") for team in queries.teams()]
        self.team_id.choices = options(sorted(teams, key=lambda team: str(team[1])), empty=_("No team"))
        managers = [(row.id, row.name) for row in queries.active_people() if row.id != employee_id]
        self.manager_id.choices = options(managers, empty=_("Nobody"))
        self.locale.choices = language_choices(self.locale.object_data)

    def said(self) -> dict[str, Any]:
        """Return what the actions take: the role only of somebody new."""
        return {
            **({"role": self.role.data} if "role" in self else {}),
            "name": self.name.data or "",
            "email": self.email.data or "",
            "job_title": self.job_title.data or "",
            "site_id": self.site_id.data,
            "team_id": self.team_id.data,
            "manager_id": self.manager_id.data,
            "locale": self.locale.data,
        }


class DeactivateForm(VersionForm):
    successor_id = SelectField(_l("Who takes over?"), coerce=number_or_none)

    def __init__(self, *args: Any, employee_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [
            row for row in queries.active_people(("supervisor", "manager", "admin", "hr")) if row.id != employee_id
        ]
        self.successor_id.choices = options(
            ((row.id, f"{row.name} · {ROLE_WORDS[row.role]}") for row in people), empty=_("Nobody")
        )


class SiteForm(Form):
    code = LineField(_l("Code"), [Length(max=20)])
    name = LineField(_l("Name"), [InputRequired(), Length(min=2, max=100)])
    time_zone = LineField(_l("Time zone"), [InputRequired(), Length(max=60)])
    currency = LineField(_l("Currency"), [Length(max=3)])
    locale = LineField(_l("Language and region"), [InputRequired(), Length(max=12)])
    country = LineField(_l("Country"), [InputRequired(), Length(max=2)])
    subdivision = LineField(_l("Part of the country"), [Length(max=6)])
    calendar_id = SelectField(_l("Working hours"), coerce=number_or_none)
    version = VersionField()

    def __init__(self, *args: Any, calendars: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calendar_id.choices = options(calendars, empty=_("Not chosen yet"))

    def said(self) -> dict[str, Any]:
        return {
            "name": self.name.data or "",
            "time_zone": self.time_zone.data or "",
            "locale": self.locale.data or "",
            "country": self.country.data or "",
            "subdivision": self.subdivision.data or None,
            "calendar_id": self.calendar_id.data,
        }


class TeamForm(OnceForm):
    name = LineField(_l("Name"), [InputRequired(), Length(min=2, max=100)])
    site_id = SelectField(_l("Site"), coerce=number_or_none)
    supervisor_id = SelectField(_l("Supervisor"), coerce=number_or_none)
    version = VersionField()

    def __init__(self, *args: Any, site_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = {site.id: site.name for site in queries.sites()}
        self.site_id.choices = options(sites.items())
        leaders = [
            row
            for row in queries.active_people(("supervisor", "manager"))
            if site_id is None or row.site_id == site_id or row.role == "manager"
        ]
        self.supervisor_id.choices = options(
            ((row.id, f"{row.name} · {sites.get(row.site_id, '')}") for row in leaders), empty=_("Nobody yet")
        )


def refused(form: Form, refusal: Refusal, version: int) -> int:
    """Say the refusal on the form and return its status; after a conflict the form continues from the newest state."""
    if isinstance(refusal, Conflict) and "version" in form:
        form["version"].renew(version)
    return form.take(refusal)
