"""The page of messages that were given up."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.errors import NotFound
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.notifications import outbox_actions as outbox
from app.notifications import outbox_queries as queries
from app.notifications.blueprint import bp
from app.notifications.outbox_channels import channels
from app.people.access import me, needs


@bp.get("/outbox")
@needs("ops.read")
def dead_letters() -> str:
    page, now = Page.of(request.args.get("after")), utc_now()
    rows = queries.dead_letters(page)
    return render_template(
        "notifications/outbox.html",
        rows=rows.rows,
        words={name: channel.words for name, channel in channels().items()},
        waiting=queries.waiting_count(),
        bound=queries.COUNT_MAX,
        oldest=queries.oldest_due_at(now),
        next_url=url_for("notifications.dead_letters", after=rows.next_cursor) if rows.next_cursor else None,
        start_url=url_for("notifications.dead_letters") if page.after else None,
        now=now,
    )


@bp.post("/outbox/<ref>/arrival")
@needs("settings.write")
def note_arrival(ref: str) -> Response:
    """Somebody has seen that a message had arrived whose end nobody knew."""
    outbox.note_arrived(message_id=_identity(ref), actor=me(), now=utc_now())
    flash(_("Noted: it had arrived."), "good")
    return redirect(url_for("notifications.dead_letters"), 303)


def _identity(ref: str) -> int:
    message_id = parse_ref("message", ref)
    if message_id is None:
        raise NotFound
    return message_id


@bp.post("/outbox/<ref>/tries")
@needs("settings.write")
def retry_message(ref: str) -> Response:
    outbox.retry(message_id=_identity(ref), actor=me(), now=utc_now())
    flash(_("It is tried again now."), "good")
    return redirect(url_for("notifications.dead_letters"), 303)
