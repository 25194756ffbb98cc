"""The root cause of one case: a part of its page, and a page of its own."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases.case_sheet import found
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import can, me, my_scope, needs
from app.problems import actions, queries
from app.problems.blueprint import bp
from app.problems.forms import LinkForm
from app.ui.forms import options


@bp.get("/cases/<ref>/cause")
@needs("causes.read")
def of_case(ref: str) -> str:
    return _page(ref, None)


@bp.post("/cases/<ref>/cause")
@needs("causes.write")
def put_case(ref: str) -> ResponseReturnValue:
    """Put the case to a cause that is known already."""
    page, form = found(ref), LinkForm()
    form.cause.choices = options((row.ref, row.title) for row in queries.open_for(page.case.site_id))
    if not form.validate():
        return _page(ref, form), 422
    cause_id = parse_ref("cause", form.cause.data or "") or 0
    if not queries.view(form.cause.data or "", my_scope("causes.read")):
        raise NotFound
    if actions.link(cause_id=cause_id, case_ids=[page.case.id], actor=me(), now=utc_now()):
        flash(_("The case is put to the cause."), "good")
    else:
        flash(_("The case has a cause already."), "info")
    return redirect(url_for("cases.show", ref=page.ref), 303)


def _page(ref: str, form: LinkForm | None) -> str:
    """The page, or the part of it that the case fetches."""
    page = found(ref)
    known = queries.cause_of_case(page.case.id)
    may_write = can("causes.write") and known is None
    if may_write and form is None:
        form = LinkForm(formdata=None)
        form.cause.choices = options(
            ((row.ref, row.title) for row in queries.open_for(page.case.site_id)), empty=_("Choose")
        )
    is_part = request.method == "GET" and "HX-Request" in request.headers
    return render_template(
        "problems/_case.html" if is_part else "problems/case.html",
        page=page,
        known=known,
        form=form,
        may_write=may_write,
    )
