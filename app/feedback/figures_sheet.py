"""The figures of the feedback page, each with its n and interval; too few answers give no figure. For pages."""

from collections.abc import Callable
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
    """A figure in words and what may be said of it."""

    label: str
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Unsaid:
    """The scores that too few answered, said once for all of them: `counts` holds each one's answers where they differ."""

    sentence: str
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Figures:
    response: Share
    chart: charts.IntervalPlot
    scores: list[Score]
    unsaid: Unsaid | None


def figures_of(totals: Totals) -> Figures:
    """All figures of one part and time."""
    response = share(totals.answered, totals.asked)
    shares = [
        (_("Answered"), totals.answered, totals.asked),
        (_("Satisfied (4 or 5 of 5)"), totals.csat_top, totals.csat_count),
    ]
    rows = [_interval(label, share(k, n)) for label, k, n in shares]
    plot = charts.interval_plot(rows, say=lambda value: percent(value, 0), of=_of)
    drafts = [
        (_("Satisfied"), totals.csat_count, lambda label: _satisfied(label, totals)),
        (_("Would recommend (NPS)"), totals.nps_count, lambda label: _nps(label, totals)),
        *((str(words), totals.means[item].count, _mean_of(totals.means[item])) for item, words in MEANS.items()),
    ]
    scores = [say(label) for label, n, say in drafts if n >= COUNT_MIN]
    return Figures(response, plot, scores, _unsaid([(label, n) for label, n, _say in drafts if n < COUNT_MIN], scores))


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


def _unsaid(few: list[tuple[str, int]], scores: list[Score]) -> Unsaid | None:
    """One sentence for all scores that too few answered; their counts beside it only where they aren't all the same."""
    if not few:
        return None
    most = max(n for _label, n in few)
    if not most and not scores:
        return Unsaid(_("No answers in this time, so there is no score to show."), [])
    differ = bool(scores) or any(n != most for _label, n in few)
    if scores:
        sentence = _("Too few answered these: a score is said from %(least)s answers on.", least=COUNT_MIN)
    elif differ:
        sentence = _("No question has enough answers yet: a score is said from %(least)s on.", least=COUNT_MIN)
    else:
        sentence = ngettext(
            "%(num)d answer in this time: a score is said from %(least)s on.",
            "%(num)d answers in this time: a score is said from %(least)s on.",
            most,
            least=COUNT_MIN,
        )
    return Unsaid(sentence, few if differ else [])


def _satisfied(label: str, totals: Totals) -> Score:
    k, n = totals.csat_top, totals.csat_count
    one = share(k, n)
    low, high = percent(one.low, 0), percent(one.high, 0)
    note = _("%(k)s of %(n)s, likely between %(low)s and %(high)s", k=number(k), n=number(n), low=low, high=high)
    return Score(label, percent(k / n, 0), note)


def _nps(label: str, totals: Totals) -> Score:
    score, half = nps(totals.promoters, totals.detractors, totals.nps_count)
    note = _("± %(half)s, %(n)s answers", half=number(half, 1), n=number(totals.nps_count))
    return Score(label, number(score, 0), note)


def _mean_of(sums: Sums) -> Callable[[str], Score]:
    def say(label: str) -> Score:
        note = _("± %(half)s, mean of %(n)s answers", half=number(sums.half_width, 1), n=number(sums.count))
        return Score(label, number(sums.mean, 1), note)

    return say
