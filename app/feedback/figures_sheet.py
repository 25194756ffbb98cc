"""The figures of the feedback page, each with its n and interval; too few answers give no figure. For pages."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.feedback.queries import Totals
from app.feedback.rules import Sums
from app.insights.rules import COUNT_MIN, Share, share
from app.insights.statistics_rules import nps
from app.ui import charts
from app.ui.filters import number, percent

MEANS: dict[str, Any] = {
    "outcome_fair": _l("The outcome was fair (1–5)"),
    "process_fair": _l("The way to it was fair (1–5)"),
    "treated_well": _l("Treated with respect (1–5)"),
    "ces": _l("It was easy (1–7)"),
}


@dataclass(frozen=True, slots=True)
class Score:
    """A figure in words and what may be said of it; `text` is None where there are too few answers."""

    label: str
    text: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Figures:
    response: Share
    chart: charts.IntervalPlot
    scores: list[Score]


def figures_of(totals: Totals) -> Figures:
    """All figures of one part and time."""
    response = share(totals.answered, totals.asked)
    shares = [
        (_("Answered"), totals.answered, totals.asked),
        (_("Satisfied (4 or 5 of 5)"), totals.csat_top, totals.csat_count),
    ]
    rows = [_interval(label, share(k, n)) for label, k, n in shares]
    scores = [_satisfied(totals), _nps(totals)]
    scores += [_mean(str(words), totals.means[item]) for item, words in MEANS.items()]
    return Figures(response, charts.interval_plot(rows, say=lambda value: percent(value, 0), of=_of), scores)


def asked_words(totals: Totals) -> str:
    """Whom we asked and who answered, as far as the counts are enough to be set against one another."""
    counts = {"asked": number(totals.asked), "resolved": number(totals.resolved), "answered": number(totals.answered)}
    if totals.resolved < COUNT_MIN:
        return ngettext("%(num)d resolution in this time.", "%(num)d resolutions in this time.", totals.resolved)
    if totals.asked < COUNT_MIN:
        return _("%(asked)s of %(resolved)s resolutions were asked about.", **counts)
    if totals.answered < COUNT_MIN:
        return _("%(asked)s of %(resolved)s resolutions were asked about, %(answered)s answered.", **counts)
    return _(
        "%(asked)s of %(resolved)s resolutions were asked about, %(answered)s answered, %(low)s of them unhappy.",
        **counts, low=number(totals.low),
    )  # fmt: skip


def _interval(label: str, one: Share) -> charts.Interval:
    return charts.Interval(label, one.successes, one.trials, one.low, one.high)


def _of(k: int, n: int) -> str:
    """k of n, and below the minimum only n: k would be the proportion that is not to be said."""
    return _("%(k)s of %(n)s", k=number(k), n=number(n)) if n >= COUNT_MIN else _("%(n)s, too few", n=number(n))


def _few(n: int) -> str:
    return _("%(n)s answers: too few to say anything (%(least)s are needed).", n=number(n), least=COUNT_MIN)


def _satisfied(totals: Totals) -> Score:
    k, n = totals.csat_top, totals.csat_count
    if n < COUNT_MIN:
        return Score(_("Satisfied"), None, _few(n))
    one = share(k, n)
    low, high = percent(one.low, 0), percent(one.high, 0)
    note = _("%(k)s of %(n)s, likely between %(low)s and %(high)s", k=number(k), n=number(n), low=low, high=high)
    return Score(_("Satisfied"), percent(k / n, 0), note)


def _nps(totals: Totals) -> Score:
    n = totals.nps_count
    if n < COUNT_MIN:
        return Score(_("Would recommend (NPS)"), None, _few(n))
    score, half = nps(totals.promoters, totals.detractors, n)
    note = _("± %(half)s, %(n)s answers", half=number(half, 1), n=number(n))
    return Score(_("Would recommend (NPS)"), number(score, 0), note)


def _mean(label: str, sums: Sums) -> Score:
    if sums.count < COUNT_MIN:
        return Score(label, None, _few(sums.count))
    half = sums.half_width
    note = _("± %(half)s, mean of %(n)s answers", half=number(half, 1), n=number(sums.count))
    return Score(label, number(sums.mean, 1), note)
