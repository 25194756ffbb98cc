"""Downloads, and the page of a record's files: the list, and adding to it with or without scripts."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.attachments import actions as attachments
from app.attachments import hooks, queries, sending
from app.attachments.blueprint import bp
from app.attachments.forms import FilesForm
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.ui.preferences import safe_next

__all__ = ["bp"]


@bp.get("/attachments/<ref>")
@needs("attachments.read")
def download(ref: str) -> Response:
    """Give one file out to whoever may read its subject."""
    attachment_id = parse_ref("attachment", ref)
    row = queries.file_row(attachment_id) if attachment_id else None
    if row is None:
        raise NotFound
    hooks.place_of(row.subject_kind, row.subject_id, me(), "read")
    return sending.download(row)


@bp.post("/attachments/<ref>/removal")
@needs("attachments.add")
def remove(ref: str) -> ResponseReturnValue:
    attachment_id = parse_ref("attachment", ref)
    if attachment_id is None:
        raise NotFound
    attachments.remove(attachment_id=attachment_id, actor=me(), now=utc_now())
    flash(_("The file is removed."), "good")
    return redirect(safe_next(request.form.get("next")), 303)


@bp.get("/cases/<ref>/attachments")
@needs("cases.read")
def of_case(ref: str) -> str:
    return _page("case", ref, FilesForm(formdata=None))


@bp.post("/cases/<ref>/attachments")
@needs("cases.write")
def add_to_case(ref: str) -> ResponseReturnValue:
    return _add("case", ref, lambda: url_for("cases.show", ref=ref, _anchor="files"))


@bp.get("/exceptions/<ref>/attachments")
@needs("exceptions.read")
def of_exception(ref: str) -> str:
    """The page, or the part of it that the request's own page fetches."""
    is_part = "HX-Request" in request.headers
    template = "attachments/_exception.html" if is_part else "attachments/files.html"
    return _page("exception", ref, FilesForm(formdata=None), template)


@bp.post("/exceptions/<ref>/attachments")
@needs("exceptions.ask")
def add_to_exception(ref: str) -> ResponseReturnValue:
    return _add("exception", ref, lambda: url_for("approvals.show", ref=ref))


def _add(kind: str, ref: str, back: Callable[[], str]) -> ResponseReturnValue:
    form, subject_id = FilesForm(), _id(kind, ref)
    hooks.place_of(kind, subject_id, me(), "add")
    if not form.validate():
        return _page(kind, ref, form), 422
    if not form.files.uploads:
        form.files.errors = [_("Choose a file first.")]
        return _page(kind, ref, form), 422
    try:
        with attachments.prepared(form.files.uploads) as files:
            attachments.add(subject_kind=kind, subject_id=subject_id, files=files, actor=me(), now=utc_now())
    except BadInput as mistake:
        form.take(mistake)
        return _page(kind, ref, form), 422
    flash(ngettext("%(num)d file added.", "%(num)d files added.", len(files)), "good")
    return redirect(back(), 303)


def _page(kind: str, ref: str, form: FilesForm, template: str = "attachments/files.html") -> str:
    subject_id = _id(kind, ref)
    place = hooks.place_of(kind, subject_id, me(), "read")
    back: dict[str, Any] = {"case": "cases.show", "exception": "approvals.show"}
    return render_template(
        template,
        form=form,
        files=queries.files_of(kind, subject_id),
        place=place,
        back_url=url_for(back[kind], ref=place.ref),
        add_url=url_for(f"attachments.add_to_{kind}", ref=place.ref),
        may_add=_may_add(kind, subject_id),
    )


def _may_add(kind: str, subject_id: int) -> bool:
    try:
        hooks.place_of(kind, subject_id, me(), "add")
    except Refusal:
        return False
    return True


def _id(kind: str, ref: str) -> int:
    found = parse_ref(kind, ref)
    if found is None:
        raise NotFound
    return found
