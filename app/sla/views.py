"""The board of clocks at risk, and the month of due dates."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask_babel import gettext as _

from app.calendars.forms import DAY_NAMES
from app.calendars.queries import calendar_of
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.sla import clock_views, legal_views, month_queries, queries, rerun_views, rule_views
from app.sla.blueprint import bp

__all__ = ["bp", "clock_views", "legal_views", "rerun_views", "rule_views"]


@bp.get("/clocks")
@needs("clocks.read")
def board() -> str:
    scope, actor, now = my_scope("clocks.read"), me(), utc_now()
    site_id = actor.site_id if scope.kind != "company" else request.args.get("site", actor.site_id, type=int)
    place = next((row for row in people.sites() if row.id == site_id), None) or people.site(actor.site_id or 0)
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
        filters=_filters(place.id, team_id, mine, everywhere=scope.kind == "company"),
        next_url=url_for("sla.board", **here, after=clocks.next_cursor) if clocks.next_cursor else None,
        start_url=url_for("sla.board", **here) if page.after else None,
        case_url=lambda case_ref: f"/cases/{case_ref}",
        now=now,
    )


@bp.get("/clocks/month")
@needs("clocks.read")
def month() -> str:
    scope, actor, now = my_scope("clocks.read"), me(), utc_now()
    site_id = actor.site_id if scope.kind != "company" else request.args.get("site", actor.site_id, type=int)
    place = next((row for row in people.sites() if row.id == site_id), None) or people.site(actor.site_id or 0)
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


def _month(text: str, today: date) -> date:
    """The first day of "2026-04"; of this month when it is none."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if 2000 <= found.year <= 2100 else today.replace(day=1)


def _filters(site_id: int, team_id: int | None, mine: bool, *, everywhere: bool) -> list[tuple[str, str, bool]]:
    """Chips: everything of the site, mine, each team; and each site for those who see all."""
    chips = [(_("All"), url_for("sla.board", site=site_id), not mine and team_id is None)]
    chips.append((_("Mine"), url_for("sla.board", site=site_id, mine=1), mine))
    for team in people.teams(site_id):
        chips.append((team.name, url_for("sla.board", site=site_id, team=team.id), team.id == team_id))
    if everywhere:
        chips += [(row.name, url_for("sla.board", site=row.id), False) for row in people.sites() if row.id != site_id]
    return chips
