"""One person: add, look, change, let in by a link, deactivate."""

from datetime import datetime
from typing import Any

from flask import current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import certificate_queries as certificates
from app.people import factor_queries, queries, role_queries, scim_queries, sso_actions
from app.people.access import can, me, needs
from app.people.blueprint import bp
from app.people.forms import DeactivateForm, PersonForm, refused
from app.people.headers import keep_secret
from app.people.queries import PersonRow
from app.people.region_queries import region_led_by
from app.people.step_up import require_proof
from app.people.words import ROLE_MEANINGS, ROLE_WORDS
from app.ui.forms import VersionForm


@bp.get("/people/new")
@needs("people.write")
def new_person() -> str:
    return render_template("people/person_new.html", form=PersonForm(role="frontline"), meanings=ROLE_MEANINGS)


@bp.post("/people")
@needs("people.write")
def add_person() -> ResponseReturnValue:
    require_proof()
    form = PersonForm()
    if form.validate():
        try:
            added, token, expires_at = people.invite(**form.said(), actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            return _link_page(_person(f"EM-{added.id}"), token, expires_at)
    return render_template("people/person_new.html", form=form, meanings=ROLE_MEANINGS), 422


@bp.get("/people/<reference>")
@needs("people.read")
def person(reference: str) -> str:
    shown = _person(reference)
    now = utc_now()
    named = queries.names([shown.manager_id])
    return render_template(
        "people/person.html",
        person=shown,
        role=ROLE_WORDS[shown.role],
        meaning=ROLE_MEANINGS[shown.role],
        site=queries.site(shown.site_id),
        team=queries.team(shown.team_id) if shown.team_id else None,
        manager=named.get(shown.manager_id or 0),
        manager_id=shown.manager_id,
        region=region_led_by(shown.id) if shown.role == "manager" else None,
        reports=queries.reports_of(shown.id),
        teams=queries.teams_led_by(shown.id),
        access=queries.access_of(shown.id, now),
        factor=factor_queries.factor_of(shown.id),
        bound_at=sso_actions.bound_at(shown.id),
        stop=scim_queries.stop_of(shown.id),
        grants=certificates.grants_of(shown.id),
        now=now,
        **_role_that_waits(shown, now),
    )


def _role_that_waits(shown: PersonRow, now: datetime) -> dict[str, Any]:
    """What the page says about another role; its reason is for those who may decide."""
    change = role_queries.open_change_of(shown.id, now) if can("people.write") else None
    return {"change": change, "roles": ROLE_WORDS, "me_id": me().id}


@bp.get("/people/<reference>/edit")
@needs("people.write")
def edit_person(reference: str) -> str:
    shown = _person(reference)
    return _edit_page(PersonForm(obj=shown, employee_id=shown.id), shown)


@bp.post("/people/<reference>/edit")
@needs("people.write")
def change_person(reference: str) -> ResponseReturnValue:
    require_proof()
    shown = _person(reference)
    form = PersonForm(obj=shown, employee_id=shown.id)
    status = 422
    if form.validate():
        try:
            people.edit_person(
                employee_id=shown.id, **form.said(), version=form.version.data, actor=me(), now=utc_now()
            )
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("people.person", reference=shown.ref), 303)
    return _edit_page(form, shown), status


def _edit_page(form: PersonForm, shown: PersonRow) -> str:
    return render_template("people/person_edit.html", form=form, person=shown, role=ROLE_WORDS[shown.role])


@bp.post("/people/<reference>/links")
@needs("people.write")
def make_link(reference: str) -> ResponseReturnValue:
    require_proof()
    return _show_link(_person(reference))


def _show_link(shown: PersonRow) -> ResponseReturnValue:
    """Show a new one-time link at once: it is kept nowhere, so no later page could. Loading again makes another."""
    return _link_page(shown, *people.make_link(employee_id=shown.id, actor=me(), now=utc_now()))


def _link_page(shown: PersonRow, token: str, expires_at: datetime) -> ResponseReturnValue:
    base = current_app.extensions["makegood_settings"].base_url
    link = base + url_for("people.welcome", token=token)
    change = role_queries.open_change_of(shown.id, utc_now())
    page = render_template(
        "people/link_shown.html", person=shown, link=link, expires_at=expires_at, change=change, roles=ROLE_WORDS
    )
    return keep_secret(make_response(page, 201))


@bp.get("/people/<reference>/deactivation")
@needs("people.write")
def deactivation(reference: str) -> str:
    shown = _person(reference)
    form = DeactivateForm(employee_id=shown.id, version=shown.version)
    return _deactivation_page(form, shown)


@bp.post("/people/<reference>/deactivation")
@needs("people.write")
def deactivate(reference: str) -> ResponseReturnValue:
    shown = _person(reference)
    form = DeactivateForm(employee_id=shown.id)
    status = 422
    if form.validate():
        try:
            people.deactivate(
                employee_id=shown.id,
                successor_id=form.successor_id.data,
                version=form.version.data,
                actor=me(),
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("%(name)s can no longer sign in.", name=shown.name), "good")
            return redirect(url_for("people.person", reference=shown.ref), 303)
    return _deactivation_page(form, shown), status


def _deactivation_page(form: DeactivateForm, shown: PersonRow) -> str:
    return render_template(
        "people/deactivation.html",
        form=form,
        person=shown,
        teams=queries.teams_led_by(shown.id),
        region=region_led_by(shown.id) if shown.role == "manager" else None,
        reports=queries.reports_of(shown.id),
    )


@bp.post("/people/<reference>/activation")
@needs("people.write")
def activate(reference: str) -> ResponseReturnValue:
    shown = _person(reference)
    form = VersionForm()
    version = form.version.data if form.validate() else 0
    people.reactivate(employee_id=shown.id, version=version, actor=me(), now=utc_now())
    flash(_("%(name)s may come back: send a link to choose a pass phrase.", name=shown.name), "good")
    return redirect(url_for("people.person", reference=shown.ref), 303)


def _person(reference: str) -> PersonRow:
    identity = parse_ref("employee", reference)
    found = queries.person(identity) if identity else None
    if found is None:
        raise NotFound
    return found
