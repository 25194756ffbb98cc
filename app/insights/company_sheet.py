"""The company overview in words and charts. For pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from babel.dates import get_day_names
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.insights.arrival_rules import HOURS
from app.insights.figures import Names
from app.insights.measure_sheet import group_words, of_words
from app.insights.rollup_queries import Node, Overview
from app.insights.rules import COUNT_MIN, Share, share
from app.kernel.money import Money
from app.ui import charts
from app.ui.filters import locale_name, number, percent
from app.ui.words import skeleton

DIMENSIONS: dict[str, Any] = {
    "site": _l("Site"),
    "team": _l("Team"),
    "stage": _l("Moment of the journey"),
    "cause": _l("Root cause"),
    "segment": _l("Segment"),
    "severity": _l("Severity"),
    "channel": _l("Channel"),
    "week": _l("Week"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One node: its counts in words; url leads one step deeper, or to the cases behind. happy: 4 or 5 of 5, of the answers."""

    label: str
    resolved: int
    severe: str
    satisfied: str
    happy: Share
    given: str
    url: str | None


def rows(
    found: Overview,
    dimension: str,
    names: Names,
    currencies: Mapping[int, str],
    args: Mapping[str, Any],
    may_read: bool,
) -> list[Row]:
    """The nodes of one dimension, the most counted first (weeks in their order); they add up to the whole."""
    nodes: list[tuple[str, str, Node]]
    if dimension == "site":
        nodes = [(names.of("site", site_id), str(site_id), node) for site_id, node in found.sites.items()]
    elif dimension == "week":
        nodes = [(week_words(monday), monday.isoformat(), node) for monday, node in found.weeks.items()]
    else:
        nodes = [(_words(dimension, value, names), value, node) for value, node in found.parts[dimension].items()]
    if dimension != "week":
        nodes.sort(key=lambda one: (-one[2].resolved, one[0]))
    return [
        _row(label, node, currencies, _url(dimension, value, args, may_read))
        for label, value, node in nodes
        if node.resolved or node.answered
    ]


def whole(found: Overview, currencies: Mapping[int, str]) -> Row:
    return _row(_("All together"), found.whole, currencies, None)


def _row(label: str, node: Node, currencies: Mapping[int, str], url: str | None) -> Row:
    happy = share(node.satisfied, node.answered)
    satisfied = of_words(node.satisfied, node.answered)
    if happy.ratio is not None and happy.low is not None and happy.high is not None:
        satisfied = _(
            "%(share)s of %(count)s (%(low)s–%(high)s)",
            share=percent(happy.ratio),
            count=number(node.answered),
            low=percent(happy.low),
            high=percent(happy.high),
        )
    severe = number(node.severe) if node.resolved >= COUNT_MIN else _("too few")
    return Row(label, node.resolved, severe, satisfied, happy, _given(node, currencies), url)


def _given(node: Node, currencies: Mapping[int, str]) -> str:
    """What was given, by currency; amounts of different currencies are never added."""
    sums: dict[str, int] = {}
    for site_id, minor in node.given:
        currency = currencies[site_id]
        sums[currency] = sums.get(currency, 0) + minor
    return " + ".join(Money(minor, currency).format(locale_name()) for currency, minor in sorted(sums.items())) or "–"


def _words(dimension: str, value: str, names: Names) -> str:
    by = "team_id" if dimension == "team" else dimension
    key: Any = int(value) if dimension in ("team", "severity") and value else (value or None)
    return group_words(by, key, names, {})


def _url(dimension: str, value: str, args: Mapping[str, Any], may_read: bool) -> str | None:
    if dimension == "site":
        return url_for("insights.company", **{**args, "site": value, "by": "cause"})
    if dimension == "week" or not may_read:
        return None
    return url_for("insights.company_cases", **{**args, "by": dimension, "of": value})


def week_words(monday: date) -> str:
    return _("Week of %(day)s", day=_day_words(monday))


def _day_words(day: date) -> str:
    return skeleton("MMMd", datetime(day.year, day.month, day.day, 12, tzinfo=UTC), locale_name())


def week_chart(found: Overview) -> charts.LineChart:
    labels = [_day_words(monday) for monday in found.weeks]
    values = [float(node.resolved) for node in found.weeks.values()]
    return charts.line_chart(labels, [(_("Resolved"), values)], say=_count)


def heat(counts: Sequence[Sequence[int]]) -> charts.HeatMap:
    """Weekdays by stretches of hours, as clocks show them at each site."""
    days = get_day_names("abbreviated", "stand-alone", locale_name())
    columns = [f"{hour:02d}" for hour in range(0, 24, HOURS)]
    return charts.heat_map(columns, [(days[day], list(values)) for day, values in enumerate(counts)], say=_count)


def _count(value: float) -> str:
    return number(int(value))
