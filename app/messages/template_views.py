"""Templates of mails: the list, one with its preview and versions, and picking one on a case."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.budgets import intent_actions as intents
from app.cases.case_sheet import found, page_of
from app.customers import queries as customers
from app.kernel.actor import Actor
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.time import utc_now
from app.messages import filling_panel as filling
from app.messages import template_actions as writing
from app.messages import template_queries as templates
from app.messages.blueprint import bp
from app.messages.forms import TemplateForm
from app.messages.template_queries import TemplateRow
from app.messages.template_rules import PLACES, fill
from app.people.access import me, my_scope, needs
from app.ui.forms import differing


@bp.get("/settings/templates")
@needs("mails.settings")
def template_list() -> str:
    return render_template("messages/templates.html", rows=templates.templates())


@bp.route("/settings/templates/new", methods=["GET", "POST"])
@needs("mails.settings")
def new_template() -> ResponseReturnValue:
    return _edit(None)


@bp.route("/settings/templates/<int:template_id>", methods=["GET", "POST"])
@needs("mails.settings")
def edit_template(template_id: int) -> ResponseReturnValue:
    row = templates.template(template_id)
    if row is None:
        raise NotFound
    return _edit(row)


def _edit(row: TemplateRow | None) -> ResponseReturnValue:
    form = TemplateForm(obj=row)
    if request.method == "POST" and form.validate():
        if request.form.get("deed") == "preview":
            return _page(row, form), 200
        try:
            saved = _save(row, form, me(), utc_now())
            flash(_("The template is saved."), "good")
            return redirect(url_for("messages.edit_template", template_id=saved), 303)
        except Conflict as refusal:
            held = templates.template(row.id) if row else None
            return _page(held, form, _meanwhile(form, held) if held else None), refusal.status
        except BadInput as mistake:
            form.take(mistake)
    elif request.method == "GET" and row:
        form = _held(row)
    return _page(row, form), 422 if request.method == "POST" else 200


def _save(row: TemplateRow | None, form: TemplateForm, actor: Actor, now: datetime) -> int:
    """Write it down; a new one is made once, however often its form is sent."""

    def write() -> int:
        return writing.write(
            template_id=row.id if row else None, name=form.name.data or "", active=bool(form.active.data),
            words=form.words(), version=form.version.data, actor=actor, now=now,
        )  # fmt: skip

    if row:
        return write()
    return intents.once_for_form(name="template", key=form.key(), actor=actor, now=now, deed=write)


def _held(row: TemplateRow) -> TemplateForm:
    form = TemplateForm(formdata=None, obj=row)
    for text in row.texts:
        form[f"subject_{text.language}"].data = text.subject
        form[f"body_{text.language}"].data = text.body
    return form


def _meanwhile(form: TemplateForm, row: TemplateRow) -> dict[str, Any]:
    """What somebody else saved while this was typed. Sent once more, the form goes on from there."""
    form.version.renew(row.version)
    newest = templates.versions(row.id)[0]
    return {"differs": differing(form, _held(row)), "at": newest.made_at, "who": newest.made_by}


def _page(row: TemplateRow | None, form: TemplateForm, meanwhile: dict[str, Any] | None = None) -> str:
    """The form, and what Cleo would read of what stands in it."""
    shown = [(one.language, fill(one.subject, one.body, filling.SAMPLE)) for one in form.words() if one.body.strip()]
    return render_template(
        "messages/template.html",
        form=form,
        meanwhile=meanwhile,
        row=row,
        shown=shown,
        places=PLACES,
        versions=templates.versions(row.id) if row else (),
    )


@bp.get("/cases/<ref>/templates")
@needs("cases.write")
def pick(ref: str) -> str:
    """Choose a template for a mail about this case."""
    return render_template("messages/pick.html", page=found(ref), rows=templates.templates(active_only=True))


@bp.get("/cases/<ref>/templates/<int:template_id>")
@needs("cases.write")
def use(ref: str, template_id: int) -> str:
    """The case with the template filled into the mail, to be changed and sent; what is missing is named."""
    page, row = found(ref), templates.template(template_id)
    if row is None or not row.active:
        raise NotFound
    customer = customers.card(page.case.customer_id, my_scope("customers.read")) if page.case.customer_id else None
    filled = filling.fill_for(row, page, customer.language if customer else None, utc_now())
    if filled is None:
        raise NotFound
    if filled.missing:
        names = ", ".join(str(PLACES.get(place, place)) for place in filled.missing)
        flash(_("Fill in what is still missing: %(places)s.", places=names), "warn")
    return page_of(ref, filled=(filled.subject, filled.text), tab="mail")
