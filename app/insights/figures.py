"""The figures of the metrics page: labels, charts and the words that say what may be concluded. For pages."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from app.insights import queries, rules
from app.insights.approval_rules import Difference
from app.insights.queries import Due, Grouped, Part, Wait
from app.insights.rules import Percentile, Period, Share
from app.kernel.money import Money
from app.people.queries import SiteRow, TeamRow
from app.ui import charts
from app.ui.filters import counted, duration, locale_name, number, percent, zone_of
from app.ui.windows import WindowRow
from app.ui.words import skeleton

GROUPS_MAX = 20


@dataclass(frozen=True, slots=True)
class Names:
    """What groups are called; key 0 of a grouping is what has no team."""

    sites: dict[int, str]
    teams: dict[int, str]

    def of(self, by: str, key: int | None) -> str:
        if key is None:
            return _("All together")
        return (self.teams if by == "team" else self.sites).get(key) or _("Without a team")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long answers take: p50 and p90 over all, per group, and drawn over time."""

    p50: Percentile
    p90: Percentile
    chart: charts.LineChart | None  # None while no stretch has enough answers to draw
    groups: list[tuple[str, Percentile, Percentile]]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything on the page."""

    own: Share
    own_chart: charts.IntervalPlot
    waiting: Waiting
    outcomes: charts.BarChart
    asked_count: int
    kept: list[tuple[str, Share]]
    kept_chart: charts.IntervalPlot
    due: Due
    due_chart: charts.BarChart
    pools: list[WindowRow]


def figures_of(part: Part, period: Period, names: Names, sites: tuple[SiteRow, ...], now: datetime) -> Figures:
    """Read and draw all figures; the number of queries is the same for every part of the company."""
    own, kept = queries.own_authority(part), queries.kept_clocks(part)
    outcomes, due = queries.outcomes(part), queries.due_now(part, now, queries.COUNT_MAX)
    together = [(milestone_words(milestone), shares[None]) for milestone, shares in kept.items()]
    return Figures(
        own=own[None],
        own_chart=_plot([(names.of(part.by, key), one) for key, one in _by_size(own)]),
        waiting=_waiting(queries.waits(part), part, period, names),
        outcomes=charts.bar_chart([(state_words(state), outcomes.get(state, 0)) for state in STATES], say=_count),
        asked_count=sum(outcomes.values()),
        kept=together,
        kept_chart=_plot(together),
        due=due,
        due_chart=charts.bar_chart(
            [(_("Late"), due.late), (_("Due within 8 hours"), due.soon), (_("Due later"), due.later)],
            say=lambda count: counted(int(count), queries.COUNT_MAX),
        ),
        pools=pools_of(part, names, sites, now),
    )


STATES = ("waiting", "approved", "declined", "withdrawn", "expired")


def state_words(state: str) -> str:
    """How a request ended; empty for what is no state of one."""
    return {
        "waiting": _("Still waiting"),
        "approved": _("Approved"),
        "declined": _("Declined"),
        "withdrawn": _("Taken back"),
        "expired": _("Expired"),
    }.get(state, "")


def milestone_words(milestone: str) -> str:
    return {
        "acknowledge": _("Acknowledged in time"),
        "first_response": _("First reply in time"),
        "resolve": _("Resolved in time"),
        "next_update": _("News in time"),
        "follow_up": _("Followed up in time"),
        "approval": _("Decided in time"),
        "promise": _("Promises kept in time"),
        "ola": _("Other teams in time"),
        "uc": _("Suppliers in time"),
        "legal": _("Legal limits kept"),
    }.get(milestone, milestone)


def _by_size(found: Grouped) -> list[tuple[int | None, Share]]:
    """All together first, then groups by how much they say (their n), never by how well they did."""
    groups = sorted(((key, one) for key, one in found.items() if key is not None), key=lambda pair: -pair[1].trials)
    return [(None, found[None]), *groups[:GROUPS_MAX]]


def _plot(rows: list[tuple[str, Share]]) -> charts.IntervalPlot:
    items = [
        charts.Interval(label, one.successes, one.trials, one.low, one.high, note=_few(one)) for label, one in rows
    ]
    return charts.interval_plot(items, say=percent, of=_of)


def _of(k: int, n: int) -> str:
    """k of n, and below the minimum only n: k would be the proportion that is not to be said."""
    return _("%(k)s of %(n)s", k=_count(k), n=_count(n)) if n >= rules.COUNT_MIN else _count(n)


def _few(one: Share) -> str:
    return "" if one.is_enough else _("Too few for a proportion (fewer than %(count)d).", count=rules.COUNT_MIN)


def _count(value: float) -> str:
    return number(int(value)) if value == int(value) else number(value, 1)


def _waiting(found: list[Wait], part: Part, period: Period, names: Names) -> Waiting:
    measured = queries.wait_percentiles(found)
    groups = sorted((key for key in measured if key is not None), key=lambda key: -measured[key][0].count)
    bins = _bins(part, period)
    labels, halves, most = [], [], []
    for start, end in bins:
        seconds = sorted(wait.seconds for wait in found if start <= wait.asked_at < end)
        labels.append(skeleton("MMMd", start.astimezone(zone_of(None)), locale_name()))
        halves.append(_minutes(rules.percentile(seconds, 0.5)))
        most.append(_minutes(rules.percentile(seconds, 0.9)))
    series = [(_("Half within"), halves), (_("Nine of ten within"), most)]
    chart = None
    if any(half is not None for half in halves):
        chart = charts.line_chart(labels, series, say=lambda minutes: duration(minutes * 60))
    return Waiting(*measured[None], chart, [(names.of(part.by, key), *measured[key]) for key in groups[:GROUPS_MAX]])


def _minutes(found: Percentile) -> float | None:
    return None if found.value is None else found.value / 60


def _bins(part: Part, period: Period) -> list[tuple[datetime, datetime]]:
    """Cut the period into equal stretches, the newest ending now."""
    step = timedelta(days=period.bin_days)
    count = -(-period.days // period.bin_days)
    starts = [part.until - step * (count - index) for index in range(count)]
    return [(max(start, part.since), start + step) for start in starts]


def pools_of(part: Part, names: Names, sites: tuple[SiteRow, ...], now: datetime) -> list[WindowRow]:
    periods = {now.astimezone(ZoneInfo(site.time_zone)).strftime("%Y-%m") for site in sites}
    return [
        WindowRow(
            name=_pool_name(row.site_id, row.team_id, names),
            limit=Money(row.limit_minor, row.currency),
            settled=Money(row.settled_minor, row.currency),
            reserved=Money(row.reserved_minor, row.currency),
            note=row.period or "",
        )
        for row in queries.pools(part, periods)
    ]


def _pool_name(site_id: int, team_id: int | None, names: Names) -> str:
    """The site once, also where the team's own name ends with it."""
    site = names.of("site", site_id)
    return f"{site}, {names.of('team', team_id or 0).removesuffix(f', {site}')}"


