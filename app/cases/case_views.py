"""One case: its page, and what is written straight into it."""

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.budgets import intent_actions as intents
from app.cases import actions as cases
from app.cases.blueprint import bp
from app.cases.case_sheet import found, page_of
from app.cases.forms import ReplyForm, TextForm
from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.messages import actions as messages
from app.people.access import me, needs
from app.ui.preferences import safe_next


@bp.get("/cases/<ref>")
@needs("cases.read")
def show(ref: str) -> str:
    return page_of(ref)


@bp.post("/cases/<ref>/notes")
@needs("cases.write")
def add_note(ref: str) -> ResponseReturnValue:
    page, form = found(ref), TextForm()
    actor, now = me(), utc_now()

    def write(text: str) -> int:
        cases.add_note(case_id=page.case.id, text=text, actor=actor, now=now)
        return page.case.id

    def write_once(text: str) -> None:
        key = form.key(page.case.id)
        intents.once_for_form(name="note", key=key, actor=actor, now=now, deed=lambda: write(text))

    if _wrote(form, write_once):
        flash(_("The note is saved."), "good")
        return redirect(url_for("cases.show", ref=page.ref, _anchor="end"), 303)
    return page_of(ref, note=form, tab="note"), 422


@bp.post("/cases/<ref>/replies")
@needs("cases.write")
def add_reply(ref: str) -> ResponseReturnValue:
    page, form = found(ref), ReplyForm()

    def write(text: str) -> None:
        key = form.intent.with_content(page.case.id, text, form.channel.data)
        messages.send(case_id=page.case.id, text=text, channel=form.channel.data, actor=me(), now=utc_now(), intent=key)

    if _wrote(form, write):
        flash(_("Your reply is recorded."), "good")
        return redirect(url_for("cases.show", ref=page.ref, _anchor="end"), 303)
    return page_of(ref, reply=form, tab="reply"), 422


def _wrote(form: TextForm, write: Callable[[str], None]) -> bool:
    """Write what was typed; False when it can't be, and the form says why."""
    if form.validate():
        try:
            write(form.text.data or "")
        except BadInput as refusal:
            form.take(refusal)
        else:
            return True
    return False


@bp.post("/cases/<ref>/acknowledgement")
@needs("cases.write")
def acknowledge(ref: str) -> ResponseReturnValue:
    page = found(ref)
    cases.acknowledge(case_id=page.case.id, actor=me(), now=utc_now(), channel=page.case.channel)
    flash(_("Acknowledged."), "good")
    return redirect(url_for("cases.show", ref=page.ref), 303)


@bp.post("/cases/<ref>/ownership")
@needs("cases.write")
def take(ref: str) -> ResponseReturnValue:
    """Assign to me, in one click."""
    page, actor = found(ref), me()
    team_id = page.case.team_id or (actor.team_id if actor.site_id == page.case.site_id else None)
    cases.assign(case_id=page.case.id, owner_id=actor.id, team_id=team_id, actor=actor, now=utc_now())
    flash(_("%(ref)s is yours.", ref=page.ref), "good")
    return redirect(safe_next(request.form.get("next") or url_for("cases.show", ref=page.ref)), 303)
