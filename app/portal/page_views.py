"""The customer's page, and what she does there."""

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.attachments import actions as attachments
from app.attachments import queries as files
from app.attachments import sending
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.messages import actions as messages
from app.messages.queries import sent_files
from app.people.access import public
from app.portal import answer_actions as answers
from app.portal import throttle_actions, words
from app.portal.blueprint import bp
from app.portal.forms import AnswerForm, DoubtForm, MessageForm, ThanksForm
from app.portal.link_queries import Visit
from app.portal.page_queries import CaseOfHers, case_of_hers
from app.portal.rules import WRITTEN
from app.portal.visits import keep, keep_zone, leave, visit_of, who, zones
from app.privacy.access_queries import seen_by_the_customer
from app.remedies.models import Remedy
from app.remedies.queries import RemedyRow
from app.remedies.rules import RemedyEnded
from app.reviews.recognition_queries import whom_to_thank


@bp.get("/your-case/<ref>")
@public("a customer's own case; the visit's signed cookie names it")
def page(ref: str) -> ResponseReturnValue:
    visit = visit_of(ref)
    return keep(visit, page_of(visit))


@bp.post("/your-case/<ref>/messages")
@public("a customer writes in her own case; the visit's signed cookie names it")
def write(ref: str) -> ResponseReturnValue:
    visit, form = visit_of(ref), MessageForm()
    if not form.validate():
        return keep(visit, (page_of(visit, message=form), 422))
    try:
        _take_in(visit, form)
    except BadInput as mistake:
        form.take(mistake)
        return keep(visit, (page_of(visit, message=form), 422))
    except Refusal as refusal:
        form.refuse(refusal)
        return keep(visit, (page_of(visit, message=form), refusal.status))
    flash(_("We have it. Thank you."), "good")
    return keep(visit, redirect(url_for("portal.page", ref=visit.ref, _anchor="messages"), 303))


def _take_in(visit: Visit, form: MessageForm) -> None:
    """Keep the message and its photos together, or neither."""
    now, actor, text = utc_now(), who(visit), form.text.data or ""
    throttle_actions.refuse_when_spent(f"written:{visit.case_id}", WRITTEN, now)
    with attachments.prepared(form.files.uploads) as photos:
        if not text.strip() and photos:
            text = _("Photos for my case.")
        with transaction():
            throttle_actions.count(f"written:{visit.case_id}", WRITTEN, now)
            message = messages.receive(
                case_id=visit.case_id, text=text, channel="page", intent=form.intent.data, actor=actor, now=now
            )
            if message.at == now:  # sent twice, the first one brought its photos
                attachments.add(subject_kind="case", subject_id=visit.case_id, files=photos, actor=actor, now=now)
    attachments.discard(photos)  # those that no row names


@bp.post("/your-case/<ref>/answers")
@public("a customer answers an offer of her own case; the visit's signed cookie names it")
def answer(ref: str) -> ResponseReturnValue:
    visit, form = visit_of(ref), AnswerForm()
    if not form.validate():
        return keep(visit, (page_of(visit, reply=form), 422))
    remedy_id = parse_ref("remedy", form.remedy.data or "")
    try:
        said = _answered(visit, form, remedy_id)
    except BadInput as mistake:
        form.take(mistake)
        return keep(visit, (page_of(visit, reply=form), 422))
    except RemedyEnded:
        return keep(visit, _gone(visit, form, remedy_id))
    except answers.AnsweredBefore as refusal:
        return keep(visit, (page_of(visit, told=str(refusal)), 409))
    except answers.OpenAlready as refusal:
        words_of_hers = MessageForm(formdata=None, data={"text": form.reason.data})
        return keep(visit, (page_of(visit, message=words_of_hers, told=str(refusal)), refusal.status))
    except throttle_actions.TooMuch as refusal:
        form.take(BadInput({"reason" if form.reason.data else "": [str(refusal)]}))
        return keep(visit, (page_of(visit, reply=form), refusal.status))
    flash(said, "good")
    return keep(visit, redirect(url_for("portal.page", ref=visit.ref), 303))


def _answered(visit: Visit, form: AnswerForm, remedy_id: int | None) -> str:
    """Do what she answered and say what follows from it."""
    said: dict[str, Any] = {
        "case_id": visit.case_id, "intent": form.intent.data or "", "actor": who(visit), "now": utc_now(),
    }  # fmt: skip
    reason, chosen = form.reason.data or "", form.answer.data
    if chosen == "disagreed":
        answers.disagree(remedy_id=remedy_id, reason=reason, **said)
        return _("We have your words and look for something better. You hear from us.")
    if remedy_id is None:
        raise BadInput({"remedy": [_("Choose one of the offers first.")]})
    if chosen == "accepted":
        answers.accept(remedy_id=remedy_id, **said)
        return _("Thank you. It is yours; the receipt stands below.")
    if chosen == "declined":
        answers.decline(remedy_id=remedy_id, reason=reason, **said)
        return _("You declined the offer. Nothing is booked, and you can still write to us.")
    raise BadInput({"answer": [_("Use one of the buttons.")]})


def _gone(visit: Visit, form: AnswerForm, remedy_id: int | None) -> ResponseReturnValue:
    """Somebody was faster: another tab of hers, the desk, or the calendar. One outcome stands, and she is told which."""
    remedy = db.session.get(Remedy, remedy_id, populate_existing=True) if remedy_id else None
    if remedy is None or remedy.case_id != visit.case_id:
        raise NotFound
    mine = {"accepted": "settled", "declined": "declined", "disagreed": "declined"}.get(form.answer.data or "")
    if remedy.state == mine and form.answer.data != "disagreed":
        flash(str(words.GONE_WORDS[remedy.state]), "good")
        return redirect(url_for("portal.page", ref=visit.ref), 303)
    state = "expired" if remedy.state == "reserved" else remedy.state
    return page_of(visit, reply=form, told=str(words.GONE_WORDS[state])), 409