def names_of(sites: tuple[SiteRow, ...], teams: tuple[TeamRow, ...]) -> Names:
    """Name sites and teams; teams that are called alike are told apart by their site."""
    called, places = Counter(team.name for team in teams), {site.id: site.name for site in sites}
    return Names(
        places,
        {
            team.id: f"{team.name}, {places[team.site_id]}"
            if called[team.name] > 1 and team.site_id in places
            else team.name
            for team in teams
        },
    )


def bounds_words(found: Percentile) -> str:
    """Say the interval of a waiting time with its n."""
    answers = ngettext("%(num)d answer", "%(num)d answers", found.count)
    if found.value is None:
        return _("%(answers)s: too few to say", answers=answers)
    if found.low is None or found.high is None:
        return _("%(answers)s: too few for an interval", answers=answers)
    return _(
        "95 %% between %(low)s and %(high)s, %(answers)s",
        low=duration(found.low),
        high=duration(found.high),
        answers=answers,
    )


def share_words(one: Share) -> str:
    """Say the interval of a share with its k of n."""
    of = _of(one.successes, one.trials)
    if one.low is None or one.high is None:
        return _("%(of)s: too few to say", of=of)
    return _("%(of)s; 95 %% between %(low)s and %(high)s", of=of, low=percent(one.low), high=percent(one.high))


def difference_words(one: Difference) -> str:
    """Say the interval of a difference of ratios with how many were compared."""
    of = _("%(waited)s who waited, %(others)s who did not", waited=_count(one.waited), others=_count(one.others))
    if one.low is None or one.high is None:
        return _("%(of)s: too few to say", of=of)
    return _("%(of)s; 95 %% between %(low)s and %(high)s", of=of, low=percent(one.low), high=percent(one.high))
