"""The queue: open cases by what is due next, with filters in the address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.cases import due_queries, queries, row_views, words
from app.cases.blueprint import bp
from app.cases.due_queries import Due
from app.cases.queries import COUNT_MAX, VIEWS, Filters, QueueRow
from app.cases.rules import STATES
from app.insights import risk_queries, risk_ranking, risk_words
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.people.permissions import Scope
from app.ui import unchanged
from app.ui.filters import counted

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Read:
    """What was read for a queue. risks: what its rows say of their customers' risk, where that is the order asked for."""

    rows: tuple[QueueRow, ...]
    next_cursor: str | None
    dues: Mapping[int, Due]
    is_by_risk: bool = False
    is_cut: bool = False
    risks: Mapping[int, tuple[str, str]] = field(default_factory=dict)


@bp.get("/cases")
@needs("cases.read")
def index() -> ResponseReturnValue:
    now, scope, filters = utc_now(), my_scope("cases.read"), filters_of(request.args)
    found = _read(scope, filters, now)
    may_rank = found.is_by_risk or risk_queries.is_on()
    tag = _tag(found, now, may_rank)
    if unchanged.is_known(tag):
        return unchanged.in_a_word(tag)
    actor = me()
    total = queries.count(scope, filters, me_id=actor.id, team_id=actor.team_id, now=now)
    page = render_template(
        "cases/index.html",
        **_shown(found, filters, scope, now),
        may_rank=may_rank and filters.view != "resolved",
        total=counted(total, COUNT_MAX),
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
    found = _read(scope, filters, now)
    tag = _tag(found, now, found.is_by_risk)
    if unchanged.is_known(tag):
        return unchanged.in_a_word(tag)
    return unchanged.in_full(render_template("cases/_rows.html", **_shown(found, filters, scope, now)), tag)


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


def _read(scope: Scope, filters: Filters, now: datetime) -> Read:
    actor = me()
    page = Page.of(request.args.get("after"), PAGE_SIZE)
    whose: dict[str, Any] = {"me_id": actor.id, "team_id": actor.team_id, "now": now}
    if request.args.get("first") == "risk" and filters.view != "resolved":
        ranked = risk_ranking.by_risk(scope, filters, page, **whose)
        if ranked is not None:
            risks = {
                row.id: risk_words.row_words(ranked.scores[row.id])
                for row in ranked.rows.rows
                if row.id in ranked.scores
            }
            rows = ranked.rows
            return Read(rows.rows, rows.next_cursor, due_queries.dues(rows.rows, now), True, ranked.is_cut, risks)
    found = queries.queue(scope, filters, page, **whose)
    return Read(found.rows, found.next_cursor, due_queries.dues(found.rows, now))


def _shown(found: Read, filters: Filters, scope: Scope, now: datetime) -> dict[str, Any]:
    asked = {
        "view": filters.view,
        "category": filters.category_id,
        "severity": filters.severity,
        "state": filters.state,
        "site": filters.site_id,
        "first": "risk" if found.is_by_risk else None,
    }
    here: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    after = request.args.get("after")
    return {
        "lines": row_views.lines(found.rows, found.dues, now, found.risks),
        "is_by_risk": found.is_by_risk,
        "is_cut": found.is_cut,
        "ranked_max": risk_queries.RANKED_MAX,
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


def _tag(found: Read, now: datetime, may_rank: bool) -> str | None:
    """What the rows hang on: themselves and the minute, since they say how long is left."""
    rows = [
        (
            row.id,
            row.version,
            row.owner,
            row.customer,
            row.given_minor,
            found.dues[row.id].state,
            found.risks.get(row.id),
        )
        for row in found.rows
    ]
    return unchanged.tag("queue", now.replace(second=0, microsecond=0), rows, may_rank)
