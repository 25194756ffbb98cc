"""Writing to a case's customer by mail, and the draft of it."""

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.attachments import actions as attachments
from app.cases.case_sheet import found, page_of
from app.cases.queries import CasePage
from app.kernel.errors import BadInput, Refusal
from app.kernel.time import utc_now
from app.messages import mail_actions as mails
from app.messages.blueprint import bp
from app.messages.draft_actions import keep_draft
from app.messages.forms import MailForm
from app.people.access import me, needs


@bp.post("/cases/<ref>/mails")
@needs("cases.write")
def send(ref: str) -> ResponseReturnValue:
    """Send now, send and wait, or send and resolve; the button says which."""
    page, form = found(ref), MailForm(prefix="mail")
    then = request.form.get("then", "send")
    if form.validate():
        try:
            _write(page, form, then)
        except BadInput as mistake:
            form.take(mistake)
            form.intent.renew()
        except Refusal as refusal:
            form.refuse(refusal)
            form.intent.renew()
        else:
            flash(_("The mail to %(address)s is on its way.", address=form.to.data), "good")
            return redirect(url_for("cases.show", ref=page.ref, _anchor="end"), 303)
    return page_of(ref, mail=form, tab="mail"), 422


def _write(page: CasePage, form: MailForm, then: str) -> None:
    with attachments.prepared(form.files.uploads) as files:
        mails.write(
            case_id=page.case.id,
            text=form.text.data or "",
            subject=form.subject.data or "",
            channel="email",
            to=form.to.data or "",
            waits=then == "wait",
            ending=mails.Ending(form.outcome.data, form.root_cause.data, "") if then == "resolve" else None,
            files=files,
            intent=form.intent.data or "",
            actor=me(),
            now=utc_now(),
        )
    attachments.discard(files)  # those of a second click


@bp.post("/cases/<ref>/mail-draft")
@needs("cases.write")
def draft(ref: str) -> Response:
    """Keep what was typed so far; the page sends it while somebody writes."""
    page = found(ref)
    said = request.form
    keep_draft(
        case_id=page.case.id,
        subject=said.get("mail-subject", ""),
        text=said.get("mail-text", "").replace("\r\n", "\n"),
        actor=me(),
        now=utc_now(),
    )
    return Response(status=204)
