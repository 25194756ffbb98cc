"""What changes a case's course, each with a form of its own that also works as a page."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app.cases import actions as cases
from app.cases import queries, words
from app.cases.blueprint import bp
from app.cases.case_sheet import found
from app.cases.forms import AssignForm, EditForm, ReopenForm, ResolveForm, WaitForm
from app.cases.queries import CasePage
from app.kernel.errors import Conflict, Refusal
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.ui.forms import options


@bp.get("/cases/<ref>/resolution")
@needs("cases.write")
def resolution(ref: str) -> str:
    page = found(ref)
    return _form_page("resolution", page, ResolveForm(version=page.case.version))


@bp.post("/cases/<ref>/resolution")
@needs("cases.write")
def resolve(ref: str) -> ResponseReturnValue:
    page, form = found(ref), ResolveForm()

    def deed() -> None:
        cases.resolve(
            case_id=page.case.id,
            outcome=form.outcome.data,
            root_cause=form.root_cause.data,
            note=form.note.data or "",
            version=form.version.data,
            actor=me(),
            now=utc_now(),
        )

    return _do("resolution", page, form, deed, _("%(ref)s is resolved.", ref=page.ref))


@bp.get("/cases/<ref>/pauses")
@needs("cases.write")
def pauses(ref: str) -> str:
    return _form_page("pauses", found(ref), WaitForm())


@bp.post("/cases/<ref>/pauses")
@needs("cases.write")
def wait(ref: str) -> ResponseReturnValue:
    page, form = found(ref), WaitForm()

    def deed() -> None:
        cases.wait(
            case_id=page.case.id,
            waiting_for=form.waiting_for.data,
            reason=form.reason.data or "",
            actor=me(),
            now=utc_now(),
        )

    return _do("pauses", page, form, deed, _("%(ref)s waits.", ref=page.ref))


@bp.post("/cases/<ref>/resumption")
@needs("cases.write")
def resume(ref: str) -> ResponseReturnValue:
    page = found(ref)
    cases.resume(case_id=page.case.id, actor=me(), now=utc_now())
    flash(_("%(ref)s goes on.", ref=page.ref), "good")
    return redirect(url_for("cases.show", ref=page.ref), 303)


@bp.get("/cases/<ref>/reopening")
@needs("cases.write")
def reopening(ref: str) -> str:
    return _form_page("reopening", found(ref), ReopenForm())


@bp.post("/cases/<ref>/reopening")
@needs("cases.write")
def reopen(ref: str) -> ResponseReturnValue:
    page, form = found(ref), ReopenForm()

    def deed() -> None:
        cases.reopen(case_id=page.case.id, reason=form.reason.data or "", actor=me(), now=utc_now())

    return _do("reopening", page, form, deed, _("%(ref)s is open again.", ref=page.ref))


@bp.post("/cases/<ref>/closing")
@needs("cases.write")
def close(ref: str) -> ResponseReturnValue:
    page = found(ref)
    cases.close(case_id=page.case.id, actor=me(), now=utc_now())
    flash(_("%(ref)s is closed.", ref=page.ref), "good")
    return redirect(url_for("cases.show", ref=page.ref), 303)


@bp.get("/cases/<ref>/assignment")
@needs("cases.write")
def assignment(ref: str) -> str:
    page = found(ref)
    case = page.case
    form = _assign_form(page, AssignForm(owner_id=case.owner_id, team_id=case.team_id, version=case.version))
    return _form_page("assignment", page, form)


@bp.post("/cases/<ref>/assignment")
@needs("cases.write")
def assign(ref: str) -> ResponseReturnValue:
    page = found(ref)
    form = _assign_form(page, AssignForm())

    def deed() -> None:
        cases.assign(
            case_id=page.case.id,
            owner_id=form.owner_id.data,
            team_id=form.team_id.data,
            version=form.version.data,
            actor=me(),
            now=utc_now(),
        )

    return _do("assignment", page, form, deed, _("%(ref)s has its people.", ref=page.ref))


@bp.get("/cases/<ref>/edit")
@needs("cases.write")
def edit(ref: str) -> str:
    page = found(ref)
    return _form_page("edit", page, _edit_form(page, EditForm(obj=page.case)))


@bp.post("/cases/<ref>/edit")
@needs("cases.write")
def change(ref: str) -> ResponseReturnValue:
    page = found(ref)
    form = _edit_form(page, EditForm(obj=page.case))

    def deed() -> None:
        cases.change(
            case_id=page.case.id,
            version=form.version.data,
            values=form.values(),
            actor=me(),
            now=utc_now(),
        )

    return _do("edit", page, form, deed, _("%(ref)s is saved.", ref=page.ref))


def _do(name: str, page: CasePage, form: Any, deed: Any, done: str) -> ResponseReturnValue:
    """Do the deed that the form asks for, or show the form again with what was typed and what stands in its way."""
    status, meanwhile = 422, None
    if form.validate():
        try:
            deed()
        except Refusal as refusal:
            status = form.take(refusal)
            page = found(page.ref)
            if isinstance(refusal, Conflict):
                meanwhile = _meanwhile(page, form)
        else:
            flash(done, "good")
            return redirect(url_for("cases.show", ref=page.ref), 303)
    return _form_page(name, page, form, meanwhile), status


def _form_page(name: str, page: CasePage, form: FlaskForm, meanwhile: Any = None) -> str:
    return render_template(
        f"cases/{name}.html",
        page=page,
        case=page.case,
        form=form,
        meanwhile=meanwhile,
        severities=words.SEVERITY_WORDS,
    )


def _meanwhile(page: CasePage, form: Any) -> dict[str, Any]:
    """What somebody else changed: who, when, and each field that now differs from what is typed. The form goes on from there."""
    differs = []
    for name in ("summary", "description", "severity", "category_id", "attribution", "journey_stage"):
        if name in form and str(getattr(page.case, name) or "") != str(form[name].data or ""):
            differs.append((words.FIELD_WORDS[name], _said(page, name)))
    if "owner_id" in form:
        differs.append((_("Who takes care of it"), page.owner or _("Nobody")))
    changes = ("changed", "assigned", "note", "replied", "waiting", "resumed", "resolved", "reopened", "closed")
    last = queries.events(page.case.id, Page(size=1), changes).rows
    form.version.renew(page.case.version)
    return {"differs": differs, "who": last[-1].actor if last else None, "at": last[-1].at if last else None}


def _said(page: CasePage, name: str) -> Any:
    value = getattr(page.case, name)
    if name == "severity":
        return words.SEVERITY_WORDS[value]
    if name == "category_id":
        return page.category
    if name == "attribution":
        return words.ATTRIBUTION_WORDS[value]
    if name == "journey_stage":
        return words.STAGE_WORDS.get(value, "–")
    return value


def _assign_form(page: CasePage, form: AssignForm) -> AssignForm:
    owners = people.colleagues(page.case.site_id)
    managers = [one for one in people.active_people(("manager",)) if one.reaches(page.case.site_id)]
    listed = {row.id: row.name for row in (*owners, *managers)}
    if page.case.owner_id and page.owner:
        listed.setdefault(page.case.owner_id, page.owner)
    form.owner_id.choices = options(sorted(listed.items(), key=lambda pair: pair[1]), empty=_("Nobody yet"))
    teams = people.teams(page.case.site_id)
    form.team_id.choices = options(((team.id, team.name) for team in teams), empty=_("No team"))
    return form


def _edit_form(page: CasePage, form: EditForm) -> EditForm:
    rows = queries.categories()
    offered = [(row.id, row.name) for row in rows if row.active or row.id == page.case.category_id]
    form.category_id.choices = options(offered)
    if not form.is_submitted():
        form.severity.data = str(page.case.severity)
        form.journey_stage.data = page.case.journey_stage or ""
    return form
