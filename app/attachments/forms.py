"""Files as they are chosen: from the folder, or at once from a phone's camera. Both inputs have the same name."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage

from app.ui.forms import Form


class FilesField(MultipleFileField):  # type: ignore[misc]
    """Files to attach; `uploads` are those chosen. What may not be taken is told by the action, beside this field."""

    @property
    def uploads(self) -> list[FileStorage]:
        found: Sequence[FileStorage | str] = self.data or ()
        return [one for one in found if isinstance(one, FileStorage) and one.filename]


class FilesForm(Form):
    """Files alone."""

    files = FilesField(_l("Files"))
