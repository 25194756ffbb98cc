"""The upload form."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField

from app.intake.known import shipped
from app.ui.forms import Form, options

AUTOMATIC = ""


class UploadForm(Form):
    """A file, how to read it, and whether to try it out first."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    mapping = SelectField(_l("Kind of file"))
    dry_run = BooleanField(_l("Try it out first: count and check, write no cases"), default=True)

    def offer_mappings(self) -> "UploadForm":
        known = [(mapping.name, mapping.title) for mapping in shipped().values()]
        self.mapping.choices = options([(AUTOMATIC, _("Find it by the column names")), *known])
        return self
