"""Forms of causes. They read text; the actions decide what is right."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from app.cases import queries as cases
from app.cases.forms import number_or_none
from app.cases.rules import CAUSES
from app.cases.words import CAUSE_WORDS
from app.people import queries as people
from app.people.permissions import Scope
from app.problems.rules import LANGUAGES, REASON_MAX, TEXT_MAX, TITLE_MAX
from app.ui.forms import Form, LineField, OnceForm, ParagraphField, VersionField, options
from app.ui.preferences import LANGUAGES as NAMES

WHOLE_COMPANY = "0"


class CauseForm(Form):
    """What a cause says of itself."""

    title = LineField(_l("What keeps going wrong"), [InputRequired(), Length(max=TITLE_MAX)])
    story = ParagraphField(_l("What happens, and what we know"), [InputRequired(), Length(max=TEXT_MAX)])
    kind = SelectField(_l("Kind of cause"), [InputRequired()])
    category_id = SelectField(_l("Category"), coerce=number_or_none)
    site_id = SelectField(_l("Where"))
    owner_id = SelectField(_l("Who answers for it"), coerce=number_or_none)
    version = VersionField()
    case = HiddenField()

    def offer(self, scope: Scope, *, is_new: bool, site_id: int | None = None) -> None:
        """Say what can be chosen: a new one has a place, a known one somebody who answers for it."""
        self.kind.choices = options(((code, CAUSE_WORDS[code]) for code in CAUSES), empty=_l("Choose"))
        known = ((row.id, row.name) for row in cases.categories(active_only=True))
        self.category_id.choices = options(known, empty=_l("No one category"))
        if is_new:
            del self.owner_id
            places = [(str(site.id), site.name) for site in people.sites_within(scope)] if scope.is_wide else []
            if places:
                whole = [(WHOLE_COMPANY, _l("The whole company"))] if scope.kind == "company" else []
                self.site_id.choices = options([*places, *whole])
            else:
                del self.site_id
        else:
            del self.site_id
            roles = ("frontline", "supervisor", "manager")
            near = people.colleagues(site_id) if site_id else people.active_people(roles)
            self.owner_id.choices = options((one.id, one.name) for one in near)

    def values(self) -> dict[str, Any]:
        return {
            "title": self.title.data or "",
            "story": self.story.data or "",
            "kind": self.kind.data or "",
            "category_id": self.category_id.data,
        }


class NewCauseForm(CauseForm, OnceForm):
    """A cause that is opened, once however often it is sent."""


class FixForm(Form):
    done = ParagraphField(_l("What we did"), [InputRequired(), Length(max=TEXT_MAX)])
    version = VersionField()


class ReopenForm(Form):
    reason = LineField(_l("Why it isn't fixed"), [InputRequired(), Length(max=REASON_MAX)])
    version = VersionField()


class LinkForm(Form):
    """Which cause a case is put to."""

    cause = SelectField(_l("Root cause"), [InputRequired()])


class NoteForm(Form):
    """What customers read, in each language that they are written to in."""

    words_en = ParagraphField(_l("What we did, in %(language)s", language=NAMES["en"]), [Length(max=TEXT_MAX)])
    words_de = ParagraphField(_l("What we did, in %(language)s", language=NAMES["de"]), [Length(max=TEXT_MAX)])
    seen = HiddenField()

    def words(self) -> Mapping[str, str]:
        return {language: self[f"words_{language}"].data or "" for language in LANGUAGES}


def chosen_cases() -> list[str]:
    """The cases that were ticked."""
    return request.form.getlist("case")
