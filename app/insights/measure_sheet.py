"""Measures in words: figures, groups, charts. For pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.cases import queries as cases
from app.cases.words import CAUSE_WORDS, CHANNEL_WORDS, STAGE_WORDS
from app.insights import band_queries, figure_queries, measure_queries
from app.insights.band_queries import Band, band_of_key
from app.insights.choice import Choice
from app.insights.figure_queries import UNKNOWN, Figure
from app.insights.figures import Names, milestone_words, state_words
from app.insights.measures import MEASURES, Measure
from app.insights.rules import Share
from app.kernel.money import Money
from app.kernel.references import parse_ref
from app.policies import queries as policies
from app.ui import charts
from app.ui.filters import duration, locale_name, number, percent, zone_of
from app.ui.words import skeleton

GROUP_WORDS: dict[str, Any] = {
    "freedom": _l("Freedom"),
    "approvals": _l("Approvals"),
    "fairness": _l("Fairness"),
    "outcomes": _l("Outcomes"),
    "work": _l("Deadlines and return"),
}
BY_WORDS: dict[str, Any] = {
    "site_id": _l("Site"),
    "team_id": _l("Team"),
    "stage": _l("Moment of the journey"),
    "cause": _l("Root cause"),
    "segment": _l("Segment"),
    "severity": _l("Severity"),
    "channel": _l("Channel"),
    "category_id": _l("Category"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A measure with its figure over the whole choice; value is None where there are too few."""

    measure: Measure
    value: str | None
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table of figures. urls: the cases that are hits, and the others; None where nobody may read them."""

    label: str
    value: str | None
    note: str
    n: int
    url: str | None


def card(measure: Measure, choice: Choice) -> Card:
    found = figure_queries.figures(measure.name, choice.part, choice.part.until, is_grouped=False)
    url = url_for("insights.measure", name=measure.name, **choice.args)
    if not found:
        return Card(measure, None, _("Nothing to compare in this period."), url)
    first, note = found[0], note_words(measure, found[0])
    if measure.unit == "seconds" and first.value is not None and first.key.endswith("p50"):
        note = _("half within; nine of ten within %(time)s; %(note)s", time=value_words(measure, found[1]), note=note)
    return Card(measure, value_words(measure, first), note, url)


def value_words(measure: Measure, figure: Figure) -> str | None:
    if figure.value is None:
        return None
    if measure.unit == "share" or measure.name == "consistency":
        return percent(figure.value)
    if measure.unit == "seconds":
        return duration(figure.value)
    if measure.unit == "count":
        return number(int(figure.value))
    if measure.name in ("waiting-cost", "recovery-return"):
        return percent(figure.value)
    return _("%(ratio)s times", ratio=number(figure.value, 2))


def note_words(measure: Measure, figure: Figure) -> str:
    """What stands beside a figure: k of n or n, its interval, and what else is needed to read it rightly."""
    if measure.unit == "count":
        return ""
    of = ngettext("%(num)d counted", "%(num)d counted", figure.n)
    if figure.k is not None:
        of = _("%(k)s of %(n)s", k=number(figure.k), n=number(figure.n))
    if figure.rest_n is not None:
        of = _("%(n)s against %(rest)s", n=number(figure.n), rest=number(figure.rest_n))
    if figure.value is None:
        if measure.name == "recovery-return":
            return _("%(of)s: no comparison group, so no figure", of=of)
        return _("%(of)s: too few to say", of=of)
    parts = [of]
    if figure.low is not None and figure.high is not None:
        low, high = (value_words(measure, _at(figure, bound)) for bound in (figure.low, figure.high))
        parts.append(_("95 %% between %(low)s and %(high)s", low=low, high=high))
    if figure.chance is not None:
        parts.append(_("as many by chance alone: %(chance)s", chance=percent(figure.chance, 1)))
    if figure.note:
        parts.append(_medians(figure))
    return "; ".join(parts)


def _at(figure: Figure, bound: float) -> Figure:
    return Figure(figure.key, figure.n, None, bound, None, None)


def _medians(figure: Figure) -> str:
    """The medians of an equity figure, in its currency or as a time."""
    one, rest = (int(part) for part in figure.note.split("/"))
    currency = figure.key.rpartition(" ")[2] if " " in figure.key else ""
    words = [Money(minor, currency).format(locale_name()) if currency else duration(minor) for minor in (one, rest)]
    return _("medians %(one)s and %(rest)s", one=words[0], rest=words[1])


def key_words(figure: Figure, names: Names, kinds: Mapping[str, str]) -> str:
    """What a figure is about."""
    key, _sep, rest = figure.key.partition(" ")
    if key == "all":
        words = _("All together")
    elif site_id := parse_ref("site", key):
        words = names.of("site", site_id)
    elif team_id := parse_ref("team", key):
        words = names.of("team", team_id)
    elif key == "none":
        words = _("Without a team")
    elif key == UNKNOWN:
        words = _("Without a segment")
    elif key == "taken":
        words = _("Offers taken")
    elif band := band_of_key(key):
        words = band_words(band, kinds)
    else:
        words = {"late": _("Late"), "soon": _("Due within 8 hours"), "later": _("Due later")}.get(
            key, state_words(key) or milestone_words(key)
        )
    more = {"p50": _("half within"), "p90": _("nine of ten within")}.get(rest, rest)
    return f"{words}, {more}" if more else words


def lines(
    measure: Measure, found: list[Figure], names: Names, choice: Choice | None = None, *, may_read: bool = False
) -> list[Line]:
    """A measure's figures; a band of amounts leads to the cases behind it where the reader may read them."""
    kinds = _kinds(measure)

    def url(key: str) -> str | None:
        if choice is None or not may_read or ":" not in key:
            return None
        return url_for("insights.measure_cases", **{**choice.args, "name": measure.name, "by": "band", "of": key})

    return [
        Line(key_words(one, names, kinds), value_words(measure, one), note_words(measure, one), one.n, url(one.key))
        for one in found
    ]


