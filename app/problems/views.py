"""Root causes: the list, one of them, opening and changing one, its cases, and that it is fixed."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases import search_queries
from app.cases import words as case_words
from app.cases.models import Case
from app.cases.rules import CAUSES
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import can, me, my_scope, needs
from app.problems import actions, case_views, note_views, queries, words
from app.problems.blueprint import bp as bp
from app.problems.forms import WHOLE_COMPANY, CauseForm, FixForm, NewCauseForm, ReopenForm, chosen_cases
from app.problems.models import Cause
from app.problems.queries import CauseView
from app.ui.forms import Form

__all__ = ["bp", "case_views", "note_views"]


@bp.get("/causes")
@needs("causes.read")
def index() -> str:
    state = request.args.get("state")
    is_fixed = {"open": False, "fixed": True}.get(state or "")
    page = Page.of(request.args.get("after"))
    found = queries.causes(my_scope("causes.read"), page, is_fixed=is_fixed)
    here: dict[str, Any] = {"state": state if is_fixed is not None else None}
    return render_template(
        "problems/index.html",
        found=found,
        state=here["state"],
        kinds=case_words.CAUSE_WORDS,
        may_write=can("causes.write"),
        next_url=url_for("problems.index", **here, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("problems.index", **here) if page.after else None,
    )


@bp.get("/causes/new")
@needs("causes.write")
def new() -> str:
    form = _new_form()
    case = cases.find(request.args.get("case", ""), my_scope("cases.read"))
    if case is not None:
        form.case.data, form.category_id.data, form.kind.data = case.ref, case.category_id, case.root_cause
        if form.site_id:
            form.site_id.data = str(case.site_id)
    return render_template("problems/new.html", form=form, case=case)


@bp.post("/causes")
@needs("causes.write")
def open_cause() -> ResponseReturnValue:
    form, case = _new_form(), None
    if form.case.data:
        case = cases.find(form.case.data, my_scope("cases.write"))
    if form.validate():
        try:
            made = _open_once(form, case)
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("The root cause is open. Put the cases to it that it explains."), "good")
            return redirect(url_for("problems.show", ref=made.ref), 303)
    return render_template("problems/new.html", form=form, case=case), 422


def _open_once(form: NewCauseForm, case: Case | None) -> Cause:
    actor, now = me(), utc_now()

    def open_it() -> int:
        made = actions.open_cause(site_id=_place(form), **form.values(), actor=actor, now=now)
        if case is not None:
            actions.link(cause_id=made.id, case_ids=[case.id], actor=actor, now=now)
        return made.id

    return db.session.get_one(
        Cause, intents.once_for_form(name="cause", key=form.key(), actor=actor, now=now, deed=open_it)
    )


@bp.get("/causes/<ref>")
@needs("causes.read")
def show(ref: str) -> str:
    return _page(ref)


@bp.get("/causes/<ref>/changes")
@needs("causes.write")
def edit(ref: str) -> str:
    found = cause_of(ref)
    return render_template("problems/edit.html", found=found, form=_edit_form(found))


@bp.post("/causes/<ref>/changes")
@needs("causes.write")
def change(ref: str) -> ResponseReturnValue:
    found, status = cause_of(ref), 422
    form = _edit_form(found)
    if form.validate():
        said = {**form.values(), "owner_id": form.owner_id.data or 0, "version": form.version.data}
        try:
            actions.change(cause_id=found.cause.id, **said, actor=me(), now=utc_now())
        except BadInput as mistake:
            form.take(mistake)
        except NotFound:
            raise
        except Refusal as refusal:
            status = _refuse(form, refusal, ref)
        else:
            flash(_("The change is saved."), "good")
            return redirect(url_for("problems.show", ref=ref), 303)
    return render_template("problems/edit.html", found=found, form=form), status


@bp.get("/causes/<ref>/cases")
@needs("causes.write")
def find_cases(ref: str) -> str:
    """Cases that the cause may explain, by category, cause and words."""
    found, scope, asked = cause_of(ref), my_scope("cases.write"), request.args
    kind = asked.get("kind") if asked.get("kind") in CAUSES else None
    category_id = asked.get("category", None, type=int)
    typed = asked.get("q", "").strip()
    named = [row.id for row in search_queries.search(typed, scope, 200)] if typed else None
    is_asked = bool(kind or category_id or typed)
    rows = queries.linkable(found.cause, scope, category_id=category_id, root_cause=kind, named=named)
    return render_template(
        "problems/cases.html",
        found=found,
        rows=rows if is_asked else (),
        is_asked=is_asked,
        is_cut=len(rows) == queries.FOUND_MAX,
        kind=kind,
        category_id=category_id,
        typed=typed,
        categories=cases.categories(),
        kinds=case_words.CAUSE_WORDS,
        states=case_words.STATE_WORDS,
    )


@bp.post("/causes/<ref>/cases")
@needs("causes.write")
def link(ref: str) -> ResponseReturnValue:
    found = cause_of(ref)
    ids = [parse_ref("case", one) or 0 for one in chosen_cases()[: queries.FOUND_MAX]]
    count = actions.link(cause_id=found.cause.id, case_ids=ids, actor=me(), now=utc_now()) if ids else 0
    said = ngettext("%(num)d case is put to the cause.", "%(num)d cases are put to the cause.", count)
    flash(said if ids else _("No case was chosen."), "good" if count else "info")
    return redirect(url_for("problems.show", ref=ref, _anchor="cases"), 303)


@bp.post("/causes/<ref>/cases/<case>/removal")
@needs("causes.write")
def unlink(ref: str, case: str) -> ResponseReturnValue:
    found = cause_of(ref)
    actions.unlink(cause_id=found.cause.id, case_id=parse_ref("case", case) or 0, actor=me(), now=utc_now())
    flash(_("%(case)s isn't put to this cause any more.", case=case), "good")
    return redirect(url_for("problems.show", ref=ref, _anchor="cases"), 303)


@bp.get("/causes/<ref>/fix")
@needs("causes.fix")
def fixing(ref: str) -> str:
    found = cause_of(ref)
    form = ReopenForm(formdata=None) if found.fix else FixForm(formdata=None)
    form.version.data = found.cause.version
    return render_template("problems/fix.html", found=found, form=form)


@bp.post("/causes/<ref>/fix")
@needs("causes.fix")
def fix(ref: str) -> ResponseReturnValue:
    return _mark(ref, FixForm(), actions.fix, "done", _("It is marked as fixed. Now tell the customers."))


@bp.post("/causes/<ref>/reopening")
@needs("causes.fix")
def reopen(ref: str) -> ResponseReturnValue:
    return _mark(ref, ReopenForm(), actions.reopen, "reason", _("The cause is open again."))


def _mark(ref: str, form: Any, deed: Any, field: str, said: str) -> ResponseReturnValue:
    """Mark a cause as fixed, or as not fixed after all."""
    found, status = cause_of(ref), 422
    if form.validate():
        typed = {field: form[field].data or "", "version": form.version.data}
        try:
            deed(cause_id=found.cause.id, **typed, actor=me(), now=utc_now())
        except BadInput as mistake:
            form.take(mistake)
        except NotFound:
            raise
        except Refusal as refusal:
            status = _refuse(form, refusal, ref)
        else:
            flash(said, "good")
            return redirect(url_for("problems.show", ref=ref), 303)
    return render_template("problems/fix.html", found=cause_of(ref), form=form), status


def _refuse(form: Form, refusal: Refusal, ref: str) -> int:
    """Say it on the form, which names the newest state from now on."""
    form["version"].renew(cause_of(ref).cause.version)
    return form.take(refusal)


def _new_form() -> NewCauseForm:
    form = NewCauseForm()
    form.offer(my_scope("causes.write"), is_new=True)
    return form


def _edit_form(found: CauseView) -> CauseForm:
    form = CauseForm(obj=found.cause)
    form.offer(my_scope("causes.write"), is_new=False, site_id=found.cause.site_id)
    return form


def _place(form: CauseForm) -> int | None:
    """Where the cause is: one's own site, or what somebody of the whole company chose."""
    if not form.site_id:
        return me().site_id
    return None if form.site_id.data == WHOLE_COMPANY else int(form.site_id.data)


def cause_of(ref: str) -> CauseView:
    """The cause of an address within the reader's scope; anything else answers like one that doesn't exist."""
    found = queries.view(ref, my_scope("causes.read"))
    if found is None:
        raise NotFound
    return found


def _page(ref: str) -> str:
    found = cause_of(ref)
    page = Page.of(request.args.get("after"), queries.CASES_SHOWN)
    linked = queries.cases_of(found.cause.id, my_scope("cases.read"), page)
    is_ours = found.cause.site_id is not None or my_scope("causes.read").kind == "company"
    return render_template(
        "problems/show.html",
        found=found,
        linked=linked,
        count=queries.case_count(found.cause.id),
        notes=queries.notes_of(found.cause.id),
        told=queries.newest_words(found.cause.id),
        words=words,
        kinds=case_words.CAUSE_WORDS,
        states=case_words.STATE_WORDS,
        may_write=can("causes.write"),
        may_edit=can("causes.write") and is_ours,
        may_fix=can("causes.fix") and is_ours,
        next_url=url_for("problems.show", ref=ref, after=linked.next_cursor) if linked.next_cursor else None,
        start_url=url_for("problems.show", ref=ref) if page.after else None,
    )
