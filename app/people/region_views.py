"""Regions: which sites lie in which, and who leads them."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries, region_queries
from app.people import region_actions as actions
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.forms import refused
from app.people.region_forms import RegionForm
from app.people.region_queries import RegionRow
from app.people.step_up import require_proof
from app.ui.forms import VersionForm


@bp.get("/regions")
@needs("people.read")
def regions() -> str:
    rows = region_queries.regions()
    placed = {one for row in rows for one, _name in row.sites}
    outside = [site.name for site in queries.sites() if site.id not in placed]
    return render_template("people/regions.html", regions=rows, outside=outside)


@bp.get("/regions/new")
@needs("people.write")
def new_region() -> str:
    return render_template("people/region_form.html", form=RegionForm(formdata=None), region=None)


@bp.post("/regions")
@needs("people.write")
def add_region() -> ResponseReturnValue:
    require_proof()
    form = RegionForm()
    if form.validate():
        try:
            actions.add_region(**form.said(), actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("%(name)s is a region now.", name=form.name.data), "good")
            return redirect(url_for("people.regions"), 303)
    return render_template("people/region_form.html", form=form, region=None), 422


@bp.get("/regions/<reference>")
@needs("people.write")
def region(reference: str) -> str:
    shown = _region(reference)
    return render_template("people/region_form.html", form=RegionForm(formdata=None, shown=shown), region=shown)


@bp.post("/regions/<reference>")
@needs("people.write")
def change_region(reference: str) -> ResponseReturnValue:
    require_proof()
    shown = _region(reference)
    form = RegionForm(shown=shown)
    status = 422
    if form.validate():
        try:
            version = form.version.data
            actions.edit_region(region_id=shown.id, **form.said(), version=version, actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("%(name)s is saved. Whose reach changed signs in again.", name=form.name.data), "good")
            return redirect(url_for("people.regions"), 303)
    return render_template("people/region_form.html", form=form, region=shown), status


@bp.post("/regions/<reference>/closing")
@needs("people.write")
def close_region(reference: str) -> ResponseReturnValue:
    require_proof()
    shown, form = _region(reference), VersionForm()
    try:
        version = form.version.data if form.validate() else 0
        actions.close_region(region_id=shown.id, version=version, actor=me(), now=utc_now())
    except BadInput as refusal:
        page = RegionForm(formdata=None, shown=shown)
        page.take(refusal)
        return render_template("people/region_form.html", form=page, region=shown), 422
    flash(_("%(name)s is closed.", name=shown.name), "good")
    return redirect(url_for("people.regions"), 303)


def _region(reference: str) -> RegionRow:
    found = region_queries.region(parse_ref("region", reference) or 0)
    if found is None:
        raise NotFound
    return found
