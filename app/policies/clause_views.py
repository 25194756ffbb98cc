"""One clause on a page of its own, for everybody who works under it: its words, its limits, who cares for it, who signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import Length, Optional

from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.policies import clause_actions as clauses
from app.policies import clause_queries, document_queries, sheet
from app.policies.blueprint import bp
from app.policies.clause_rules import Care, clause_hash, codes_of, side_of
from app.policies.document_queries import READ_BY_ALL, DocumentRow
from app.policies.document_views import in_force_id, row_of, site_day, stage_now
from app.policies.rules import Rule
from app.policies.sheet import ClauseSheet
from app.ui.forms import Form, LineField, VersionForm, options


class SignForm(Form):
    note = LineField(_l("What else is to be said"), [Length(max=clauses.NOTE_MAX)])


class CareForm(VersionForm):
    owner = SelectField(_l("Owner"))
    review_by = DateField(_l("Reviewed again by"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner.choices = options(clause_queries.possible_owners(), empty=_("Nobody yet"))


@dataclass(frozen=True, slots=True)
class Found:
    """A clause of a version within the reader's sight."""

    row: DocumentRow
    code: str
    sheet: ClauseSheet
    care: Care


@bp.get("/clauses/<ref>/<code>")
@needs("policies.follow")
def clause_page(ref: str, code: str) -> str:
    return _page(_found(ref, code), SignForm(formdata=None))


@bp.post("/clauses/<ref>/<code>/sign-offs")
@needs("policies.follow")
def sign_clause(ref: str, code: str) -> ResponseReturnValue:
    found, form, status = _found(ref, code), SignForm(), 422
    if form.validate():
        try:
            clauses.sign_off(
                version_id=found.row.id, code=found.code, note=form.note.data or "", actor=me(), now=utc_now()
            )
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Signed. It counts for every version in which this clause says the same."), "good")
            return redirect(url_for("policies.clause_page", ref=found.row.ref, code=found.code), 303)
    return _page(found, form), status


@bp.get("/clauses/<ref>/<code>/care")
@needs("policies.write")
def clause_care(ref: str, code: str) -> str:
    found, kept = _found(ref, code), clause_queries.care_row(code)
    form = CareForm(formdata=None, version=clause_queries.care_version(kept))
    if kept is not None:
        form.owner.data, form.review_by.data = str(kept.owner_id or ""), kept.review_by
    return render_template("policies/clause_care.html", found=found, form=form)


@bp.post("/clauses/<ref>/<code>/care")
@needs("policies.write")
def set_clause_care(ref: str, code: str) -> ResponseReturnValue:
    found, form, status = _found(ref, code), CareForm(), 422
    if form.validate():
        try:
            clauses.set_care(
                code=found.code, owner_id=int(form.owner.data) if form.owner.data else None,
                review_by=form.review_by.data, version=form.version.data, actor=me(), now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Saved."), "good")
            return redirect(url_for("policies.clause_page", ref=found.row.ref, code=found.code), 303)
    return render_template("policies/clause_care.html", found=found, form=form), status


def _found(ref: str, code: str) -> Found:
    """A clause as the reader may see it; without policies.read only what holds where they work, of what is read by all."""
    row = row_of(ref)
    reads_all, actor = can("policies.read"), me()
    if code not in codes_of(row.document) or not (reads_all or row.stage in READ_BY_ALL):
        raise NotFound
    rules: Sequence[Rule] = row.document.rules
    if not reads_all:
        rules = sheet.rules_at(row.document, site_id=actor.site_id, team_id=actor.team_id)
        if row.document.clause(code) is None and all(rule.clause != code for rule in rules):
            raise NotFound
    rules = [rule for rule in rules if rule.clause == code]
    known = document_queries.known()
    cares = clause_queries.cares_of(row.document, site_day(utc_now(), known))
    sheets = sheet.clause_sheets(row.document, known, rules=rules)
    words = row.document.clause(code)
    shown = next((one for one in sheets if one.code == code), None)
    if shown is None:
        assert words is not None
        shown = ClauseSheet(code, words.title, words.text, ())
    return Found(row, code, shown, cares[code])


def _page(found: Found, form: SignForm) -> str:
    now, actor = utc_now(), me()
    content = clause_hash(found.row.document, found.code)
    return render_template(
        "policies/clause_page.html",
        found=found,
        row=found.row,
        stage=stage_now(found.row, now, in_force_id(now)),
        form=form,
        may_sign=side_of(actor.role) is not None
        and found.row.stage in READ_BY_ALL
        and not clause_queries.has_signed(content, actor.id),
    )
