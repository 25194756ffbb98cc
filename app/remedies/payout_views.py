"""Payouts: the list, one payout and what is done about it, and what Stripe tells."""

from collections.abc import Callable

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs, public
from app.policies import queries as policies
from app.remedies import payout_actions as payouts
from app.remedies import payout_delivery as delivery
from app.remedies import payout_queries as queries
from app.remedies import payout_words as words
from app.remedies.blueprint import bp
from app.remedies.connectors import signing, stripe
from app.remedies.payout_forms import AbandonForm, PaymentForm, ProofForm
from app.remedies.payout_queries import PayoutRow
from app.remedies.payout_rules import STRIPE_WORDS
from app.remedies.payout_try_queries import keys_of, tries
from app.ui.forms import Form

HOOK_BYTES_MAX = 262_144


@bp.get("/payouts")
@needs("payouts.read")
def payout_list() -> str:
    view = request.args.get("show", "open")
    view = view if view in queries.VIEWS else "open"
    page, scope = Page.of(request.args.get("after")), my_scope("payouts.read")
    rows = queries.payouts(scope, view, page, me().id)
    return render_template(
        "remedies/payouts.html",
        rows=rows.rows,
        view=view,
        words=words,
        kind_names=_kind_names(),
        several_sites=scope.is_wide,
        next_url=url_for("remedies.payout_list", show=view, after=rows.next_cursor) if rows.next_cursor else None,
        start_url=url_for("remedies.payout_list", show=view) if page.after else None,
        now=utc_now(),
    )


@bp.get("/payouts/waiting")
@needs("payouts.read")
def payouts_waiting() -> str:
    """What waits for the reader, for the desk: who leads decides what failed, the others pay out what they gave."""
    view = "failed" if can("payouts.decide") else "mine"
    giver_id = me().id if view == "mine" else None
    count = queries.waiting_count(my_scope("payouts.read"), giver_id=giver_id)
    return render_template("remedies/_waiting.html", view=view, count=count, bound=queries.COUNT_MAX)


@bp.get("/payouts/<ref>")
@needs("payouts.read")
def payout(ref: str) -> str:
    return _page(_row(ref))


@bp.post("/payouts/<ref>/proof")
@needs("payouts.prove")
def prove_payout(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), ProofForm()
    form.done_at.zone = people.site(row.site_id).time_zone
    return _done(row, form, _("Recorded: it was paid out."), lambda: payouts.prove(
        payout_id=row.id, reference=form.reference.data or "", done_at=form.done_at.data, text=form.text.data or "",
        is_checked=bool(form.is_checked.data), actor=me(), now=utc_now(),
    ))  # fmt: skip


@bp.post("/payouts/<ref>/payment")
@needs("payouts.prove")
def name_payment(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), PaymentForm()
    return _done(row, form, _("Sent to Stripe."), lambda: payouts.name_payment(
        payout_id=row.id, payment_ref=form.payment_ref.data or "", actor=me(), now=utc_now()
    ))  # fmt: skip


@bp.post("/payouts/<ref>/tries")
@needs("payouts.decide")
def retry_payout(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), Form()
    return _done(row, form, _("It is tried again now."), lambda: payouts.retry(
        payout_id=row.id, actor=me(), now=utc_now(), payment_ref=request.form.get("payment_ref") or None
    ))  # fmt: skip


@bp.post("/payouts/<ref>/abandonment")
@needs("payouts.decide")
def abandon_payout(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), AbandonForm()
    return _done(row, form, _("Given up."), lambda: payouts.give_up(
        payout_id=row.id, reason=form.reason.data or "", actor=me(), now=utc_now()
    ))  # fmt: skip


@bp.post("/hooks/stripe")
@public("Stripe tells how refunds end; every message is checked against the shared secret", signed=True)
def hear_stripe() -> ResponseReturnValue:
    secrets = current_app.extensions["makegood_settings"].stripe_webhook_secrets
    if not secrets:
        raise NotFound
    if (request.content_length or 0) > HOOK_BYTES_MAX:
        return {"error": "too long"}, 413
    body, now = request.get_data(), utc_now()
    try:
        signing.verify(request.headers.get("Stripe-Signature", ""), secrets, body, now)
    except signing.BadSignature as mistake:
        return {"error": str(mistake)}, 400
    event = stripe.read_event(body)
    if event is not None and event.status in STRIPE_WORDS:
        delivery.hear(
            provider="stripe", event_ref=event.event_ref, key=event.key, round_number=event.round,
            object_ref=event.refund_ref, told=STRIPE_WORDS[event.status], at=event.told_at, now=now,
        )  # fmt: skip
    return {"received": True}


def _row(ref: str) -> PayoutRow:
    """A payout within the reader's scope; anything else answers like one that doesn't exist."""
    identity = parse_ref("payout", ref)
    row = queries.find(identity, my_scope("payouts.read")) if identity else None
    if row is None:
        raise NotFound
    return row


def _done(row: PayoutRow, form: Form, said: str, deed: Callable[[], object]) -> ResponseReturnValue:
    """Do one deed about a payout; a mistake shows the page again with what was typed."""
    if not form.validate():
        return _page(row, form), 422
    try:
        deed()
    except BadInput as mistake:
        form.take(mistake)
        return _page(row, form), 422
    except Refusal as refusal:
        return _page(_row(row.ref), form, str(refusal)), refusal.status
    flash(said, "good")
    return redirect(url_for("remedies.payout", ref=row.ref), 303)


def _page(row: PayoutRow, sent: Form | None = None, refusal: str | None = None) -> str:
    zone = people.site(row.site_id).time_zone
    forms: dict[str, Form] = {"proof": ProofForm(formdata=None), "payment": PaymentForm(formdata=None)}
    forms["abandon"] = AbandonForm(formdata=None)
    for name, form in forms.items():
        if sent is not None and type(form) is type(sent):
            forms[name] = sent
    proof = forms["proof"]
    assert isinstance(proof, ProofForm)
    proof.done_at.zone = zone
    if sent is not proof:
        proof.done_at.data = utc_now()
    return render_template(
        "remedies/payout.html",
        row=row,
        history=queries.history(row.id),
        tries=tries(keys_of((row.id,)))[row.id],
        forms=forms,
        words=words,
        kind_names=_kind_names(),
        refusal=refusal,
        may_prove=can("payouts.prove") if row.connector == "manual" else can("payouts.decide"),
        zone=zone,
    )


def _kind_names() -> dict[str, str]:
    return {kind.code: kind.name for kind in policies.kinds()}
