"""The board of clocks at risk, and the month of due dates."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.calendars.forms import DAY_NAMES
from app.calendars.queries import calendar_of
from app.kernel.errors import NotFound
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.people.permissions import Scope
from app.people.queries import SiteRow
from app.people.step_up import require_proof
from app.sla import clock_views, export_actions, legal_views, month_queries, queries, rerun_views, rule_views
from app.sla.blueprint import bp
from app.sla.export_actions import Wanted

__all__ = ["bp", "clock_views", "legal_views", "rerun_views", "rule_views"]


@bp.get("/clocks")
@needs("clocks.read")
def board() -> str:
    scope, actor, now = my_scope("clocks.read"), me(), utc_now()
    place = _place(request.args)
    team_id, mine = request.args.get("team", type=int), request.args.get("mine") == "1"
    page = Page.of(request.args.get("after"))
    clocks = queries.clocks_at_risk(
        site_id=place.id, team_id=team_id, owner_id=actor.id if mine else None, page=page, now=now
    )
    here: dict[str, Any] = {"site": place.id, "team": team_id, "mine": "1" if mine else None}
    return render_template(
        "sla/board.html",
        site_name=place.name,
        site_id=place.id,
        clocks=clocks,
        names=people.names(clock.owner_id for clock in clocks.rows),
        here={name: value for name, value in here.items() if value is not None},
        filters=_filters(place.id, team_id, mine, scope=scope),
        next_url=url_for("sla.board", **here, after=clocks.next_cursor) if clocks.next_cursor else None,
        start_url=url_for("sla.board", **here) if page.after else None,
        case_url=lambda case_ref: f"/cases/{case_ref}",
        now=now,
    )


@bp.get("/clocks/month")
@needs("clocks.read")
def month() -> str:
    now, place = utc_now(), _place(request.args)
    first = _month(request.args.get("month", ""), now.astimezone(ZoneInfo(place.time_zone)).date())
    hours = calendar_of(queries.newest_versions(place.id)[1])
    team_id = request.args.get("team", type=int)
    shown = month_queries.month(first, site_id=place.id, team_id=team_id, calendar=hours, zone=place.time_zone, now=now)

    def url(day: date) -> str:
        return url_for("sla.month", month=day.strftime("%Y-%m"), site=place.id, team=team_id)

    return render_template(
        "sla/month.html",
        month=shown,
        site_name=place.name,
        site_id=place.id,
        weekdays=[(name, "") for name in DAY_NAMES.values()],
        earlier_url=url(first - timedelta(days=1)),
        later_url=url(first + timedelta(days=31)),
    )


@bp.post("/clocks/exports")
@needs("clocks.read")
def export() -> Response:
    """Carry clocks away: what the board shows of a site, or all clocks of one case."""
    require_proof()
    asked, actor, now = request.form, me(), utc_now()
    if asked.get("case"):
        page = clock_views.found(asked["case"])
        wanted, name = Wanted(page.case.site_id, case_id=page.case.id), page.ref
    else:
        place, mine = _place(asked), asked.get("mine") == "1"
        owner_id = actor.id if mine else None
        wanted, name = Wanted(place.id, asked.get("team", type=int), owner_id), place.code
    table = export_actions.export(wanted=wanted, actor=actor, now=now)
    file = f"clocks-{name}-{now:%Y%m%d-%H%M%S}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return Response(table, mimetype="text/csv", headers=headers)


def _place(asked: MultiDict[str, str]) -> SiteRow:
    """The site that is asked for, where the reader may look at all of them; otherwise their own."""
    actor, scope = me(), my_scope("clocks.read")
    site_id = asked.get("site", actor.site_id, type=int) if scope.is_wide else actor.site_id
    within = people.sites_within(scope)
    found = next((row for row in within if row.id == site_id), None)
    found = found or next((row for row in within if row.id == actor.site_id), None) or next(iter(within), None)
    if found is None:
        raise NotFound
    return found


def _month(text: str, today: date) -> date:
    """The first day of "2026-04"; of this month when it is none."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 2000 <= found.year <= 2100 else today.replace(day=1)


def _filters(site_id: int, team_id: int | None, mine: bool, *, scope: Scope) -> list[tuple[str, str, bool]]:
    """Chips: everything of the site, mine, each team; and each site for those who see all."""
    chips = [(_("All"), url_for("sla.board", site=site_id), not mine and team_id is None)]
    chips.append((_("Mine"), url_for("sla.board", site=site_id, mine=1), mine))
    for team in people.teams(site_id):
        chips.append((team.name, url_for("sla.board", site=site_id, team=team.id), team.id == team_id))
    if scope.is_wide:
        others = (row for row in people.sites_within(scope) if row.id != site_id)
        chips += [(row.name, url_for("sla.board", site=row.id), False) for row in others]
    return chips
