"""Public forms as the desk keeps them, with a poster to print."""

from datetime import datetime

import segno
from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.budgets import intent_actions as intents
from app.cases import words
from app.kernel.actor import Actor
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.portal import place_actions, report_queries
from app.portal.blueprint import bp
from app.portal.report_forms import PlaceChangeForm, PlaceForm
from app.portal.report_queries import PlaceRow
from app.ui.forms import options
from config import Settings


@bp.get("/report-places")
@needs("reports.write")
def places() -> str:
    return _page(_form(fresh=True))


@bp.post("/report-places")
@needs("reports.write")
def add_place() -> ResponseReturnValue:
    form = _form()
    if form.validate():
        try:
            place_id = _open(form, me(), utc_now())
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("The form is open. Print its poster or give its link away."), "good")
            return redirect(url_for("portal.poster", ref=f"RP-{place_id}"), 303)
    return _page(form), 422


def _open(form: PlaceForm, actor: Actor, now: datetime) -> int:
    def open_it() -> int:
        place = place_actions.add_place(
            site_id=form.site_id.data, name=form.name.data or "", channel=form.channel.data, actor=actor, now=now
        )
        return place.id

    return intents.once_for_form(name="place", key=form.key(), actor=actor, now=now, deed=open_it)


@bp.post("/report-places/<ref>")
@needs("reports.write")
def change_place(ref: str) -> ResponseReturnValue:
    place, form = _found(ref), PlaceChangeForm()
    try:
        place_actions.change_place(
            place_id=place.id, name=form.name.data or "", active=bool(form.active.data),
            version=form.version.data, actor=me(), now=utc_now(),
        )  # fmt: skip
    except BadInput as mistake:
        flash(" ".join(text for texts in mistake.errors.values() for text in texts), "bad")
    except Refusal as refusal:
        flash(str(refusal), "warn")
    else:
        flash(_("%(name)s is saved.", name=form.name.data), "good")
    return redirect(url_for("portal.places"), 303)


@bp.get("/report-places/<ref>/poster")
@needs("reports.write")
def poster(ref: str) -> str:
    place = _found(ref)
    url = url_of(place)
    # As an image of its own: no inline style, and it prints in black on white in any theme.
    picture = segno.make(url, error="m", micro=False).svg_data_uri(scale=8, border=4, dark="#000", light="#fff")
    return render_template("portal/poster.html", place=place, url=url, picture=picture)


def url_of(place: PlaceRow) -> str:
    settings: Settings = current_app.extensions["makegood_settings"]
    return f"{settings.base_url}{url_for('portal.report', code=place.code)}"


def _found(ref: str) -> PlaceRow:
    identity = parse_ref("report_place", ref)
    place = report_queries.place(identity, my_scope("reports.write")) if identity else None
    if place is None:
        raise NotFound
    return place


def _form(*, fresh: bool = False) -> PlaceForm:
    form, scope = PlaceForm(formdata=None) if fresh else PlaceForm(), my_scope("reports.write")
    form.site_id.choices = options((site.id, site.name) for site in people.sites() if scope.covers(site_id=site.id))
    return form


def _page(form: PlaceForm) -> str:
    rows = report_queries.places(my_scope("reports.write"))
    return render_template("portal/places.html", places=rows, form=form, url_of=url_of, channels=words.CHANNEL_WORDS)
