"""The bounds of deciding: up to which amount several requests may be decided at once, and above which a proof is asked."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.approvals import bound_actions, bound_queries
from app.approvals.blueprint import bp
from app.approvals.bound_queries import Bounds
from app.kernel.errors import Conflict, NotFound
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, needs
from app.people.step_up import require_proof
from app.ui.forms import Form, MoneyField, VersionField, differing


class BoundsForm(Form):
    batch_max = MoneyField(_l("Several at once, each up to"))
    proof_above = MoneyField(_l("A second factor is asked for above"), minor_min=0)
    version = VersionField()

    @classmethod
    def about(cls, kept: Bounds, *, is_sent: bool) -> "BoundsForm":
        given: dict[str, Any] = {
            "batch_max": kept.batch_max,
            "proof_above": kept.proof_above,
            "version": kept.version,
        }
        form = cls() if is_sent else cls(formdata=None, data=given)
        for field in (form.batch_max, form.proof_above):
            field.currency = kept.currency
        for field in form:
            field.id = f"{kept.currency}-{field.id}"
            field.label.field_id = field.id
        return form


@bp.get("/authority-matrix/bounds")
@needs("policies.read")
def bounds() -> str:
    return _page()


@bp.post("/authority-matrix/bounds/<currency>")
@needs("policies.publish")
def set_bounds(currency: str) -> ResponseReturnValue:
    if currency not in _currencies():
        raise NotFound
    # Where a code is asked for above an amount, nobody takes that away with less than a code.
    require_proof(is_needed=bound_queries.bounds(currency).proof_above is not None)
    form = BoundsForm.about(Bounds(currency), is_sent=True)
    if not form.validate():
        return _page(currency, form), 422
    try:
        bound_actions.set_bounds(
            currency=currency,
            batch_max=form.batch_max.data,
            proof_above=form.proof_above.data,
            version=form.version.data,
            actor=me(),
            now=utc_now(),
        )
    except Conflict as refusal:
        return _page(currency, form, _meanwhile(form, currency)), refusal.status
    flash(_("The bounds in %(currency)s hold from now on.", currency=currency), "good")
    return redirect(url_for("approvals.bounds"), 303)


def _currencies() -> list[str]:
    return sorted({site.currency for site in people.sites()})


def _meanwhile(form: BoundsForm, currency: str) -> dict[str, Any]:
    """What somebody else saved while this was typed. Sent once more, the form goes on from there."""
    held = bound_queries.bounds(currency)
    form.version.renew(held.version)
    who = people.names([held.changed_by_id]).get(held.changed_by_id or 0)
    return {"differs": differing(form, BoundsForm.about(held, is_sent=False)), "at": held.changed_at, "who": who}


def _page(sent_currency: str = "", sent: BoundsForm | None = None, meanwhile: dict[str, Any] | None = None) -> str:
    kept = bound_queries.all_bounds()
    rows = [kept.get(currency, Bounds(currency)) for currency in _currencies()]
    forms = {row.currency: BoundsForm.about(row, is_sent=False) for row in rows} if can("policies.publish") else {}
    if sent is not None:
        forms[sent_currency] = sent
    return render_template("approvals/bounds.html", rows=rows, forms=forms, sent_currency=sent_currency, news=meanwhile)