@bp.get("/your-case/<ref>/receipts/<remedy>")
@public("a receipt of a customer's own case; the visit's signed cookie names it")
def receipt(ref: str, remedy: str) -> ResponseReturnValue:
    visit = visit_of(ref)
    return keep(visit, _receipt(visit, remedy, DoubtForm(formdata=None)))


@bp.post("/your-case/<ref>/receipts/<remedy>/doubts")
@public("a customer says what isn't right; the visit's signed cookie names her case")
def doubt(ref: str, remedy: str) -> ResponseReturnValue:
    visit, form = visit_of(ref), DoubtForm()
    row = _given(case_of_hers(visit.case_id, utc_now()), remedy)
    if not form.validate():
        return keep(visit, (_receipt(visit, remedy, form), 422))
    try:
        answers.doubt(
            case_id=visit.case_id, remedy_id=row.id, reason=form.reason.data or "", intent=form.intent.data or "",
            actor=who(visit), now=utc_now(),
        )  # fmt: skip
    except BadInput as mistake:
        form.take(mistake)
        return keep(visit, (_receipt(visit, remedy, form), 422))
    except (answers.AnsweredBefore, throttle_actions.TooMuch) as refusal:
        form.take(BadInput({"reason": [str(refusal)]}))
        return keep(visit, (_receipt(visit, remedy, form), refusal.status))
    flash(_("Thank you for telling us. We look at it and answer you here."), "good")
    return keep(visit, redirect(url_for("portal.page", ref=visit.ref, _anchor="messages"), 303))


@bp.get("/your-case/<ref>/files/<file>")
@public("a file that a customer sent, or was sent; the visit's signed cookie names her case")
def download(ref: str, file: str) -> Response:
    visit = visit_of(ref)
    hers = (one for one in files.files_of("case", visit.case_id) if one.added_by.startswith("customer:"))
    row = next((one for one in (*hers, *sent_files(visit.case_id)) if one.ref == file), None)
    if row is None:
        raise NotFound
    return keep(visit, sending.download(row))


@bp.get("/your-case/<ref>/time-zone")
@public("a customer chooses how times are shown to her; the visit's signed cookie names her case")
def time_zone(ref: str) -> ResponseReturnValue:
    visit = visit_of(ref)
    return keep(visit, render_template("portal/zone.html", visit=visit, zones=sorted(zones() | {visit.zone})))


@bp.post("/your-case/<ref>/time-zone")
@public("a customer chooses how times are shown to her; the visit's signed cookie names her case")
def choose_zone(ref: str) -> ResponseReturnValue:
    visit = visit_of(ref)
    return keep(visit, keep_zone(redirect(url_for("portal.page", ref=visit.ref), 303), request.form.get("zone", "")))


@bp.post("/your-case/<ref>/leaving")
@public("ends a customer's visit in this browser")
def end_visit(ref: str) -> ResponseReturnValue:
    visit = visit_of(ref)
    return leave(visit, render_template("portal/left.html", site=visit.site))


def page_of(
    visit: Visit,
    *,
    message: MessageForm | None = None,
    reply: AnswerForm | None = None,
    thanks: ThanksForm | None = None,
    told: str = "",
    is_preview: bool = False,
) -> str:
    """Render the page; a mistake keeps what was typed. told: what stands in the way of her last answer."""
    now = utc_now()
    hers = case_of_hers(visit.case_id, now)
    return render_template(
        "portal/page.html",
        visit=visit,
        hers=hers,
        case=hers.case,
        headline=words.headline(hers),
        steps=words.steps(hers, visit.zone),
        lines=words.lines(hers),
        done=words.done(hers),
        paid=words.PAID_WORDS,
        what=lambda row: words.what(row, hers.kinds),
        keeper=words.first_name(hers.keeper),
        message=message or MessageForm(formdata=None),
        reply=reply or AnswerForm(formdata=None),
        open_reply=(reply.remedy.data or "case") if reply and reply.reason.errors else "",
        told=told,
        stays=words.ends(visit.ends_at),
        is_preview=is_preview,
        thanks=thanks or ThanksForm(formdata=None),
        thanks_url=url_for("portal.thank", ref=visit.ref),
        looks=words.looks(seen_by_the_customer(visit.customer_id, now), visit.zone) if visit.customer_id else None,
        may_thank=hers.case.resolved_at is not None and whom_to_thank(visit.case_id) is not None,
        may_disagree=hers.case.resolved_at is not None and not hers.offers,
        new_case=request.args.get("new") == "1",
    )


def _receipt(visit: Visit, remedy: str, form: DoubtForm) -> str:
    hers = case_of_hers(visit.case_id, utc_now())
    row = _given(hers, remedy)
    doubts = [one for one in hers.answers if one.remedy_id == row.id and one.answer == "not_right"]
    given_at = next((one.at for one in hers.answers if one.remedy_id == row.id and one.answer == "accepted"), None)
    return render_template(
        "portal/receipt.html",
        visit=visit,
        row=row,
        kind=hers.kinds.get(row.kind, row.kind),
        paid=words.PAID_WORDS,
        doubts=doubts,
        accepted_at=given_at,
        form=form,
    )


def _given(hers: CaseOfHers, remedy: str) -> RemedyRow:
    """A settled remedy of her case; any other answers like one that doesn't exist."""
    row = next((one for one in hers.receipts if one.ref == remedy), None)
    if row is None:
        raise NotFound
    return row
