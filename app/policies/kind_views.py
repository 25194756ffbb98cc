"""The catalogue of remedies as the administrator keeps it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.policies import actions as policies
from app.policies import queries
from app.policies.blueprint import bp
from app.policies.forms import KindForm, NewKindForm
from app.policies.queries import KindRow


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
                kind_id=row.id, version=form.version.data, name=form.name.data or "", active=form.active.data,
                actor=me(), now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        except Conflict as refusal:
            row, status = _kind(code), form.take(refusal)
            form.version.renew(row.version)
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
