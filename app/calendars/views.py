"""Working hours: the list, a new calendar, editing one, and what it would mean for the next two weeks."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.calendars import actions, queries
from app.calendars.actions import Hours
from app.calendars.forms import DAY_NAMES, FILE_SENTENCES, HoursForm, NewCalendarForm, write_day
from app.calendars.ical_rules import BadFile
from app.calendars.preview_rules import preview as preview_days
from app.calendars.queries import CalendarRow
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.ui.forms import differing

_COUNTED = (*DAY_NAMES, "zone", "country", "subdivision", "holidays", "special")

bp = Blueprint("calendars", __name__, template_folder="templates")


@bp.get("/settings/working-hours")
@needs("settings.write")
def index() -> str:
    today = utc_now().date().isoformat()
    shown = [
        (
            row,
            ref("calendar", row.id),
            [(label, write_day(row.windows.get(name, []))) for name, label in DAY_NAMES.items()],
            [(day, name) for day, name in sorted(row.holidays.items()) if day >= today][:4],
        )
        for row in queries.calendars()
    ]
    return render_template("calendars/index.html", calendars=shown)


@bp.get("/settings/working-hours/new")
@needs("settings.write")
def new() -> str:
    return _page(NewCalendarForm(formdata=None), None)


@bp.post("/settings/working-hours")
@needs("settings.write")
def add() -> Response | tuple[str, int]:
    form = NewCalendarForm()
    if form.validate():
        try:
            actions.add_calendar(code=form.code.data, name=form.name.data, **form.asked(), actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("The calendar is there. Choose it at a site to use it."), "good")
            return redirect(url_for("calendars.index"), 303)
    return _page(form, None), 422


@bp.post("/settings/working-hours/preview")
@needs("settings.write")
def preview_new() -> str | tuple[str, int]:
    return _preview(NewCalendarForm(), None)


@bp.post("/settings/working-hours/<ref>/preview")
@needs("settings.write")
def preview(ref: str) -> str | tuple[str, int]:
    return _preview(HoursForm(), _found(ref))


def _preview(form: Any, row: CalendarRow | None) -> str | tuple[str, int]:
    """Show the typed hours as they would count; a chosen file is read into the typed days. Nothing is saved."""
    form.validate()
    now = utc_now()
    if any(form[name].errors for name in _COUNTED):
        return _page(form, row), 422
    try:
        first, last = date(now.year - actions.YEARS_BACK, 1, 1), date(now.year + actions.YEARS_AHEAD, 12, 31)
        skipped = form.read_file(first=first, last=last)
        actions.checked(Hours(**form.asked()), now)
    except BadFile as problem:
        form.file.errors = [*form.file.errors, str(FILE_SENTENCES[problem.code])]
        return _page(form, row), 422
    except BadInput as refusal:
        form.take(refusal)
        return _page(form, row), 422
    if skipped is not None:
        flash(_("The file's days are in the list. Look through them, then save."), "good")
        if skipped:
            flash(_("Left out, because they are no whole days: %(count)s", count=skipped), "warn")
    return _page(form, row)


@bp.get("/settings/working-hours/<ref>")
@needs("settings.write")
def edit(ref: str) -> str:
    row = _found(ref)
    return _page(HoursForm.of(row, actions.own_days(row)), row)


@bp.post("/settings/working-hours/<ref>")
@needs("settings.write")
def change(ref: str) -> Response | tuple[str, int]:
    row, form, status = _found(ref), HoursForm(), 422
    if form.validate():
        try:
            actions.change_hours(
                calendar_id=row.id, number=form.number.data or 0, **form.asked(), actor=me(), now=utc_now()
            )
        except Refusal as refusal:
            status = form.take(refusal)
            if isinstance(refusal, Conflict):
                row = _found(ref)
                return _page(form, row, _meanwhile(form, row)), status
        else:
            flash(_("The new hours hold for clocks that start from now on."), "good")
            return redirect(url_for("calendars.index"), 303)
    return _page(form, row), status


def _meanwhile(form: HoursForm, row: CalendarRow) -> dict[str, Any]:
    """What somebody else saved while this was typed. Sent once more, the form goes on from there."""
    form.number.data, form.number.raw_data = row.number, None
    newest = max(queries.versions(row.id), key=lambda one: one.number)
    return {"differs": differing(form, HoursForm.of(row, actions.own_days(row))), "at": newest.created_at, "who": None}


def _found(text: str) -> CalendarRow:
    calendar_id = parse_ref("calendar", text)
    row = queries.calendar(calendar_id) if calendar_id is not None else None
    if row is None:
        raise NotFound()
    return row


def _page(form: Any, row: CalendarRow | None, meanwhile: Any = None) -> str:
    return render_template(
        "calendars/edit.html",
        form=form,
        meanwhile=meanwhile,
        calendar=row,
        ref=ref("calendar", row.id) if row else None,
        days=DAY_NAMES,
        shown=_two_weeks(form),
        versions=queries.versions(row.id) if row else [],
    )


def _two_weeks(form: Any) -> dict[str, Any] | None:
    """The next two weeks under what is typed; None while it can't be counted with."""
    if any(form[name].errors for name in _COUNTED) or not form.zone.data:
        return None
    now, asked = utc_now(), form.asked()
    try:
        hours, closed = actions.checked(Hours(**asked), now)
    except BadInput:
        return None
    names = {**closed, **{day: own["name"] for day, own in asked["special"].items()}}
    return {"days": preview_days(hours, hours.local_date(now), names), "zone": hours.zone}
