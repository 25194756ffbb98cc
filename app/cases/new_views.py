"""Log a case: in under half a minute, by keyboard alone."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.budgets import intent_actions as intents
from app.cases import actions as cases
from app.cases import queries
from app.cases.blueprint import bp
from app.cases.forms import LogForm
from app.cases.models import Case
from app.customers import actions as customers
from app.customers import queries as customer_queries
from app.customers.rules import typed_parts
from app.insights import risk_queries, risk_words
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import queries as people
from app.people.access import me, my_scope, needs


@bp.get("/cases/new")
@needs("cases.write")
def new() -> str:
    form = _form()
    asked = parse_ref("customer", request.args.get("customer", ""))
    chosen = customer_queries.card(asked, my_scope("customers.read")) if asked else None
    if chosen:
        form.customer.data, form.customer_id.data = chosen.name, chosen.ref
    return render_template("cases/new.html", form=form)


@bp.post("/cases")
@needs("cases.write")
def log() -> ResponseReturnValue:
    form = _form()
    if form.validate():
        try:
            case = _log_once(form, me())
        except BadInput as refusal:
            form.take(refusal)
        except NotFound:
            form.customer.errors = [*form.customer.errors, _("Choose the customer again.")]
            form.customer_id.data, form.customer_id.raw_data = "", None
        else:
            flash(_("%(ref)s is logged. Its clocks run.", ref=case.ref), "good")
            return redirect(url_for("cases.show", ref=case.ref), 303)
    return render_template("cases/new.html", form=form), 422


def _form() -> LogForm:
    """The form with the reader's site chosen, and its zone for the times that are typed."""
    actor, scope = me(), my_scope("cases.write")
    sites = people.sites_within(scope)
    form = LogForm()
    form.offer(
        [(row.id, row.name) for row in queries.categories(active_only=True)], [(site.id, site.name) for site in sites]
    )
    if not form.is_submitted():
        form.site_id.data = actor.site_id
    chosen = form.site_id.data or actor.site_id
    form.occurred_at.zone = next((site.time_zone for site in sites if site.id == chosen), "UTC")
    if len(sites) == 1:
        del form.site_id
    return form


def _log_once(form: LogForm, actor: Actor) -> Case:
    """Log it; the same form sent again, by a second click or the browser's way back, is the same case."""
    done = intents.once_for_form(
        name="log", key=form.key(), actor=actor, now=utc_now(), deed=lambda: _log(form, actor).id
    )
    return db.session.get_one(Case, done)


def _log(form: LogForm, actor: Actor) -> Case:
    """Find or make the customer and log the case: one deed for the person, so one transaction."""
    now = utc_now()
    site_id = (form.site_id.data if form.site_id else None) or actor.site_id
    assert site_id is not None
    is_home = site_id == actor.site_id
    with transaction():
        return cases.log(
            site_id=site_id,
            team_id=actor.team_id if is_home else None,
            owner_id=actor.id if form.is_mine.data else None,
            customer_id=_customer_id(form, site_id, actor),
            category_id=form.category_id.data or 0,
            severity=int(form.severity.data),
            summary=form.summary.data or "",
            description=form.description.data or "",
            channel=form.channel.data,
            occurred_at=form.occurred_at.data,
            attribution=form.attribution.data,
            actor=actor,
            now=now,
        )


def _customer_id(form: LogForm, site_id: int, actor: Actor) -> int | None:
    """The chosen customer, or the one with the typed address, or a new one; nothing typed is a case without one."""
    typed, address = typed_parts(form.customer.data or "")
    email = form.email.data or address
    chosen = parse_ref("customer", form.customer_id.data or "")
    if not (typed or email or chosen):
        return None
    try:
        return customers.find_or_make(
            name=typed or (email or "").split("@")[0],
            email=email,
            phone=form.phone.data,
            customer_id=chosen,
            site_id=site_id,
            actor=actor,
            now=utc_now(),
        ).id
    except BadInput as refusal:
        errors = {("customer" if name == "name" else name): texts for name, texts in refusal.errors.items()}
        raise BadInput(errors) from None


@bp.get("/customers/<ref>/latest-cases")
@needs("cases.read")
def of_customer(ref: str) -> str:
    """The last few cases of a customer, beside a case."""
    customer_id = parse_ref("customer", ref)
    card = customer_queries.card(customer_id, my_scope("customers.read")) if customer_id else None
    if card is None:
        raise NotFound
    page = queries.Page(size=6)
    found = queries.cases_of_customer(card.numbers, my_scope("cases.read"), page)
    but = parse_ref("case", request.args.get("but", ""))
    rows = [row for row in found.rows if row.id != but][:5]
    summary = ngettext("%(num)d other case", "%(num)d other cases", len(rows)) if not found.next_cursor else ""
    risk = risk_words.line_of(risk_queries.of_customer(card.numbers, my_scope("cases.read"), utc_now()))
    return render_template("cases/_latest.html", rows=rows, customer=card, summary=summary, risk=risk)
