"""Customers: found while typing, listed, shown with everything that happened, changed."""

from collections.abc import Iterable

from babel import Locale
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.cases import due_queries
from app.cases import queries as cases
from app.cases import words as case_words
from app.customers import actions as customers
from app.customers import queries, segment_views
from app.customers.blueprint import bp
from app.customers.forms import LANGUAGES, CustomerForm, version_of
from app.customers.queries import CustomerRow
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.money import Money
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.policies import queries as policies
from app.remedies import queries as remedies
from app.remedies import words as remedy_words

__all__ = ["bp", "segment_views"]


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
def show(ref: str) -> str:
    card, now = _card(ref), utc_now()
    scope = my_scope("cases.read")
    after = request.args.get("after")
    found = cases.cases_of_customer(card.id, scope, Page.of(after, 20))
    given = remedies.remedies_of_customer(card.id, scope)
    totals = remedies.given_total(card.id, scope)
    return render_template(
        "customers/show.html",
        customer=card,
        language=_language(card.language),
        site=next((site.name for site in people.sites() if site.id == card.site_id), None),
        cases=found,
        is_first=not after,
        dues=due_queries.dues(found.rows, now),
        remedies=given,
        remedy_states=remedy_words.STATES,
        kind_names={row.code: row.name for row in policies.kinds()},
        totals=[Money(minor, currency) for currency, minor in sorted(totals.items())],
        words=case_words,
        may_edit=can("customers.write"),
        now=now,
    )


@bp.get("/customers/<ref>/edit")
@needs("customers.write")
def edit(ref: str) -> str:
    card = _card(ref)
    return render_template("customers/edit.html", customer=card, form=_form(card), meanwhile=())


@bp.post("/customers/<ref>/edit")
@needs("customers.write")
def change(ref: str) -> ResponseReturnValue:
    card, status = _card(ref), 422
    meanwhile: tuple[tuple[str, str], ...] = ()
    form = _form(card)
    if form.validate():
        version = version_of(form.version.data)
        try:
            customers.change(customer_id=card.id, version=version, **form.said(), actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        except Conflict as refusal:
            form.refuse(refusal)
            card, status = _card(ref), 409
            form.version.data, form.version.raw_data = str(card.version), None
            meanwhile = tuple(_differing(card, form))
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("customers.show", ref=card.ref), 303)
    return render_template("customers/edit.html", customer=card, form=form, meanwhile=meanwhile), status


def _card(ref: str) -> CustomerRow:
    identity = parse_ref("customer", ref)
    card = queries.card(identity, my_scope("customers.read")) if identity else None
    if card is None:
        raise NotFound
    return card


def _form(card: CustomerRow) -> CustomerForm:
    form = CustomerForm(obj=card)
    form.offer(sorted(((code, _language(code) or code) for code in LANGUAGES), key=lambda pair: pair[1]))
    if form.language.data is None:
        form.language.data = ""
    return form


def _language(code: str | None) -> str | None:
    """Name a language in the reader's own: "de" is German."""
    if not code:
        return None
    reader = get_locale() or Locale("en")
    return reader.languages.get(code.split("_")[0].split("-")[0]) or code


def _differing(card: CustomerRow, form: CustomerForm) -> Iterable[tuple[str, str]]:
    """What the record says now where that is not what is typed."""
    for name in ("name", "email", "phone", "language"):
        now_says = getattr(card, name) or ""
        if now_says != (form[name].data or ""):
            yield str(form[name].label.text), now_says or "–"
