"""The policy as everybody entitled can read it, and the catalogue of remedies."""

from collections import defaultdict
from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, needs
from app.policies import actions as policies
from app.policies import queries, words
from app.policies.forms import KindForm, NewKindForm
from app.policies.queries import KindRow
from app.policies.words import RuleRow

bp = Blueprint("policies", __name__, template_folder="templates")


@bp.get("/policies")
@needs("policies.read")
def index() -> str:
    now = utc_now()
    in_force = queries.version_in_force(now)
    return render_template(
        "policies/index.html",
        versions=queries.versions(),
        in_force=in_force.version.id if in_force else None,
        now=now,
    )


@bp.get("/policies/<ref>")
@needs("policies.read")
def show(ref: str) -> str:
    identity = parse_ref("policy", ref)
    version = queries.version(identity) if identity else None
    if version is None:
        raise NotFound
    kinds = {kind.code: kind.name for kind in queries.kinds()}
    categories = {category.id: category.name for category in cases.categories()}
    sites = {site.id: site.name for site in people.sites()}
    by_site: dict[str, list[RuleRow]] = defaultdict(list)
    for rule in queries.rules_of(version.id):
        place = sites.get(rule.site_id, "") if rule.site_id else _("Every site")
        by_site[place].append(words.rule_row(rule, kinds, categories))
    _anchor(by_site)
    in_force = queries.version_in_force(utc_now())
    return render_template(
        "policies/show.html",
        version=version,
        by_site=by_site,
        is_in_force=in_force is not None and in_force.version.id == version.id,
        may_publish=version.state == "draft" and can("policies.publish"),
    )


def _anchor(by_site: dict[str, list[RuleRow]]) -> None:
    """Sort by clause, and mark the first row of each clause as the place that a link leads to."""
    seen: set[str] = set()
    for rows in by_site.values():
        rows.sort(key=lambda row: row.clause)
        for place, row in enumerate(rows):
            if row.clause not in seen:
                rows[place] = replace(row, anchor=True)
                seen.add(row.clause)


@bp.post("/policies/<ref>/publication")
@needs("policies.publish")
def publish(ref: str) -> ResponseReturnValue:
    identity = parse_ref("policy", ref)
    if identity is None:
        raise NotFound
    policies.publish_version(version_id=identity, actor=me(), now=utc_now())
    flash(_("Published. Requests in flight keep the version under which they were asked."), "good")
    return redirect(url_for("policies.show", ref=ref), 303)


@bp.get("/remedy-kinds")
@needs("catalogue.write")
def catalogue() -> str:
    return _catalogue(NewKindForm(formdata=None, monetary=True))


@bp.post("/remedy-kinds")
@needs("catalogue.write")
def add_kind() -> ResponseReturnValue:
    form = NewKindForm()
    if form.validate():
        try:
            policies.add_kind(
                code=form.code.data or "", name=form.name.data or "", monetary=form.monetary.data, actor=me(),
                now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("%(name)s can be offered.", name=form.name.data), "good")
            return redirect(url_for("policies.catalogue"), 303)
    return _catalogue(form), 422


@bp.get("/remedy-kinds/<code>")
@needs("catalogue.write")
def kind(code: str) -> str:
    row = _kind(code)
    return render_template("policies/kind.html", kind=row, form=KindForm(obj=row))


@bp.post("/remedy-kinds/<code>")
@needs("catalogue.write")
def change_kind(code: str) -> ResponseReturnValue:
    row, form, status = _kind(code), KindForm(), 422
    if form.validate():
        try:
            policies.change_kind(
                kind_id=row.id, version=form.version.data or 0, name=form.name.data or "", active=form.active.data,
                actor=me(), now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        except Conflict as refusal:
            form.refuse(refusal)
            row, status = _kind(code), 409
            form.version.data, form.version.raw_data = row.version, None
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("policies.catalogue"), 303)
    return render_template("policies/kind.html", kind=row, form=form), status


def _catalogue(form: NewKindForm) -> str:
    return render_template("policies/catalogue.html", kinds=queries.kinds(), form=form)


def _kind(code: str) -> KindRow:
    row = queries.kind(code)
    if row is None:
        raise NotFound
    return row
