"""The public form to report an issue, and its confirmation."""

from datetime import timedelta

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.attachments import actions as attachments
from app.cases import queries as cases
from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.people.access import public
from app.portal import report_actions as reports
from app.portal import report_queries as queries
from app.portal import rules, throttle_actions, words
from app.portal.blueprint import bp
from app.portal.link_queries import signer
from app.portal.models import Report
from app.portal.report_forms import ReportForm
from app.portal.report_queries import PlaceRow
from app.ui import shell
from app.ui.preferences import LANGUAGES, choose_locale


@bp.get("/report/<code>")
@public("anybody may report an issue to a site by its link or poster")
def report(code: str) -> str:
    place = _open(code)
    return _page(place, _form(place, fresh=True))


@bp.post("/report/<code>")
@public("anybody may report an issue to a site by its link or poster")
def send_report(code: str) -> ResponseReturnValue:
    place = _open(code)
    form = _form(place)
    if form.website.data:
        form.refuse(_("Leave the last field empty; it catches programs. Nothing was sent yet."))
        return _page(place, form), 422
    if not form.validate():
        return _page(place, form), 422
    try:
        kept = _take_in(place, form)
    except Refusal as refusal:
        status = form.take(refusal)
        answer = make_response(_page(place, form), status)
        if "retry_after_seconds" in refusal.details:
            answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
        return answer
    until = int((utc_now() + timedelta(minutes=rules.RECEIPT_MINUTES)).timestamp())
    token = signer().token(rules.RECEIPT, kept.id, place.id, until)
    return redirect(url_for("portal.reported", code=place.code, token=token), 303)


def _take_in(place: PlaceRow, form: ReportForm) -> Report:
    """Look at the photos of who may still send, then take the report in; one that was sent twice leaves no photos."""
    throttle_actions.refuse_when_spent(rules.address_key("report", request.remote_addr), rules.REPORTS_HERE, utc_now())
    with attachments.prepared(form.files.uploads) as photos:
        said = reports.Said(
            text=form.text.data or "",
            category_id=form.category_id.data,
            severity=int(form.severity.data),
            name=form.name.data or "",
            email=form.email.data or None,
            phone=form.phone.data or None,
            occurred_at=form.occurred_at.data,
            wanted=form.wanted.data or "",
            language=str(get_locale())[:2],
            consent=bool(form.consent.data),
            photos=tuple(photos),
        )
        kept = reports.report(
            place=place, said=said, intent=form.intent.data or "", address=request.remote_addr, now=utc_now()
        )
    attachments.discard(photos)  # those that no row names
    return kept


@bp.get("/report/<code>/sent/<token>")
@public("the confirmation of one report; its token is signed and good for an hour")
def reported(code: str, token: str) -> str:
    place, numbers = _open(code), signer().read(rules.RECEIPT, token)
    if not numbers or len(numbers) != 3 or numbers[1] != place.id or numbers[2] <= utc_now().timestamp():
        raise NotFound
    sent = queries.sent(numbers[0], place.id)
    if sent is None:
        raise NotFound
    return render_template(
        "portal/reported.html",
        place=place,
        sent=sent,
        next=words.next_step(sent.case_id, sent.zone, utc_now()),
        token=signer().token(rules.LINK, sent.case_id, sent.serial) if sent.serial else None,
        mails=reports.is_mail_on(),
    )


def _open(code: str) -> PlaceRow:
    place = queries.open_place(code)
    if place is None:
        raise NotFound
    accepted = request.accept_languages.best_match(list(LANGUAGES))
    shell.speak(choose_locale(shell.preferences().language or accepted, place.locale), place.zone)
    return place


def _form(place: PlaceRow, *, fresh: bool = False) -> ReportForm:
    form = ReportForm(formdata=None) if fresh else ReportForm()
    return form.offer(((row.id, row.name) for row in cases.categories(active_only=True)), place.zone)


def _page(place: PlaceRow, form: ReportForm) -> str:
    return render_template("portal/report.html", place=place, form=form)
