"""What is done about a waiting request beside deciding it: asking back, answering, changing it, giving the part now."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.approvals import decision_page, live, step_queries
from app.approvals import thread_actions as threads
from app.approvals.blueprint import bp
from app.approvals.decision_page import Sent
from app.approvals.forms import AmendForm, PartForm, TalkForm
from app.approvals.queries import RequestRow
from app.approvals.sheet import part_now
from app.budgets import intent_actions as intents
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs
from app.remedies import exception_actions as remedies


@bp.get("/exceptions/<ref>/state")
@needs("exceptions.read")
def state(ref: str) -> Response:
    """Answer 304 from one query as long as nothing has changed; else the part of the page that has.

    With ?only=end another page waits for the decision alone: 304 until there is one, then a line that tells it.
    """
    exception_id = parse_ref("exception", ref)
    mark = step_queries.mark(exception_id) if exception_id else None
    if mark is None:
        raise NotFound
    tag = step_queries.tag_of(mark)
    is_seen = my_scope("exceptions.read").covers(site_id=mark.site_id, team_id=mark.team_id, owner_id=mark.asker_id)
    is_end = request.args.get("only") == "end"
    if is_seen and (mark.state == "waiting" if is_end else tag in request.if_none_match):
        answer = make_response("", 304)
    elif is_end:
        answer = make_response(decision_page.news(decision_page.row_of(ref)))
    else:
        answer = make_response(decision_page.part(decision_page.row_of(ref)))
    answer.set_etag(tag)
    return answer


@bp.get("/exceptions/<ref>/live")
@needs("exceptions.read")
def listen(ref: str) -> Response:
    """Tell the page as soon as the request changes, as server-sent events; 204 where no more pages may listen."""
    row = decision_page.row_of(ref)
    hub = live.here()
    # Who doesn't say what they show sees the request as it is now, and not as it is when the watcher first looks.
    shown = request.args.get("tag") or step_queries.tag_of(step_queries.marks({row.id}).get(row.id))
    stream = hub.open(row.id, shown) if row.is_waiting else None
    if stream is None:
        return Response(status=204)
    db.session.remove()  # the thread waits from here on, and holds nothing of the database
    answer = Response(live.events(stream), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: hub.close(stream))
    return answer


@bp.post("/exceptions/<ref>/questions")
@needs("exceptions.decide")
def ask_back(ref: str) -> ResponseReturnValue:
    form = TalkForm.about(is_sent=True)
    return _deed(
        ref, "talk", form,
        lambda row: _say(threads.ask_back, row, form, me(), utc_now()),
        _("Asked. The answer comes here and to your inbox."),
    )  # fmt: skip


@bp.post("/exceptions/<ref>/answers")
@needs("exceptions.ask")
def answer(ref: str) -> ResponseReturnValue:
    form = TalkForm.about(is_sent=True)
    return _deed(
        ref, "talk", form,
        lambda row: _say(threads.answer, row, form, me(), utc_now()),
        _("Answered."),
    )  # fmt: skip


@bp.post("/exceptions/<ref>/amendments")
@needs("exceptions.ask")
def amend(ref: str) -> ResponseReturnValue:
    form = AmendForm.about(decision_page.row_of(ref), is_sent=True)
    return _deed(
        ref, "amend", form,
        lambda row: remedies.amend_exception(
            exception_id=row.id, amount=form.amount.data, reason=form.reason.data or "", actor=me(), now=utc_now()
        ),
        _("Changed, and asked anew."),
    )  # fmt: skip


@bp.post("/exceptions/<ref>/part")
@needs("exceptions.ask")
def give_part(ref: str) -> ResponseReturnValue:
    form = PartForm.about(decision_page.row_of(ref), is_sent=True)

    def deed(row: RequestRow) -> Any:
        part = part_now(row, utc_now())
        if part is None or str(part.minor) != form.part.data:
            raise BadInput({"part": [_("What you may give now has changed. Look again.")]})
        return remedies.give_part(
            exception_id=row.id, part=part, intent=form.intent.data or "", actor=me(), now=utc_now()
        )

    return _deed(ref, "part", form, deed, _("Offered, and held for the customer. The rest goes on waiting."))


def _say(say: Callable[..., None], row: RequestRow, form: TalkForm, actor: Actor, now: datetime) -> None:
    """Ask or answer once, however often the form is sent."""

    def deed() -> int:
        say(exception_id=row.id, text=form.text.data or "", actor=actor, now=now)
        return row.id

    intents.once_for_form(name="talk", key=form.key(row.id, say.__name__), actor=actor, now=now, deed=deed)


def _deed(ref: str, name: str, form: Any, deed: Callable[[RequestRow], Any], done: str) -> ResponseReturnValue:
    row = decision_page.row_of(ref)
    if not form.validate():
        return decision_page.page(row, Sent(name, form)), 422
    try:
        deed(row)
    except BadInput as mistake:
        form.take(mistake)
        sentence = None if name != "part" else " ".join(text for texts in mistake.errors.values() for text in texts)
        return decision_page.page(decision_page.row_of(ref), Sent(name, form, sentence)), 422
    except Refusal as refusal:
        return decision_page.page(decision_page.row_of(ref), Sent(name, form, str(refusal))), refusal.status
    flash(done, "good")
    return redirect(url_for("approvals.show", ref=row.ref), 303)
