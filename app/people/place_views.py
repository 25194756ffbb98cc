"""Sites and teams."""

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.budgets import intent_actions as intents
from app.calendars import queries as calendars
from app.kernel.actor import Actor
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import queries
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.forms import CURRENCIES, SiteForm, TeamForm, refused
from app.people.queries import SiteRow, TeamRow


@bp.get("/sites")
@needs("people.read")
def sites() -> str:
    return render_template("people/sites.html", sites=queries.sites(), teams=queries.teams(), site_ref=_site_ref)


@bp.get("/sites/new")
@needs("settings.write")
def new_site() -> str:
    form = SiteForm(calendars=_calendars(), locale="en_GB")
    return render_template("people/site_form.html", form=form, site=None, currencies=CURRENCIES.split())


@bp.post("/sites")
@needs("settings.write")
def add_site() -> ResponseReturnValue:
    form = SiteForm(calendars=_calendars())
    if form.validate():
        try:
            people.add_site(
                code=form.code.data or "",
                currency=(form.currency.data or "").upper(),
                **form.said(),
                actor=me(),
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("%(name)s is open.", name=form.name.data), "good")
            return redirect(url_for("people.sites"), 303)
    return render_template("people/site_form.html", form=form, site=None, currencies=CURRENCIES.split()), 422


@bp.get("/sites/<reference>")
@needs("settings.write")
def site(reference: str) -> str:
    shown = _site(reference)
    form = SiteForm(obj=shown, calendars=_calendars())
    return render_template("people/site_form.html", form=form, site=shown, currencies=())


@bp.post("/sites/<reference>")
@needs("settings.write")
def change_site(reference: str) -> ResponseReturnValue:
    shown = _site(reference)
    form = SiteForm(obj=shown, calendars=_calendars())
    status = 422
    if form.validate():
        try:
            people.edit_site(site_id=shown.id, **form.said(), version=form.version.data, actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("people.sites"), 303)
    return render_template("people/site_form.html", form=form, site=shown, currencies=()), status


@bp.get("/teams")
@needs("people.read")
def teams() -> str:
    rows = queries.teams()
    return render_template(
        "people/teams.html",
        teams=rows,
        sites=queries.sites(),
        sizes=queries.team_sizes(),
        names=queries.names(row.supervisor_id for row in rows),
        team_ref=_team_ref,
    )


@bp.get("/teams/new")
@needs("people.write")
def new_team() -> str:
    return render_template("people/team_form.html", form=TeamForm(), team=None)


@bp.post("/teams")
@needs("people.write")
def add_team() -> ResponseReturnValue:
    form = TeamForm()
    if form.validate():
        try:
            _form_team(form, me(), utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("%(name)s is formed.", name=form.name.data), "good")
            return redirect(url_for("people.teams"), 303)
    return render_template("people/team_form.html", form=form, team=None), 422


def _form_team(form: TeamForm, actor: Actor, now: datetime) -> None:
    def form_it() -> int:
        team = people.add_team(
            site_id=form.site_id.data or 0,
            name=form.name.data or "",
            supervisor_id=form.supervisor_id.data,
            actor=actor,
            now=now,
        )
        return team.id

    intents.once_for_form(name="team", key=form.key(), actor=actor, now=now, deed=form_it)


@bp.get("/teams/<reference>")
@needs("people.write")
def team(reference: str) -> str:
    shown = _team(reference)
    return render_template("people/team_form.html", form=TeamForm(obj=shown, site_id=shown.site_id), team=shown)


@bp.post("/teams/<reference>")
@needs("people.write")
def change_team(reference: str) -> ResponseReturnValue:
    shown = _team(reference)
    form = TeamForm(obj=shown, site_id=shown.site_id)
    form.site_id.data = shown.site_id
    status = 422
    if form.validate():
        try:
            people.edit_team(
                team_id=shown.id,
                name=form.name.data or "",
                supervisor_id=form.supervisor_id.data,
                version=form.version.data,
                actor=me(),
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("people.teams"), 303)
    return render_template("people/team_form.html", form=form, team=shown), status


def _site_ref(site_id: int) -> str:
    return ref("site", site_id)


def _team_ref(team_id: int) -> str:
    return ref("team", team_id)


def _site(reference: str) -> SiteRow:
    identity = parse_ref("site", reference)
    found = next((row for row in queries.sites() if row.id == identity), None)
    if found is None:
        raise NotFound
    return found


def _team(reference: str) -> TeamRow:
    identity = parse_ref("team", reference)
    found = queries.team(identity) if identity else None
    if found is None:
        raise NotFound
    return found


def _calendars() -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in calendars.calendars()]
