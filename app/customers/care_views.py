"""A customer's consents and wishes, and the file of segments and values."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone, ngettext
from flask_babel import gettext as _

from app.budgets import intent_actions as intents
from app.customers import care_actions, care_queries, care_words
from app.customers.blueprint import bp
from app.customers.care_forms import ConsentForm, FiguresForm, WishesForm
from app.customers.care_rules import consents
from app.customers.sheet import card_of
from app.kernel.actor import Actor
from app.kernel.errors import BadInput, Conflict
from app.kernel.time import utc_now
from app.people.access import can, me, needs


@bp.get("/customers/<ref>/consents")
@needs("customers.read")
def consents_of(ref: str) -> str:
    return _consents(ref, _consent_form())


@bp.post("/customers/<ref>/consents")
@needs("customers.write")
def record_consent(ref: str) -> ResponseReturnValue:
    """Write down the customer's word on one purpose."""
    card, form, now = card_of(ref), _consent_form(), utc_now()
    if form.validate():
        try:
            _record_consent(card.id, form, me(), now)
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("It is written down."), "good")
            return redirect(url_for("customers.consents_of", ref=card.ref), 303)
    return _consents(ref, form), 422


def _record_consent(customer_id: int, form: ConsentForm, actor: Actor, now: datetime) -> None:
    def record() -> int:
        care_actions.record_consent(
            customer_id=customer_id, purpose=form.purpose.data or "", given=form.given.data == "yes",
            source=form.source.data or "", said_at=form.said_at.data or now, actor=actor, now=now,
        )  # fmt: skip
        return customer_id

    intents.once_for_form(name="consent", key=form.key(customer_id), actor=actor, now=now, deed=record)


def _consent_form() -> ConsentForm:
    form = ConsentForm()
    form.said_at.zone = get_timezone() or "UTC"
    if not form.purpose.raw_data and request.args.get("purpose") in care_words.PURPOSE_WORDS:
        form.purpose.data = request.args["purpose"]
    return form


def _consents(ref: str, form: ConsentForm) -> str:
    card = card_of(ref)
    said = care_queries.said_by(card.numbers)
    return render_template(
        "customers/consents.html",
        customer=card, said=said, stands=consents(said), form=form, care=care_words, may_edit=can("customers.write"),
    )  # fmt: skip


@bp.get("/customers/<ref>/wishes")
@needs("customers.write")
def wishes_of(ref: str) -> str:
    card = card_of(ref)
    wishes, _worth = care_queries.standing_of(card.numbers, card.id)
    form = WishesForm(obj=wishes)
    form.channel.data = wishes.channel or ""
    return render_template("customers/wishes.html", customer=card, form=form)


@bp.post("/customers/<ref>/wishes")
@needs("customers.write")
def set_wishes(ref: str) -> ResponseReturnValue:
    card, form, status = card_of(ref), WishesForm(), 422
    if form.validate():
        try:
            care_actions.set_wishes(
                customer_id=card.id, version=form.version.data, channel=form.channel.data or None,
                do_not_call=bool(form.do_not_call.data), wishes=form.wishes.data or "", actor=me(), now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        except Conflict as refusal:
            status = form.take(refusal)
            known, _worth = care_queries.standing_of(card.numbers, card.id)
            form.version.renew(known.version)
        else:
            flash(_("It is written down."), "good")
            return redirect(url_for("customers.show", ref=card.ref), 303)
    return render_template("customers/wishes.html", customer=card, form=form), status


@bp.get("/segments/file")
@needs("settings.write")
def figures() -> str:
    return render_template("customers/figures.html", form=FiguresForm())


@bp.post("/segments/file")
@needs("settings.write")
def take_figures() -> ResponseReturnValue:
    """Take a file of segments and values, all of it or nothing; or only look whether it could be taken."""
    form = FiguresForm()
    if form.validate():
        looks = bool(form.only_check.data)
        try:
            count = care_actions.take_figures(figures=form.figures(), actor=me(), now=utc_now(), dry_run=looks)
        except BadInput as mistake:
            form.take(mistake)
        else:
            text = ngettext("%(num)d customer.", "%(num)d customers.", count)
            flash(_("The file is sound: %(count)s Nothing was changed.", count=text) if looks else
                  _("The file is taken: %(count)s", count=text), "good")  # fmt: skip
            return redirect(url_for("customers.figures" if looks else "customers.segments"), 303)
    return render_template("customers/figures.html", form=form), 422
