"""Which part of the company and which time a page of figures is about, from the address. For pages."""

from dataclasses import dataclass
from typing import Any

from flask import request

from app.insights import queries, rules
from app.insights.queries import Part
from app.insights.rules import Period
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import my_scope, my_site
from app.people.permissions import sites_of
from app.people.queries import SiteRow, TeamRow


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose in the URL, cut down to what they may see."""

    sites: tuple[SiteRow, ...]
    teams: tuple[TeamRow, ...]
    site_id: int | None
    team_id: int | None
    period: Period
    part: Part

    @property
    def args(self) -> dict[str, Any]:
        """The filters as they stand in the URL, without what is not chosen."""
        chosen = {"site": self.site_id, "team": self.team_id, "period": self.period.name}
        return {name: str(value) for name, value in chosen.items() if value}


def chosen(*, with_teams: bool = True, period: str | None = None) -> Choice:
    """Read the filters; what lies outside the reader's scope counts as not chosen. period: where none is asked for."""
    scope, home = my_scope("metrics.read"), my_site()
    sites = (home,) if sites_of(scope) == (home.id,) else people.sites_within(scope)
    asked = request.args.get("site", type=int)
    site_id = next((site.id for site in sites if site.id == asked), sites[0].id if len(sites) == 1 else None)
    known = people.teams() if with_teams else ()
    teams = tuple(team for team in known if any(site.id == team.site_id for site in sites))
    here = tuple(team for team in teams if team.site_id == site_id)
    team_id = next((team.id for team in here if team.id == request.args.get("team", type=int)), None)
    span = rules.period_of(request.args.get("period", period))
    site_ids = (site_id,) if site_id else tuple(site.id for site in sites)
    return Choice(sites, teams, site_id, team_id, span, queries.part_of(site_ids, team_id, span, utc_now()))
