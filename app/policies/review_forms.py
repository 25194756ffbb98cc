"""What a second person says about a draft, and from when it holds."""

from typing import Any

from flask_babel import get_timezone
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired, Length

from app.policies.document_queries import DocumentRow
from app.ui.forms import InstantField, ParagraphField, VersionForm, options

OUTCOMES = (("approved", _l("Approve")), ("returned", _l("Send back")))


class ReviewForm(VersionForm):
    """A review of exactly the version that was shown."""

    outcome = RadioField(_l("Your decision"), [InputRequired()])
    note = ParagraphField(_l("Note"), [Length(max=2_000)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcome.choices = options(OUTCOMES)


class PublishForm(VersionForm):
    """From when the version holds: at once, or a later instant."""

    when = RadioField(_l("It holds"), [InputRequired()], default="now")
    valid_from = InstantField(_l("From"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.when.choices = options((("now", _l("At once")), ("later", _l("From a later date"))))
        self.valid_from.zone = get_timezone() or "UTC"

    @classmethod
    def of(cls, row: DocumentRow) -> "PublishForm":
        """The form with the start that the draft intends."""
        return cls(formdata=None, valid_from=row.valid_from)
