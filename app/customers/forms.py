"""The form of a customer."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, TelField
from wtforms.validators import InputRequired, Length

from app.customers.rules import EMAIL_MAX, NAME_MAX, PHONE_MAX
from app.ui.forms import Form, LineField, VersionField, options, strip_line

# What customers speak here; what a record holds beyond these is kept and offered too.
LANGUAGES = ("ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "hi", "hu", "it", "ja", "ko", "nl", "no", "pl", "pt",
             "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh")  # fmt: skip


class CustomerForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(max=NAME_MAX)])
    email = EmailField(_l("E-mail"), [Length(max=EMAIL_MAX)], filters=(strip_line,))
    phone = TelField(_l("Telephone"), [Length(max=PHONE_MAX + 20)], filters=(strip_line,))
    language = SelectField(_l("Speaks"))
    version = VersionField()

    def offer(self, languages: list[tuple[str, str]]) -> None:
        kept = self.language.object_data
        known = [("", _l("Not known")), *languages]
        if kept and kept not in dict(known):
            known.append((kept, kept))
        self.language.choices = options(known)

    def said(self) -> dict[str, Any]:
        """Return what the action takes."""
        return {
            "name": self.name.data or "",
            "email": self.email.data,
            "phone": self.phone.data,
            "language": self.language.data or None,
        }
