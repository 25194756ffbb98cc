"""The risk of losing a customer in words: the line of a page, the reasons of a row, and what the score is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.insights.risk_queries import Standing
from app.insights.risk_rules import MOST, Score, Term

LEVEL_WORDS: dict[str, Any] = {"usual": _l("as usual"), "raised": _l("raised"), "high": _l("high")}
TERM_WORDS: dict[str, Any] = {
    "recent": _l("How long ago it last went wrong"),
    "earlier": _l("Failures within a year before that"),
    "open": _l("Failures that aren't resolved"),
    "again": _l("Wrong again within 30 days of a recovery"),
    "broken": _l("Promises broken and deadlines missed, 180 days"),
}
REASON_WORDS: dict[str, Callable[[int], str]] = {
    "recent": lambda num: (
        ngettext("it went wrong %(num)d day ago", "it went wrong %(num)d days ago", num) if num else _("it went wrong today")
    ),
    "earlier": lambda num: ngettext("%(num)d failure before, within a year", "%(num)d failures before, within a year", num),
    "open": lambda num: ngettext("%(num)d failure isn't resolved", "%(num)d failures aren't resolved", num),
    "again": lambda num: ngettext(
        "wrong again soon after a recovery", "wrong again soon after a recovery, %(num)d times", num
    ),
    "broken": lambda num: ngettext(
        "%(num)d promise or deadline missed", "%(num)d promises or deadlines missed", num
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RiskLine:
    """What a page says of one customer. refused_at: they said no, so nothing was worked out, and level is empty.

    terms: (what is counted, how it stands, points, most it can give), all of them.
    """

    level: str
    words: str
    points: int
    reasons: tuple[str, ...]
    terms: tuple[tuple[str, str, int, int], ...]
    refused_at: datetime | None = None


def line_of(standing: Standing | None) -> RiskLine | None:
    """Say how it stands with a customer; None while the score is off."""
    if standing is None:
        return None
    if standing.score is None:
        return RiskLine("", "", 0, (), (), standing.refused_at)
    found = standing.score
    terms = tuple((str(TERM_WORDS[term.code]), _counted(term), term.points, MOST[term.code]) for term in found.terms)
    return RiskLine(found.level, str(LEVEL_WORDS[found.level]), found.points, reasons(found), terms)


def reasons(of: Score) -> tuple[str, ...]:
    """The terms that gave most, in words."""
    return tuple(REASON_WORDS[term.code](term.count) for term in of.reasons)


def row_words(of: Score) -> tuple[str, str]:
    """What a row of the queue says: the level with its points, and why."""
    return _("Risk %(points)d of 100, %(level)s", points=of.points, level=LEVEL_WORDS[of.level]), ", ".join(reasons(of))


def _counted(term: Term) -> str:
    if term.code != "recent":
        return str(term.count)
    if not term.points:
        return _("not within a year")
    return ngettext("%(num)d day ago", "%(num)d days ago", term.count) if term.count else _("today")
