"""Ask "Can I?", offer, and say how an offer ended."""

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.attachments import actions as attachments
from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases.models import Case
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs
from app.policies import queries as policies
from app.remedies import actions as remedies
from app.remedies import (
    payout_route_views,
    payout_views,
    payout_words,
    queries,
    receipt_views,
    redress_views,
    suggestion_views,
    words,
)
from app.remedies.blueprint import bp
from app.remedies.forms import AcceptForm, OfferForm, ReasonForm
from app.remedies.models import Remedy
from app.remedies.panel import Panel, panel_for
from app.remedies.queries import RemedyRow
from app.ui.filters import money

__all__ = ["bp", "payout_route_views", "payout_views", "receipt_views", "redress_views", "suggestion_views"]


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"remedy_states": words.STATES, "payout_states": payout_words.STATES}


@bp.post("/cases/<ref>/can-i")
@needs("decisions.ask")
def check(ref: str) -> ResponseReturnValue:
    """Answer for what is typed; writes nothing."""
    panel = _sent(_case(ref))
    if request.headers.get("HX-Request"):
        return make_response(render_template("remedies/_answer.html", panel=panel))
    return make_response(render_template("remedies/can_i.html", panel=panel, refusal=None))


@bp.post("/cases/<ref>/remedies")
@needs("remedies.give")
def create(ref: str) -> ResponseReturnValue:
    """Offer it, or ask for an exception where it is above one's own authority."""
    case = _case(ref)
    panel = _sent(case)
    # A form sent twice means what it meant before, whatever the windows say by now.
    deed = intents.deed_of(me(), panel.form.intent.data or "") or ("exception" if panel.is_exception else "offer")
    if not _is_complete(panel, deed) or panel.amount is None:
        return render_template("remedies/can_i.html", panel=panel, refusal=None), 422
    try:
        flash(_give(case, panel, panel.amount, deed), "good")
    except BadInput as mistake:
        panel.form.take(mistake)
        return render_template("remedies/can_i.html", panel=panel, refusal=None), 422
    except Refusal as refusal:
        # A definite answer: what was typed stays, the windows are as they stand now, and the next try is a new one.
        panel.form.intent.renew()
        fresh = panel_for(case, me(), utc_now(), panel.form)
        return render_template("remedies/can_i.html", panel=fresh, refusal=str(refusal)), refusal.status
    return redirect(url_for("cases.show", ref=ref, _anchor="remedies"), 303)


def _give(case: Case, panel: Panel, amount: Money, deed: str) -> str:
    """Do what the form means and say what was done."""
    form, actor, now = panel.form, me(), utc_now()
    said: dict[str, Any] = {
        "case_id": case.id,
        "kind": form.kind.data,
        "amount": amount,
        "reason": form.reason.data or "",
        "intent": form.intent.data or "",
        "actor": actor,
        "now": now,
    }
    if deed == "exception":
        with attachments.prepared(request.files.getlist("files")) as files:
            asked = remedies.ask_exception(**said, part=form.part_now(panel.part), files=files)
        attachments.discard(files)  # those of a form that was sent twice
        return _("Asked for %(amount)s. You are told when it is decided.", amount=money(asked.amount))
    remedy = remedies.offer(**said, nature=form.nature.data or "goodwill")
    what = money(amount) if amount.minor else panel.kind_names[remedy.kind]
    return _("%(what)s is offered and held for the customer.", what=what)


@bp.post("/remedies/<ref>/acceptance")
@needs("remedies.settle")
def accept(ref: str) -> ResponseReturnValue:
    """Settle all of it, or the part that the customer accepted; the rest is free again."""

    def deed(row: RemedyRow, _reason: str) -> Remedy:
        form = AcceptForm()
        form.amount.currency = row.currency
        if not form.validate():
            raise BadInput({"amount": [str(text) for text in form.amount.errors] or [_("Send the form again.")]})
        return remedies.accept(remedy_id=row.id, amount=form.amount.data, actor=me(), now=utc_now())

    return _ended(ref, deed, _("Given."))


@bp.post("/remedies/<ref>/release")
@needs("remedies.settle")
def release(ref: str) -> ResponseReturnValue:
    return _ended(
        ref,
        lambda row, reason: remedies.release(remedy_id=row.id, reason=reason, actor=me(), now=utc_now()),
        _("Released; the money is free again."),
    )


@bp.post("/remedies/<ref>/decline")
@needs("remedies.settle")
def decline(ref: str) -> ResponseReturnValue:
    return _ended(
        ref,
        lambda row, reason: remedies.decline(remedy_id=row.id, reason=reason, actor=me(), now=utc_now()),
        _("Declined; the money is free again."),
    )


@bp.post("/remedies/<ref>/withdrawal")
@needs("remedies.give")
def withdraw(ref: str) -> ResponseReturnValue:
    return _ended(
        ref,
        lambda row, reason: remedies.withdraw(remedy_id=row.id, reason=reason, actor=me(), now=utc_now()),
        _("Taken back; the money is free again."),
    )


@bp.post("/remedies/<ref>/reversal")
@needs("remedies.reverse")
def reverse(ref: str) -> ResponseReturnValue:
    return _ended(
        ref,
        lambda row, reason: remedies.reverse(remedy_id=row.id, reason=reason, actor=me(), now=utc_now()),
        _("Reversed by a new entry."),
    )


def _ended(ref: str, deed: Callable[[RemedyRow, str], Remedy], done: str) -> ResponseReturnValue:
    """Do one deed about a remedy within the reader's sight, and go back to its case."""
    identity = parse_ref("remedy", ref)
    scope = my_scope("cases.read")
    row = queries.find(identity, scope) if identity else None
    if row is None:
        raise NotFound
    form = ReasonForm()
    try:
        if not form.validate():
            raise BadInput({"reason": [str(text) for text in form.reason.errors] or [_("Send the form again.")]})
        deed(row, form.reason.data or "")
    except (BadInput, Refusal) as refusal:
        errors = refusal.errors.values() if isinstance(refusal, BadInput) else ()
        sentence = " ".join(text for texts in errors for text in texts) or str(refusal)
        names = {kind.code: kind.name for kind in policies.kinds()}
        again = queries.find(row.id, scope)
        page = render_template("remedies/ending.html", remedy=again, kind_names=names, refusal=sentence)
        return page, refusal.status
    flash(done, "good")
    return redirect(url_for("cases.show", ref=row.case_ref, _anchor=row.ref), 303)


def _case(ref: str) -> Case:
    page = cases.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    return page.case


def _sent(case: Case) -> Panel:
    """Read the form and answer it."""
    return panel_for(case, me(), utc_now(), OfferForm())


def _is_complete(panel: Panel, deed: str) -> bool:
    """Say beside the fields what is still missing for a deed."""
    form = panel.form
    if panel.amount is None and not form.amount.errors:
        form.amount.errors = [_("Type an amount.")]
    if deed == "exception" and not form.reason.data:
        form.reason.errors = [_("Say why, so that it can be decided.")]
    return panel.is_sound and not (form.amount.errors or form.reason.errors)
