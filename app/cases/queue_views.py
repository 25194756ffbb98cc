"""The queue: open cases by what is due next, with filters in the address."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.cases import due_queries, queries, row_views, words
from app.cases.blueprint import bp
from app.cases.due_queries import Due
from app.cases.queries import COUNT_MAX, VIEWS, Filters, QueueRow
from app.cases.rules import STATES
from app.kernel.paging import Page, Slice
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.people.permissions import Scope
from app.ui import shell
from app.ui.filters import locale_name

PAGE_SIZE = 50


@bp.get("/cases")
@needs("cases.read")
def index() -> ResponseReturnValue:
    now, scope, filters = utc_now(), my_scope("cases.read"), filters_of(request.args)
    found, dues = _read(scope, filters, now)
    etag = _etag(found, dues, now)
    if request.if_none_match.contains_weak(etag):
        return _unchanged(etag)
    actor = me()
    total = queries.count(scope, filters, me_id=actor.id, team_id=actor.team_id, now=now)
    page = render_template(
        "cases/index.html",
        **_shown(found, dues, filters, scope, now),
        total=f"{COUNT_MAX - 1:,}+" if total >= COUNT_MAX else total,
        views=[(view, words.VIEW_WORDS[view]) for view in _views(actor.team_id)],
        categories=queries.categories(),
        sites=people.sites_within(scope) if scope.is_wide else (),
        severities=words.SEVERITY_WORDS,
        states=words.STATE_WORDS,
    )
    return _answer(page, etag)


@bp.get("/cases/rows")
@needs("cases.read")
def rows() -> ResponseReturnValue:
    """The rows alone, for a queue that stays open on a desk."""
    now, scope, filters = utc_now(), my_scope("cases.read"), filters_of(request.args)
    found, dues = _read(scope, filters, now)
    etag = _etag(found, dues, now)
    if request.if_none_match.contains_weak(etag):
        return _unchanged(etag)
    return _answer(render_template("cases/_rows.html", **_shown(found, dues, filters, scope, now)), etag)


def filters_of(asked: Mapping[str, str]) -> Filters:
    """Read the filters from an address or a form; what makes no sense there is left out."""
    view = asked.get("view", "")
    severity = asked.get("severity", "")
    state = asked.get("state", "")
    if view not in VIEWS:
        view = "mine" if me().role == "frontline" else "all"
    return Filters(
        view=view,
        category_id=_number(asked.get("category")),
        severity=int(severity) if severity in ("0", "1", "2", "3", "4") else None,
        state=state if state in STATES else None,
        site_id=_number(asked.get("site")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _views(team_id: int | None) -> tuple[str, ...]:
    order = ("mine", "unowned", "team", "late", "all", "resolved")
    may_own = can("cases.write")
    return tuple(view for view in order if (view != "team" or team_id) and (view != "mine" or may_own))


def _read(scope: Scope, filters: Filters, now: datetime) -> tuple[Slice[QueueRow], Mapping[int, Due]]:
    actor = me()
    page = Page.of(request.args.get("after"), PAGE_SIZE)
    found = queries.queue(scope, filters, page, me_id=actor.id, team_id=actor.team_id, now=now)
    return found, due_queries.dues(found.rows, now)


def _shown(
    found: Slice[QueueRow], dues: Mapping[int, Due], filters: Filters, scope: Scope, now: datetime
) -> dict[str, Any]:
    asked = {
        "view": filters.view,
        "category": filters.category_id,
        "severity": filters.severity,
        "state": filters.state,
        "site": filters.site_id,
    }
    here: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    after = request.args.get("after")
    return {
        "lines": row_views.lines(found.rows, dues, now),
        "filters": filters,
        "here": here,
        "here_url": url_for("cases.index", **here, after=after),
        "rows_url": url_for("cases.rows", **here, after=after),
        "next_url": url_for("cases.index", **here, after=found.next_cursor) if found.next_cursor else None,
        "start_url": url_for("cases.index", **here) if after else None,
        "has_sites": scope.is_wide,
        "may_take": can("cases.write"),
        "now": now,
    }


def _etag(found: Slice[QueueRow], dues: Mapping[int, Due], now: datetime) -> str:
    """What the page shows hangs on its rows, the reader, the address and the minute."""
    frame = shell.shell()
    parts = (
        me().id,
        request.full_path,
        locale_name(),
        frame.preferences,
        frame.unread,
        now.replace(second=0, microsecond=0),
        [(row.id, row.version, row.owner, row.customer, row.given_minor, dues[row.id].state) for row in found.rows],
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _answer(page: str, etag: str) -> ResponseReturnValue:
    answer = make_response(page)
    answer.set_etag(etag, weak=True)
    answer.headers["Vary"] = "Cookie, HX-Request, Accept-Language"
    return answer


def _unchanged(etag: str) -> ResponseReturnValue:
    answer = make_response("", 304)
    answer.set_etag(etag, weak=True)
    return answer