def said_of(names: Names) -> Callable[[Measure], Callable[[Figure], str]]:
    """What each figure of a measure is about, for its rows in a file."""

    def of_measure(measure: Measure) -> Callable[[Figure], str]:
        kinds = _kinds(measure)
        return lambda figure: key_words(figure, names, kinds)

    return of_measure


def _kinds(measure: Measure) -> dict[str, str]:
    return {row.code: row.name for row in policies.kinds()} if measure.name in band_queries.TABLES else {}


def band_words(band: Band, kinds: Mapping[str, str]) -> str:
    """A kind and a band of amounts, e.g. "Refund, 25.01 to 50.00 EUR"."""
    kind = kinds.get(band.kind, band.kind)
    low = Money(band.low_minor, band.currency).format(locale_name())
    if band.high_minor is None:
        return _("%(kind)s, %(low)s or more", kind=kind, low=low)
    return _(
        "%(kind)s, %(low)s to %(high)s",
        kind=kind,
        low=low,
        high=Money(band.high_minor, band.currency).format(locale_name()),
    )


def beside(name: str, choice: Choice) -> list[Line]:
    """The response rate, beside every score: who answers differs from who doesn't."""
    if name != "recovery":
        return []
    response = MEASURES["response"]
    found = figure_queries.figures(response.name, choice.part, choice.part.until, is_grouped=False)
    return [
        Line(str(response.words), value_words(response, one), note_words(response, one), one.n, None) for one in found
    ]


def breakdown(
    name: str, by: str, choice: Choice, names: Names, *, may_read: bool
) -> tuple[charts.IntervalPlot, list[Line]]:
    """A share for each value of a dimension, the most counted first; their n add up to the whole."""
    groups = measure_queries.by(by, name, choice.part, choice.part.until)
    categories = {row.id: row.name for row in cases.categories()} if by == "category_id" else {}
    order = sorted(groups, key=lambda key: (-groups[key].trials, str(key)))
    rows = [(group_words(by, key, names, categories), key, groups[key]) for key in order]
    measure = MEASURES[name]

    def line(label: str, key: Any, one: Share) -> Line:
        figure = figure_queries.share_figure(name, "all", one)
        args = {"name": name, "by": by, "of": "" if key is None else key, **choice.args}
        url = url_for("insights.measure_cases", **args) if may_read else None
        return Line(label, value_words(measure, figure), note_words(measure, figure), one.trials, url)

    return plot([(label, one) for label, _key, one in rows]), [line(*row) for row in rows]


def group_words(by: str, key: Any, names: Names, categories: Mapping[int, str]) -> str:
    if by == "site_id":
        return names.of("site", key)
    if by == "team_id":
        return names.of("team", key or 0)
    if key is None:
        return _("Without a segment") if by == "segment" else _("Not known")
    if by == "severity":
        return _("Severity %(severity)d", severity=key)
    if by == "category_id":
        return categories.get(key, str(key))
    words: Mapping[str, Any] = {"stage": STAGE_WORDS, "cause": CAUSE_WORDS, "channel": CHANNEL_WORDS}.get(by, {})
    return str(words.get(key, key))


def plot(rows: list[tuple[str, Share]]) -> charts.IntervalPlot:
    """Shares with their intervals; of few, only how many there are."""
    items = [charts.Interval(label, one.successes, one.trials, one.low, one.high) for label, one in rows]
    return charts.interval_plot(items, say=percent, of=of_words)


def of_words(k: int, n: int) -> str:
    if n < 10:
        return _("%(n)s, too few", n=number(n))
    return _("%(k)s of %(n)s", k=number(k), n=number(n))


def time_chart(name: str, choice: Choice) -> charts.LineChart | None:
    """A share over the period's stretches; a stretch with too few stays empty, and without any there is no drawing."""
    step, count = timedelta(days=choice.period.bin_days), -(-choice.period.days // choice.period.bin_days)
    starts = [max(choice.part.since, choice.part.until - step * (count - index)) for index in range(count)]
    found = measure_queries.over_time(name, choice.part, choice.part.until, starts)
    values = [one.ratio for one in found]
    if all(value is None for value in values):
        return None
    labels = [skeleton("MMMd", start.astimezone(zone_of(None)), locale_name()) for start in starts]
    return charts.line_chart(labels, [(str(MEASURES[name].words), values)], say=percent)
