"""What was said so far about a case: beside the case, and as a page of its own."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import words
from app.cases.case_sheet import found
from app.kernel.errors import BadInput, Conflict
from app.kernel.time import utc_now
from app.messages import continuity_actions, continuity_queries
from app.messages.blueprint import bp
from app.messages.continuity_queries import NoteRow
from app.messages.forms import ContinuityForm
from app.people.access import can, me, needs
from app.ui.forms import differing


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
        except Conflict as refusal:
            return _page(ref, form, _meanwhile(form, page.case.id)), refusal.status
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("The note is saved."), "good")
            return redirect(url_for("cases.show", ref=page.ref), 303)
    return _page(ref, form), 422


def _held(note: NoteRow | None) -> ContinuityForm:
    return ContinuityForm(formdata=None, text=note.text if note else "", version=str(note.version if note else 0))


def _meanwhile(form: ContinuityForm, case_id: int) -> dict[str, Any] | None:
    """What somebody else noted while this was typed. Sent once more, the form goes on from there."""
    note = continuity_queries.note_of(case_id)
    form.version.renew(note.version if note else 0)
    return {"differs": differing(form, _held(note)), "at": note.at, "who": note.by} if note else None


def _page(ref: str, form: ContinuityForm | None, meanwhile: dict[str, Any] | None = None) -> str:
    """The page, or the part of it that the case fetches."""
    page = found(ref)
    note = continuity_queries.note_of(page.case.id)
    said = continuity_queries.of_case(page.case.id)
    names = {**words.CHANNEL_WORDS, "page": words.WROTE_WORDS["page"]}
    is_part = request.method == "GET" and "HX-Request" in request.headers
    return render_template(
        "messages/_continuity.html" if is_part else "messages/continuity.html",
        page=page,
        note=note,
        said=said,
        form=form or _held(note),
        meanwhile=meanwhile,
        may_write=can("cases.write"),
        channel_words=[str(names[one]) for one in said.channels if one in names],
    )
