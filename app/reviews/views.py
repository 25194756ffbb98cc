"""Pages of outcome reviews: the list, opening one, the review itself, its evidence, and what is taken along."""

from datetime import timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.cases import words as case_words
from app.kernel.errors import NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.references import ref as make_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.people.permissions import COMPANY
from app.people.step_up import require_proof
from app.remedies import queries as remedies
from app.reviews import actions, charter_views, deed_views, pdf, queries, recognition_views, rules, words
from app.reviews.blueprint import bp as bp
from app.reviews.forms import OpenForm
from app.reviews.queries import ReviewRow
from app.reviews.sheet import Sheet, data_of, sheet_of
from app.ui.forms import VersionForm, options

PAGES = (charter_views, deed_views, recognition_views)
EVENTS_SHOWN = 50


@bp.get("/reviews")
@needs("reviews.read")
def index() -> str:
    page = Page.of(request.args.get("after"))
    found = queries.reviews(my_scope("reviews.read"), page)
    return render_template(
        "reviews/index.html",
        found=found,
        words=words,
        me_id=me().id,
        next_url=url_for("reviews.index", after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("reviews.index") if page.after else None,
    )


@bp.get("/reviews/new")
@needs("reviews.open")
def new() -> str:
    first = utc_now().date().replace(day=1)
    form = _open_form(formdata=None)
    form.until_on.data = first - timedelta(days=1)
    form.since_on.data = (first - timedelta(days=170)).replace(day=1)
    return render_template("reviews/new.html", form=form)


@bp.post("/reviews")
@needs("reviews.open")
def open_review() -> ResponseReturnValue:
    form, status = _open_form(), 422
    if form.validate():
        try:
            row = actions.open_review(
                employee_id=int(form.employee.data), since_on=form.since_on.data,  # type: ignore[arg-type]
                until_on=form.until_on.data + timedelta(days=1), actor=me(), now=utc_now(),  # type: ignore[operator,arg-type]
            )  # fmt: skip
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Opened. The figures are frozen, and the first word is asked of the person."), "good")
            return redirect(url_for("reviews.show", ref=row.ref), 303)
    return render_template("reviews/new.html", form=form), status


@bp.get("/reviews/<ref>")
@needs("reviews.read")
def show(ref: str) -> str:
    sheet = sheet_for(ref, "page")
    form = VersionForm(formdata=None, version=sheet.row.version)
    return render_template("reviews/show.html", sheet=sheet, row=sheet.row, words=words, form=form)


@bp.get("/reviews/<ref>/cases/<case_ref>")
@needs("reviews.read")
def evidence(ref: str, case_ref: str) -> str:
    """A case of the review, without the customer's name: whoever reads reviews needn't read cases."""
    row = row_of(ref)
    named = {one.case_id for one in queries.evidence(row)}
    named |= {parse_ref("case", one) or 0 for item in queries.conduct(row.id) for one in item.case_refs}
    case_id = parse_ref("case", case_ref) or 0
    page = cases.case_page(case_ref, COMPANY) if case_id in named else None
    if page is None:
        raise NotFound
    actions.log_read(row=row, how="page", actor=me(), now=utc_now())
    return render_template(
        "reviews/case.html",
        row=row,
        page=page,
        clause=queries.protected(row.employee_id, [case_id]).get(case_id),
        remedies=remedies.remedies_of_case(case_id),
        events=[one for one in cases.events(case_id, Page(EVENTS_SHOWN)).rows if one.text and one.actor_id],
        words=case_words,
        reads=can("cases.read"),
    )


@bp.get("/reviews/<ref>/pdf")
@needs("reviews.read")
def as_pdf(ref: str) -> ResponseReturnValue:
    require_proof()
    row = row_of(ref)
    try:
        found = pdf.write(sheet_of(row, None, utc_now(), width=pdf.WIDTH), utc_now())
    except Refusal as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("reviews.show", ref=ref), 303)
    actions.log_read(row=row, how="pdf", actor=me(), now=utc_now())
    return _file(found, "application/pdf", f"review-{row.ref}.pdf")


@bp.get("/reviews/<ref>/data")
@needs("reviews.read")
def as_data(ref: str) -> Response:
    require_proof()
    sheet = sheet_for(ref, "data")
    return _file(pdf.as_json(data_of(sheet)), "application/json", f"review-{sheet.row.ref}.json")


def sheet_for(ref: str, how: str) -> Sheet:
    """The review whole, after noting who reads it."""
    row = row_of(ref)
    actor = me()
    actions.log_read(row=row, how=how, actor=actor, now=utc_now())
    return sheet_of(row, row.side_of(actor), utc_now())


def row_of(ref: str) -> ReviewRow:
    """A review that the reader may see; a stranger gets the same answer as for one that doesn't exist."""
    row = queries.review(parse_ref("review", ref) or 0, my_scope("reviews.read"))
    if row is None:
        raise NotFound
    return row


def _open_form(**given: object) -> OpenForm:
    form = OpenForm(**given)
    actor = me()
    people_here = [
        one
        for one in people.active_people(rules.ROLES)
        if one.id != actor.id
        and rules.may_open(
            opener_role=actor.role, opener_id=actor.id, employee_role=one.role, manager_id=one.manager_id
        )
    ]
    form.employee.choices = options(
        [(one.id, f"{one.name}, {one.job_title or make_ref('employee', one.id)}") for one in people_here],
        empty=_("Choose"),
    )
    return form


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
