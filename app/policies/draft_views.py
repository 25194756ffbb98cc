"""The editor: one draft with its words, clauses and limits, and what there is to find in it while it is written."""

from collections.abc import Mapping
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, Refusal
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.policies import actions as policies
from app.policies import document_queries, sheet
from app.policies.blueprint import bp
from app.policies.check_rules import findings
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import Clause, Document, limit_of
from app.policies.document_views import found_in, in_force_id, row_of, stage_now
from app.policies.draft_forms import ClauseForm, WordsForm, read_limits, written_limit
from app.policies.finding_words import finding_rows
from app.policies.known_rules import Known
from app.ui.forms import VersionForm


@bp.get("/policies/<ref>/edit")
@needs("policies.write")
def edit(ref: str) -> ResponseReturnValue:
    row = row_of(ref)
    if not row.is_editable:
        flash(_("This version can't be changed. Make a copy of it to go on."), "warn")
        return redirect(url_for("policies.show", ref=row.ref), 303)
    return editor(row, VersionForm(formdata=None, version=row.version))


def editor(
    row: DocumentRow, form: VersionForm, *, typed: Mapping[str, str] | None = None, wrong: Mapping[int, str] | None = None
) -> str:  # fmt: skip
    """Render the editor; typed: what stands in the limits' boxes after a mistake."""
    known, typed, now = document_queries.known(), typed or {}, utc_now()
    current = in_force_id(now)
    shown = {rule.id: typed.get(f"limit-{rule.id}", written_limit(limit_of(rule))) for rule in row.document.rules}
    return render_template(
        "policies/edit.html",
        row=row,
        form=form,
        stage=stage_now(row, now, current),
        rules=row.document.rules,
        lines={line.place: line for line in sheet.rule_lines(row.document.rules, known)},
        typed=shown,
        wrong=wrong or {},
        findings=found_in(row, known),
        compared=current,
    )


@bp.post("/policies/<ref>/limits")
@needs("policies.write")
def change_limits(ref: str) -> ResponseReturnValue:
    row, form, status = row_of(ref), VersionForm(), 422
    limits, wrong = read_limits(row.document, request.form)
    if form.validate() and not wrong:
        try:
            policies.change_limits(
                version_id=row.id, version=form.version.data, limits=limits, actor=me(), now=utc_now()
            )
        except Refusal as refusal:
            status = turned_away(form, refusal, ref)
            row = row_of(ref)
        else:
            flash(_("The limits are saved."), "good")
            return redirect(url_for("policies.edit", ref=row.ref), 303)
    return editor(row, form, typed=request.form, wrong=wrong), status


@bp.post("/policies/<ref>/findings")
@needs("policies.write")
def preview_limits(ref: str) -> str:
    """What there would be to find with the limits that are typed just now; nothing is kept."""
    row = row_of(ref)
    limits, wrong = read_limits(row.document, request.form)
    rules = (replace(rule, limit_minor=limits.get(rule.id, rule.limit_minor)) for rule in row.document.rules)
    return preview(row.document.with_rules(rules), document_queries.known(), unread=len(wrong))


def preview(document: Document, known: Known, *, unread: int = 0) -> str:
    rows = finding_rows(findings(document, known), document, known)
    return render_template("policies/_findings.html", findings=rows, unread=unread, is_preview=True)


@bp.get("/policies/<ref>/words")
@needs("policies.write")
def words(ref: str) -> str:
    row = row_of(ref)
    document = row.document
    form = WordsForm(
        formdata=None, version=row.version, title=document.title, rationale=document.rationale, source=document.source,
        valid_from=row.valid_from,
    )  # fmt: skip
    return render_template("policies/words.html", row=row, form=form)


@bp.post("/policies/<ref>/words")
@needs("policies.write")
def change_words(ref: str) -> ResponseReturnValue:
    row, form, status = row_of(ref), WordsForm(), 422
    if form.validate():
        try:
            policies.change_details(
                version_id=row.id, version=form.version.data, title=form.title.data or "",
                source=form.source.data or "", rationale=form.rationale.data or "", valid_from=form.valid_from.data,
                actor=me(), now=utc_now(),
            )  # fmt: skip
            return redirect(url_for("policies.edit", ref=row.ref), 303)
        except Refusal as refusal:
            status = turned_away(form, refusal, ref)
    return render_template("policies/words.html", row=row, form=form), status


def turned_away(form: VersionForm, refusal: Refusal, ref: str) -> int:
    """Say a refusal on the form. What is typed may be sent again on top of what stands there now, unless it was at fault itself."""
    if not isinstance(refusal, BadInput):
        form.version.renew(row_of(ref).version)
    return form.take(refusal)


@bp.get("/policies/<ref>/clauses/new")
@bp.get("/policies/<ref>/clauses/<code>")
@needs("policies.write")
def clause(ref: str, code: str | None = None) -> str:
    row = row_of(ref)
    found = (row.document.clause(code) or Clause(code)) if code else None
    values = {"code": found.code, "title": found.title, "text": found.text} if found else {}
    form = ClauseForm(formdata=None, version=row.version, **values)
    return render_template("policies/clause.html", row=row, form=form, code=code, named=_named(row, code))


@bp.post("/policies/<ref>/clauses/new")
@bp.post("/policies/<ref>/clauses/<code>")
@needs("policies.write")
def put_clause(ref: str, code: str | None = None) -> ResponseReturnValue:
    row, form, status = row_of(ref), ClauseForm(), 422
    if form.validate():
        written = Clause(form.code.data or "", form.title.data or "", form.text.data or "")
        try:
            policies.put_clause(
                version_id=row.id, version=form.version.data, clause=written, was=code, actor=me(), now=utc_now()
            )
            return redirect(url_for("policies.edit", ref=row.ref, _anchor="clauses"), 303)
        except Refusal as refusal:
            status = turned_away(form, refusal, ref)
    return render_template("policies/clause.html", row=row, form=form, code=code, named=_named(row, code)), status


@bp.post("/policies/<ref>/clauses/<code>/removal")
@needs("policies.write")
def remove_clause(ref: str, code: str) -> ResponseReturnValue:
    row, form = row_of(ref), VersionForm()
    try:
        policies.remove_clause(version_id=row.id, version=form.version.data, code=code, actor=me(), now=utc_now())
    except BadInput as mistake:
        flash(" ".join(text for texts in mistake.errors.values() for text in texts), "bad")
    return redirect(url_for("policies.edit", ref=row.ref, _anchor="clauses"), 303)


def _named(row: DocumentRow, code: str | None) -> int:
    """How many rules name a clause."""
    return sum(rule.clause == code for rule in row.document.rules)


@bp.post("/policies/<ref>/discard")
@needs("policies.write")
def discard(ref: str) -> ResponseReturnValue:
    row, form = row_of(ref), VersionForm()
    policies.discard_draft(version_id=row.id, version=form.version.data, actor=me(), now=utc_now())
    flash(_("The draft is discarded. It stays readable, and can be copied."), "good")
    return redirect(url_for("policies.index"), 303)
