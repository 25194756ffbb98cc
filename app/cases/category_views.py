"""The administrator's list of categories."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import category_actions, queries
from app.cases.blueprint import bp
from app.cases.forms import CategoryForm, NewCategoryForm
from app.cases.queries import CategoryRow
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people.access import me, needs


@bp.get("/categories")
@needs("catalogue.write")
def categories() -> str:
    return _list(NewCategoryForm())


@bp.post("/categories")
@needs("catalogue.write")
def add_category() -> ResponseReturnValue:
    form = NewCategoryForm()
    if form.validate():
        name = form.name.data or ""
        if any(row.name.casefold() == name.casefold() for row in queries.categories()):
            form.name.errors = [_("There is a category of this name.")]
            return _list(form), 422
        try:
            category_actions.add_category(name=name, actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("%(name)s can be chosen for new cases.", name=name), "good")
            return redirect(url_for("cases.categories"), 303)
    return _list(form), 422


@bp.get("/categories/<ref>")
@needs("catalogue.write")
def category(ref: str) -> str:
    row = _category(ref)
    return render_template("cases/category.html", category=row, form=CategoryForm(obj=row), ref=ref)


@bp.post("/categories/<ref>")
@needs("catalogue.write")
def change_category(ref: str) -> ResponseReturnValue:
    row, form, status = _category(ref), CategoryForm(), 422
    if form.validate():
        try:
            category_actions.change_category(
                category_id=row.id,
                version=form.version.data,
                name=form.name.data or "",
                active=form.active.data,
                actor=me(),
                now=utc_now(),
            )
        except BadInput as mistake:
            form.take(mistake)
        except Conflict as refusal:
            status = form.take(refusal)
            form.version.renew(row.version)
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("cases.categories"), 303)
    return render_template("cases/category.html", category=row, form=form, ref=ref), status


def _list(form: NewCategoryForm) -> str:
    rows = [(ref("category", row.id), row) for row in queries.categories()]
    return render_template("cases/categories.html", rows=rows, form=form)


def _category(reference: str) -> CategoryRow:
    identity = parse_ref("category", reference)
    row = queries.category(identity) if identity else None
    if row is None:
        raise NotFound
    return row
