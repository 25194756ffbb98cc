"""The inbox page."""

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.notifications import actions, mail_views, outbox_views, queries
from app.notifications.blueprint import bp
from app.people.access import me, needs

__all__ = ["bp", "mail_views", "outbox_views"]


@bp.get("/inbox")
@needs("inbox.read")
def inbox() -> str:
    actor = me()
    assert actor.id is not None
    unread_only = request.args.get("unread") == "1"
    page = Page.of(request.args.get("after"))
    lines = queries.inbox(actor.id, page, unread_only=unread_only)
    here: dict[str, Any] = {"unread": "1" if unread_only else None}
    return render_template(
        "notifications/inbox.html",
        lines=lines,
        unread=queries.unread_count(actor.id),
        bound=queries.COUNT_MAX,
        unread_only=unread_only,
        next_url=url_for("notifications.inbox", **here, after=lines.next_cursor) if lines.next_cursor else None,
        start_url=url_for("notifications.inbox", **here) if page.after else None,
        now=utc_now(),
    )


@bp.post("/inbox/read")
@needs("inbox.read")
def read_all() -> Response:
    """Mark everything up to the newest line that the page showed."""
    up_to = request.form.get("up_to", type=int)
    if up_to:
        actions.mark_all_read(up_to_id=up_to, actor=me(), now=utc_now())
    return redirect(url_for("notifications.inbox"), 303)


@bp.post("/inbox/<int:notification_id>/read")
@needs("inbox.read")
def read(notification_id: int) -> Response:
    actions.mark_read(notification_id=notification_id, actor=me(), now=utc_now())
    return redirect(url_for("notifications.inbox"), 303)
