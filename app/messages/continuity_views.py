"""What was said so far about a case: beside the case, and as a page of its own."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import words
from app.cases.case_sheet import found
from app.kernel.errors import BadInput, Conflict
from app.kernel.time import utc_now
from app.messages import continuity_actions, continuity_queries
from app.messages.blueprint import bp
from app.messages.forms import ContinuityForm
from app.people.access import can, me, needs


@bp.get("/cases/<ref>/continuity")
@needs("cases.read")
def continuity(ref: str) -> str:
    return _page(ref, None)


@bp.post("/cases/<ref>/continuity")
@needs("cases.write")
def note_continuity(ref: str) -> ResponseReturnValue:
    page, form = found(ref), ContinuityForm()
    if form.validate():
        try:
            continuity_actions.note(
                case_id=page.case.id, text=form.text.data or "", version=form.version.data, actor=me(), now=utc_now()
            )
        except (BadInput, Conflict) as refusal:
            form.take(refusal)
        else:
            flash(_("The note is saved."), "good")
            return redirect(url_for("cases.show", ref=page.ref), 303)
    return _page(ref, form), 422


def _page(ref: str, form: ContinuityForm | None) -> str:
    """The page, or the part of it that the case fetches."""
    page = found(ref)
    note = continuity_queries.note_of(page.case.id)
    if form is None:
        form = ContinuityForm(formdata=None, text=note.text if note else "", version=str(note.version if note else 0))
    said = continuity_queries.of_case(page.case.id)
    names = {**words.CHANNEL_WORDS, "page": words.WROTE_WORDS["page"]}
    is_part = request.method == "GET" and "HX-Request" in request.headers
    return render_template(
        "messages/_continuity.html" if is_part else "messages/continuity.html",
        page=page,
        note=note,
        said=said,
        form=form,
        may_write=can("cases.write"),
        channel_words=[str(names[one]) for one in said.channels if one in names],
    )
