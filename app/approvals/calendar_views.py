"""Letting one's own calendar say when one is away."""

from zoneinfo import ZoneInfo

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage

from app.approvals import absence_views
from app.approvals import calendar_actions as calendars
from app.approvals.blueprint import bp
from app.approvals.calendar_forms import CalendarForm
from app.approvals.calendar_rules import BYTES_MAX, BadCalendar, times_away
from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs


@bp.post("/absences/calendar")
@needs("exceptions.decide")
def connect_calendar() -> ResponseReturnValue:
    form = absence_views.calendar_form()
    if form.validate():
        try:
            flash(_connect(form), "good")
        except BadInput as mistake:
            form.take(mistake)
        else:
            return redirect(url_for("approvals.absence_list"), 303)
    return absence_views.page(calendar=form), 422


def _connect(form: CalendarForm) -> str:
    """Keep the address or read the file, and say what was done."""
    actor, now = me(), utc_now()
    upload = form.file.data if isinstance(form.file.data, FileStorage) and form.file.data.filename else None
    if not upload and not form.url.data:
        raise BadInput({"url": [_("Give an address, or choose a file.")]})
    found = None
    if upload:
        zone = ZoneInfo(people.site(actor.site_id or 0).time_zone)
        try:
            found = times_away(upload.stream.read(BYTES_MAX + 1), zone=zone, now=now)
        except BadCalendar:
            raise BadInput({"file": [_("This is no calendar file of at most 512 kilobytes.")]}) from None
    calendars.connect(url=form.url.data or None, stand_in_id=form.calendar_stand_in_id.data, actor=actor, now=now)
    if found is None:
        return _("Kept. Your calendar is read within a few minutes, and every hour from then on.")
    assert actor.id is not None
    added, _ended = calendars.take_over(employee_id=actor.id, found=found, actor=actor, now=now)
    return ngettext("%(num)d new time away taken over.", "%(num)d new times away taken over.", added)


@bp.post("/absences/calendar/removal")
@needs("exceptions.decide")
def disconnect_calendar() -> ResponseReturnValue:
    calendars.disconnect(actor=me(), now=utc_now())
    flash(_("Your calendar is forgotten, and the times away that it brought have ended."), "good")
    return redirect(url_for("approvals.absence_list"), 303)
