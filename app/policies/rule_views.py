"""One rule of a draft: a form that says back what it reads, and what it would do to the whole."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.policies import actions as policies
from app.policies import document_queries, sheet
from app.policies.blueprint import bp
from app.policies.check_rules import findings
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import rule_of_values
from app.policies.document_views import row_of
from app.policies.draft_forms import RuleForm
from app.policies.draft_views import turned_away
from app.policies.finding_words import FindingRow, finding_rows
from app.policies.known_rules import Known
from app.policies.rules import Rule
from app.ui.forms import VersionForm


@bp.get("/policies/<ref>/rules/new")
@bp.get("/policies/<ref>/rules/<int:place>")
@needs("policies.write")
def rule(ref: str, place: int | None = None) -> str:
    row, known = row_of(ref), document_queries.known()
    if place is None:
        form = RuleForm(known, row.document, formdata=None, version=row.version, unit="incident")
        return _page(row, form, None, known)
    found = row.document.rule(place)
    if found is None:
        raise NotFound
    return _page(row, RuleForm.of(found, known, row.document, row.version), place, known)


@bp.post("/policies/<ref>/rules/new")
@bp.post("/policies/<ref>/rules/<int:place>")
@needs("policies.write")
def put_rule(ref: str, place: int | None = None) -> ResponseReturnValue:
    row, known, status = row_of(ref), document_queries.known(), 422
    form = RuleForm(known, row.document)
    if form.validate():
        try:
            policies.put_rule(
                version_id=row.id, version=form.version.data, place=place, values=form.values, actor=me(),
                now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            status = turned_away(form, refusal, ref)
        else:
            shown = place or len(row.document.rules) + 1
            flash(_("Rule %(place)d is saved.", place=shown), "good")
            return redirect(url_for("policies.edit", ref=row.ref, _anchor=f"rule-{shown}"), 303)
    return _page(row, form, place, known), status


@bp.post("/policies/<ref>/rules/<int:place>/removal")
@needs("policies.write")
def remove_rule(ref: str, place: int) -> ResponseReturnValue:
    row, form = row_of(ref), VersionForm()
    policies.remove_rule(version_id=row.id, version=form.version.data, place=place, actor=me(), now=utc_now())
    flash(_("Rule %(place)d is removed. The ones behind it moved up.", place=place), "good")
    return redirect(url_for("policies.edit", ref=row.ref, _anchor="rules"), 303)


@bp.post("/policies/<ref>/rules/new/findings")
@bp.post("/policies/<ref>/rules/<int:place>/findings")
@needs("policies.write")
def preview_rule(ref: str, place: int | None = None) -> str:
    """What the rule that is typed just now says, and what there would be to find with it; nothing is kept."""
    row, known = row_of(ref), document_queries.known()
    form = RuleForm(known, row.document)
    typed = _typed(form, place or len(row.document.rules) + 1)
    return render_template("policies/_rule_preview.html", **_preview(row, typed, place, known))


def _typed(form: RuleForm, place: int) -> Rule | None:
    """The rule as it is typed, once it can be read."""
    return rule_of_values(place, form.values) if form.validate() else None


def _preview(row: DocumentRow, typed: Rule | None, place: int | None, known: Known) -> dict[str, object]:
    if typed is None:
        return {"line": None, "findings": (), "others": 0}
    rules = row.document.rules
    rules = (*rules, typed) if place is None else tuple(typed if one.id == place else one for one in rules)
    document = row.document.with_rules(rules)
    rows = finding_rows(findings(document, known), document, known)
    here: list[FindingRow] = [one for one in rows if typed.id in one.places]
    return {"line": sheet.rule_line(typed, known), "findings": here, "others": len(rows) - len(here)}


def _page(row: DocumentRow, form: RuleForm, place: int | None, known: Known) -> str:
    current = row.document.rule(place) if place else None
    shown = _preview(row, current if not form.errors else None, place, known)
    return render_template("policies/rule.html", row=row, form=form, place=place, **shown)
