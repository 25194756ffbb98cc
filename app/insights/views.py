"""The page of figures, and the cases behind each."""

from dataclasses import dataclass
from typing import Any

from flask import abort, render_template, request, url_for

from app.insights import (
    approval_views,
    figures,
    proposal_views,
    queries,
    rules,
    shadow_views,
    simulation_views,
    spend_views,
)
from app.insights.blueprint import bp
from app.insights.queries import Part
from app.insights.rules import Period
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, my_scope, needs
from app.people.queries import SiteRow, TeamRow

__all__ = ["approval_views", "bp", "proposal_views", "shadow_views", "simulation_views", "spend_views"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose in the URL, cut down to what they may see."""

    sites: tuple[SiteRow, ...]
    teams: tuple[TeamRow, ...]
    site_id: int | None
    team_id: int | None
    period: Period
    part: Part


def _choice() -> Choice:
    """Read the filters; what lies outside the reader's scope counts as not chosen."""
    scope = my_scope("metrics.read")
    sites = tuple(site for site in people.sites() if scope.kind == "company" or site.id == scope.site_id)
    asked = request.args.get("site", type=int)
    site_id = next((site.id for site in sites if site.id == asked), sites[0].id if len(sites) == 1 else None)
    teams = tuple(team for team in people.teams() if any(site.id == team.site_id for site in sites))
    here = tuple(team for team in teams if team.site_id == site_id)
    team_id = next((team.id for team in here if team.id == request.args.get("team", type=int)), None)
    period = rules.period_of(request.args.get("period"))
    site_ids = (site_id,) if site_id else tuple(site.id for site in sites)
    return Choice(sites, teams, site_id, team_id, period, queries.part_of(site_ids, team_id, period, utc_now()))


@bp.get("/insights")
@needs("metrics.read")
def overview() -> str:
    choice = _choice()
    names = figures.names_of(choice.sites, choice.teams)
    return render_template(
        "insights/overview.html",
        choice=choice,
        periods=rules.PERIODS,
        found=figures.figures_of(choice.part, choice.period, names, choice.sites, choice.part.until),
        share_words=figures.share_words,
        bounds_words=figures.bounds_words,
        behind=lambda measure: url_for("insights.cases", measure=measure, **_args(choice)),
        may_read_cases=can("cases.read"),
    )


@bp.get("/insights/cases/<measure>")
@needs("metrics.read")
def cases(measure: str) -> str:
    if measure not in queries.MEASURES:
        abort(404)
    my_scope("cases.read")  # figures alone go further than the cases behind them
    choice, page = _choice(), Page.of(request.args.get("after"))
    found = queries.cases_behind(measure, choice.part, choice.part.until, page)
    here = {"measure": measure, **_args(choice)}
    return render_template(
        "insights/cases.html",
        measure=measure,
        choice=choice,
        rows=found.rows,
        names=figures.names_of(choice.sites, choice.teams),
        back_url=url_for("insights.overview", **_args(choice)),
        next_url=url_for("insights.cases", after=found.next_cursor, **here) if found.next_cursor else None,
        start_url=url_for("insights.cases", **here) if page.after else None,
    )


def _args(choice: Choice) -> dict[str, Any]:
    """The filters as they stand in the URL, without what is not chosen."""
    chosen = {"site": choice.site_id, "team": choice.team_id, "period": choice.period.name}
    return {name: str(value) for name, value in chosen.items() if value}
