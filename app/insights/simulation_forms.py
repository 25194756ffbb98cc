"""Which part of the past a policy is tried on; everything lives in the URL."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateField, Form, SelectField
from wtforms.validators import InputRequired

from app.insights.simulation_queries import Span
from app.kernel.time import UTC
from app.people.queries import SiteRow
from app.ui.forms import options

DAYS_DEFAULT = 90
DAYS_MAX = 1_500


class SimulationForm(Form):
    """A form without a deed: read by GET, so it needs no token."""

    since = DateField(_l("From"), [InputRequired()], name="from")
    until = DateField(_l("To and including"), [InputRequired()], name="to")
    site = SelectField(_l("Site"), validate_choice=False)
    against = SelectField(_l("Compared with"), validate_choice=False)

    def __init__(self, args: MultiDict[str, str], sites: Sequence[SiteRow], zone: tzinfo, now: datetime) -> None:
        self._sites, self._zone, self._now = sites, zone, now
        today = now.astimezone(zone).date()
        super().__init__(
            formdata=args if "from" in args or "to" in args else None,
            since=today - timedelta(days=DAYS_DEFAULT),
            until=today,
        )
        self.site.choices = options(((site.id, site.name) for site in sites), empty=_("All sites"))
        if len(sites) == 1:
            self.site.choices = self.site.choices[1:]
        self.against.choices = options(
            (("current", _("The policy in force now")), ("then", _("The policy in force at the time")))
        )

    def validate(self, extra_validators: object = None) -> bool:
        if not super().validate():
            return False
        assert self.since.data and self.until.data
        if self.since.data > self.until.data:
            self.until.errors = [_("The end is before the beginning.")]
        elif self.since.data > self._now.astimezone(self._zone).date():
            self.since.errors = [_("Only the past can be replayed.")]
        elif (self.until.data - self.since.data).days > DAYS_MAX:
            self.until.errors = [_("Choose at most %(days)d days.", days=DAYS_MAX)]
        return not self.errors

    @property
    def span(self) -> Span:
        """The part of the past that was chosen; days begin and end where the reader is."""
        assert self.since.data and self.until.data
        since = datetime.combine(self.since.data, time(), self._zone).astimezone(UTC)
        until = datetime.combine(self.until.data + timedelta(days=1), time(), self._zone).astimezone(UTC)
        chosen = [site.id for site in self._sites if str(site.id) == self.site.data]
        return Span(since, until, tuple(chosen or [site.id for site in self._sites]))

    @property
    def is_against_then(self) -> bool:
        return bool(self.against.data == "then")
