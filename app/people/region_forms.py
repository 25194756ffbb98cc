"""What is said about a region: its name, its sites, and the managers who reach no further."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.people import queries
from app.people.region_queries import RegionRow
from app.ui.forms import Form, LineField, VersionField, options


class Checks(SelectMultipleField):
    """Several of a few choices, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class RegionForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(min=2, max=100)])
    site_ids = Checks(_l("Sites"), coerce=int)
    lead_ids = Checks(_l("Managers who lead it"), coerce=int)
    version = VersionField()

    def __init__(self, *args: Any, shown: RegionRow | None = None, **kwargs: Any) -> None:
        if shown is not None:
            kwargs = {
                "name": shown.name,
                "site_ids": [one for one, _name in shown.sites],
                "lead_ids": [one for one, _name in shown.leads],
                "version": shown.version,
                **kwargs,
            }
        super().__init__(*args, **kwargs)
        managers = {row.id: row.name for row in queries.active_people(("manager",))}
        managers.update(shown.leads if shown else ())
        self.site_ids.choices = options((site.id, site.name) for site in queries.sites())
        self.lead_ids.choices = options(managers.items())

    def said(self) -> dict[str, Any]:
        return {
            "name": self.name.data or "",
            "site_ids": self.site_ids.data or [],
            "lead_ids": self.lead_ids.data or [],
        }
