"""The measures of the registry, as the pages and the exports have them: the same figures, by place, never by value or person."""

from datetime import datetime

from app.api.schemas_out import FigureOut, MetricOut
from app.insights import queries as insights
from app.insights import risk_figures, risk_queries
from app.insights.figure_queries import figures
from app.insights.measures import MEASURES
from app.insights.rules import period_of
from app.kernel.errors import NotFound
from app.people import queries as people
from app.people.permissions import Scope

# What became of customers later tells no place: it stays on its page.
_RISK = {risk_figures.MEASURES["back"].name: risk_figures.MEASURES["back"]}


def measure(name: str, scope: Scope, period: str, now: datetime) -> MetricOut:
    """Return one measure over the scope's sites; NotFound for a name that is none, and for the risk score's while that is off."""
    found = MEASURES.get(name) or _RISK.get(name)
    if found is None or (name in _RISK and not risk_queries.is_on()):
        raise NotFound
    sites = tuple(site.id for site in people.sites_within(scope)) or (0,)
    part = insights.part_of(sites, scope.team_id if scope.kind == "team" else None, period_of(period), now)
    rows = risk_figures.read("back", part, now) if name in _RISK else figures(name, part, now)
    return MetricOut(
        name=name,
        unit=found.unit,
        definition=str(found.definition),
        formula=str(found.formula),
        source=found.source,
        not_for=str(found.not_for),
        n_min=found.n_min,
        since=part.since,
        until=part.until,
        figures=[
            FigureOut(key=one.key, n=one.n, k=one.k, value=one.value, low=one.low, high=one.high, rest_n=one.rest_n)
            for one in rows
        ],
    )
