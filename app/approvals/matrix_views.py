"""The pages of the delegation-of-authority matrix: read it, write a draft, publish it with four eyes."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.approvals import matrix_actions as matrix
from app.approvals import matrix_queries as queries
from app.approvals import matrix_words as words
from app.approvals.blueprint import bp
from app.approvals.matrix_document_rules import Known, findings
from app.approvals.matrix_forms import MatrixRowForm
from app.approvals.matrix_queries import MatrixVersion
from app.approvals.matrix_rules import MatrixRow
from app.approvals.matrix_words import Names
from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.people.step_up import require_proof


@dataclass(frozen=True, slots=True)
class Table:
    """One version as a page shows it."""

    version: MatrixVersion
    rows: list[words.Shown]
    by: dict[int, str]

    @property
    def authors(self) -> str:
        return ", ".join(self.by.get(identity, "–") for identity in self.version.author_ids)

    @property
    def is_sound(self) -> bool:
        return not any(row.wrong for row in self.rows)


@bp.get("/authority-matrix")
@needs("policies.read")
def authority_matrix() -> str:
    return _page()


@bp.get("/authority-matrix/draft/rows/new")
@needs("policies.write")
def new_matrix_row() -> str:
    return _form_page(_form(None), None)


@bp.post("/authority-matrix/draft/rows")
@needs("policies.write")
def add_matrix_row() -> ResponseReturnValue:
    return _save(None)


@bp.get("/authority-matrix/draft/rows/<int:place>")
@needs("policies.write")
def matrix_row(place: int) -> str:
    return _form_page(_form(_row(place)), place)


@bp.post("/authority-matrix/draft/rows/<int:place>")
@needs("policies.write")
def change_matrix_row(place: int) -> ResponseReturnValue:
    return _save(place)


@bp.post("/authority-matrix/draft/rows/<int:place>/removal")
@needs("policies.write")
def remove_matrix_row(place: int) -> ResponseReturnValue:
    return _deed(lambda version: matrix.remove_row(place=place, version=version, actor=me(), now=utc_now()), _("Gone."))


@bp.post("/authority-matrix/draft/removal")
@needs("policies.write")
def discard_matrix() -> ResponseReturnValue:
    def deed(version: int | None) -> None:
        matrix.discard(version=version or 0, actor=me(), now=utc_now())

    return _deed(deed, _("The draft is gone; the matrix in force stays."))


@bp.post("/authority-matrix/publication")
@needs("policies.publish")
def publish_matrix() -> ResponseReturnValue:
    require_proof()

    def deed(version: int | None) -> None:
        matrix.publish(version=version or 0, actor=me(), now=utc_now())

    return _deed(deed, _("The matrix is in force. Requests that wait keep the route they were asked with."))


def _deed(deed: Any, done: str) -> ResponseReturnValue:
    try:
        deed(_version(request.form.get("version")))
    except Refusal as refusal:
        return _page(str(refusal)), refusal.status
    flash(done, "good")
    return redirect(url_for("approvals.authority_matrix"), 303)


def _save(place: int | None) -> ResponseReturnValue:
    form = _form(None if place is None else _row(place))
    known = queries.around().known
    if form.validate() and not form.needs_currency():
        row = form.row(known)
        wrong = [words.finding_words(one) for one in findings([row], known)]
        if not wrong:
            return _deed(
                lambda version: matrix.save_row(place=place, row=row, version=version, actor=me(), now=utc_now()),
                _("%(name)s is in the draft.", name=row.name),
            )
        form.mark(wrong)
    return _form_page(form, place), 422


def _version(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _row(place: int) -> MatrixRow:
    """A row of the draft; before there is a draft, of the version that it would start from."""
    source = queries.draft() or queries.in_force()
    if source is None or place >= len(source.rows):
        raise NotFound
    return source.rows[place]


def _form(row: MatrixRow | None) -> MatrixRowForm:
    found = queries.around()
    return MatrixRowForm().prepare(found.known, _names(found), found.currencies, row)


def _form_page(form: MatrixRowForm, place: int | None) -> str:
    draft = queries.draft()
    return render_template("approvals/matrix_row.html", form=form, place=place, version=draft.version if draft else "")


def _page(refusal: str | None = None) -> str:
    found, draft = queries.around(), queries.draft()
    known, names = found.known, _names(found)
    return render_template(
        "approvals/matrix.html",
        current=_table(queries.in_force(), known, names),
        draft=_table(draft, known, names),
        is_author=draft is not None and me().id in draft.author_ids,
        versions=queries.versions(),
        names=names,
        refusal=refusal,
    )


def _table(version: MatrixVersion | None, known: Known, names: Names) -> Table | None:
    if version is None:
        return None
    found = findings(version.rows, known) if version.is_draft else []
    by = people.names([version.made_by_id, version.published_by_id, *version.author_ids])
    return Table(version, words.shown(version.rows, found, names), by)


def _names(found: queries.Around) -> Names:
    return Names(found.sites, found.teams, found.kinds, found.categories, found.people)
