"""The queue: open cases by what is due next, with filters in the address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
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
from app.ui import unchanged

PAGE_SIZE = 50


@bp.get("/cases")
@needs("cases.read")
def index() -> ResponseReturnValue:
    now, scope, filters = utc_now(), my_scope("cases.read"), filters_of(request.args)
    found, dues = _read(scope, filters, now)
    tag = _tag(found, dues, now)
    if unchanged.is_known(tag):
        return unchanged.in_a_word(tag)
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
    return unchanged.in_full(page, tag)


@bp.get("/cases/rows")
@needs("cases.read")
def rows() -> ResponseReturnValue:
    """The rows alone, for a queue that stays open on a desk."""
    now, scope, filters = utc_now(), my_scope("cases.read"), filters_of(request.args)
    found, dues = _read(scope, filters, now)
    tag = _tag(found, dues, now)
    if unchanged.is_known(tag):
        return unchanged.in_a_word(tag)
    return unchanged.in_full(render_template("cases/_rows.html", **_shown(found, dues, filters, scope, now)), tag)


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


def _tag(found: Slice[QueueRow], dues: Mapping[int, Due], now: datetime) -> str | None:
    """What the rows hang on: themselves and the minute, since they say how long is left."""
    rows = [(row.id, row.version, row.owner, row.customer, row.given_minor, dues[row.id].state) for row in found.rows]
    return unchanged.tag("queue", now.replace(second=0, microsecond=0), rows)
