"""The trail: every deed in words, the raw entry beside it, and whether the chain holds."""

from typing import Any

from flask import render_template, request, url_for

from app.audit import evidence_views, queries, replay_views, search_views
from app.audit.blueprint import bp
from app.audit.checkpoint_queries import newest_checkpoint
from app.audit.forms import BY, TrailForm, chips
from app.audit.queries import TrailRow
from app.audit.search_actions import record_look
from app.audit.search_views import searches_of
from app.audit.trail_sheet import lines_of, my_site_scope
from app.kernel.paging import Page, Slice
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.ui.filters import zone_of

__all__ = ["bp", "evidence_views", "replay_views", "search_views"]


@bp.get("/audit")
@needs("audit.read")
def trail() -> tuple[str, int] | str:
    form = TrailForm(request.args)
    is_sound = form.validate()
    page, now = Page.of(request.args.get("after")), utc_now()
    found: Slice[TrailRow] = Slice((), None)
    if is_sound:
        if form.person_id and not page.after:
            record_look(person_id=form.person_id, narrowed=form.narrowed(), actor=me(), now=now)
        filters = form.filters(my_site_scope(), zone_of(None), form.shown_by())
        found = queries.trail(filters, page, oldest_first=form.case_id is not None)
    body = _page(form, found, page, form.narrowed() if is_sound else {})
    return body if is_sound else (body, 422)


def _page(form: TrailForm, found: Slice[TrailRow], page: Page, narrowed: dict[str, str]) -> str:
    form.by.data = by = form.shown_by()
    lines, names = lines_of(found.rows, with_addresses=can("audit.verify"))
    return render_template(
        "audit/trail.html",
        form=form,
        chips=chips(form.type.data or None),
        whose=[(words, _here(by=one), one == by) for one, words in BY.items()],
        by=by,
        lines=lines,
        names=names,
        case_ref=ref("case", form.case_id) if form.case_id else None,
        state=queries.seal_state(),
        checkpoint=newest_checkpoint(),
        kept=searches_of(me().id or 0),
        narrowed=narrowed,
        now=utc_now(),
        next_url=_here(after=found.next_cursor) if found.next_cursor else None,
        start_url=_here(after=None) if page.after else None,
        here=_here,
    )


def _here(**changes: str | None) -> str:
    """This page with some of its filters changed; a changed filter starts at the first page."""
    args = {name: value for name, value in request.args.items() if value and name != "after"}
    args.update({name: value or "" for name, value in changes.items()})
    kept: dict[str, Any] = {name: value for name, value in args.items() if value}
    return url_for("audit.trail", **kept)
