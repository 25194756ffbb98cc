"""The measures of the metrics page as figures: the same queries, the same intervals."""

from collections.abc import Callable, Iterable
from datetime import datetime

from app.api.schemas_out import FigureOut, MetricOut
from app.insights import queries as insights
from app.insights.queries import Grouped, Part
from app.insights.rules import Percentile, Share, period_of
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.people import queries as people
from app.people.permissions import Scope


def measure(name: str, scope: Scope, period: str, now: datetime) -> MetricOut:
    """Return one measure over the scope's sites; NotFound for a name that is none."""
    found = MEASURES.get(name)
    if found is None:
        raise NotFound
    unit, figures = found
    sites = (scope.site_id or 0,) if scope.kind != "company" else tuple(site.id for site in people.sites())
    part = insights.part_of(sites, scope.team_id if scope.kind == "team" else None, period_of(period), now)
    return MetricOut(name=name, unit=unit, since=part.since, until=part.until, figures=list(figures(part)))  # type: ignore[arg-type]


def _own_authority(part: Part) -> Iterable[FigureOut]:
    return _shares(insights.own_authority(part), part)


def _clocks_kept(part: Part) -> Iterable[FigureOut]:
    for milestone, grouped in insights.kept_clocks(part).items():
        yield _share(milestone, grouped[None])


def _approval_wait(part: Part) -> Iterable[FigureOut]:
    for key, (median, ninth) in insights.wait_percentiles(insights.waits(part)).items():
        yield _percentile(f"{_group(key, part)} p50", median)
        yield _percentile(f"{_group(key, part)} p90", ninth)


def _exceptions(part: Part) -> Iterable[FigureOut]:
    for state, count in sorted(insights.outcomes(part).items()):
        yield _count(state, count)


def _due(part: Part) -> Iterable[FigureOut]:
    due = insights.due_now(part, part.until)
    for key, count in (("late", due.late), ("soon", due.soon), ("later", due.later)):
        yield _count(key, count)


MEASURES: dict[str, tuple[str, Callable[[Part], Iterable[FigureOut]]]] = {
    "own-authority": ("share", _own_authority),
    "approval-wait": ("seconds", _approval_wait),
    "exceptions": ("count", _exceptions),
    "clocks-kept": ("share", _clocks_kept),
    "due": ("count", _due),
}


def _shares(grouped: Grouped, part: Part) -> Iterable[FigureOut]:
    for key, share in grouped.items():
        yield _share(_group(key, part), share)


def _group(key: int | None, part: Part) -> str:
    """Name a group by its reference; None is all together and 0 those without a team."""
    if key is None:
        return "all"
    return ref(part.by, key) if key else "none"


def _share(key: str, share: Share) -> FigureOut:
    return FigureOut(key=key, n=share.trials, value=share.ratio, low=share.low, high=share.high)


def _percentile(key: str, found: Percentile) -> FigureOut:
    return FigureOut(key=key, n=found.count, value=found.value, low=found.low, high=found.high)


def _count(key: str, count: int) -> FigureOut:
    return FigureOut(key=key, n=count, value=count, low=None, high=None)
