"""Customers: found while typing, listed, shown with everything that happened, changed."""

from collections.abc import Iterable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import actions as customers
from app.customers import care_views, check_back_views, merge_views, queries, segment_views
from app.customers.blueprint import bp
from app.customers.forms import LANGUAGES, CustomerForm
from app.customers.look_actions import record_look
from app.customers.queries import CustomerRow
from app.customers.sheet import card_of, language_word, sheet_of
from app.kernel.errors import BadInput, Conflict
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs

__all__ = ["bp", "care_views", "check_back_views", "merge_views", "segment_views"]


@bp.get("/customers")
@needs("customers.read")
def index() -> str:
    term = request.args.get("q", "")[:200].strip()
    scope = my_scope("customers.read")
    after = request.args.get("after")
    return render_template(
        "customers/index.html", customers=queries.directory(scope, Page.of(after), term), term=term, is_first=not after
    )


@bp.get("/customers/matches")
@needs("customers.read")
def matches() -> str:
    """The list below a field in which somebody types a customer; the field's own name carries what is typed."""
    term = request.args.get("q") or request.args.get("customer") or ""
    found = queries.matches(term, my_scope("customers.read"))
    return render_template("customers/_matches.html", customers=found)


@bp.get("/customers/<ref>")
@needs("customers.read")
def show(ref: str) -> ResponseReturnValue:
    """Everything about one customer; a number that was merged leads to whom it counts as now."""
    actor, now = me(), utc_now()
    card = card_of(ref, (actor.id or 0, now.date()))
    if card.ref != ref:
        return redirect(url_for("customers.show", ref=card.ref), 303)
    if not card.is_looked_at:
        record_look(customer_id=card.id, how="page", actor=actor, now=now)
    return render_template("customers/show.html", **sheet_of(card, request.args.get("after"), now))


@bp.get("/customers/<ref>/edit")
@needs("customers.write")
def edit(ref: str) -> str:
    card = card_of(ref)
    return render_template("customers/edit.html", customer=card, form=_form(card), meanwhile=())


@bp.post("/customers/<ref>/edit")
@needs("customers.write")
def change(ref: str) -> ResponseReturnValue:
    card, status = card_of(ref), 422
    meanwhile: tuple[tuple[str, str], ...] = ()
    form = _form(card)
    if form.validate():
        version = form.version.data
        try:
            customers.change(customer_id=card.id, version=version, **form.said(), actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        except Conflict as refusal:
            card, status = card_of(ref), form.take(refusal)
            form.version.renew(card.version)
            meanwhile = tuple(_differing(card, form))
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("customers.show", ref=card.ref), 303)
    return render_template("customers/edit.html", customer=card, form=form, meanwhile=meanwhile), status


def _form(card: CustomerRow) -> CustomerForm:
    form = CustomerForm(obj=card)
    form.offer(sorted(((code, language_word(code) or code) for code in LANGUAGES), key=lambda pair: pair[1]))
    if form.language.data is None:
        form.language.data = ""
    return form


def _differing(card: CustomerRow, form: CustomerForm) -> Iterable[tuple[str, str]]:
    """What the record says now where that is not what is typed."""
    for name in ("name", "email", "phone", "language"):
        now_says = getattr(card, name) or ""
        if now_says != (form[name].data or ""):
            yield str(form[name].label.text), now_says or "–"
