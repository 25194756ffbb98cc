"""What figures, steps and values are called, and the one sentence that a figure allows."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.insights.measures import MEASURES
from app.insights.rules import COUNT_MIN
from app.reviews.figure_rules import CLASSIFY_MIN, DIFFERENCE, Figure
from app.ui.filters import number, percent

MONEY = "money"
COMMENTED = frozenset((*(one.name for one in MEASURES.values() if one.in_review), MONEY))
UNIT_WORDS: dict[str, Any] = {
    "recovery": _l("customers who answered"),
    "double-deviation": _l("resolutions that had 30 days to last"),
    "promise-kept": _l("promises that fell due"),
    "discretion-utilisation": _l("grave cases that the company caused"),
}
QUADRANT_WORDS: dict[str, Any] = {
    "customer": _l("Customer"),
    "process": _l("Process"),
    "employee": _l("Employee"),
    "money": _l("Money"),
}
STATE_WORDS: dict[str, Any] = {
    "self_assessment": _l("Self-assessment"),
    "conversation": _l("Conversation"),
    "signing": _l("Signatures"),
    "closed": _l("Closed"),
}
AREA_WORDS: dict[str, Any] = {
    "honesty": _l("Honesty to customers"),
    "promises": _l("Keeping promises"),
    "fairness": _l("Fair treatment"),
}
TONE_WORDS: dict[str, Any] = {"praise": _l("Praise"), "concern": _l("Concern")}
HOW_WORDS: dict[str, Any] = {
    "page": _l("Opened the page"),
    "pdf": _l("Took the PDF"),
    "data": _l("Took the data"),
    "api": _l("Read it by the API"),
}
VALUE_WORDS: dict[str, Any] = {
    "care": _l("Care"),
    "honesty": _l("Honesty"),
    "courage": _l("Courage"),
    "ownership": _l("Ownership"),
    "fairness": _l("Fairness"),
}


def measure_words(code: str) -> str:
    return _("Money decided inside the policy") if code == MONEY else str(MEASURES[code].words)


def unit_words(code: str) -> str:
    return str(UNIT_WORDS.get(code) or _("counted"))


def conclusion(one: Figure) -> str:
    """The one plain sentence of what a figure allows to conclude."""
    if one.verdict == "too_few":
        return _(
            "Fewer than %(least)d: nothing may be concluded, so nothing is shown. Read the cases.", least=COUNT_MIN
        )
    if one.verdict == "no_peers":
        return _("Too few colleagues have enough cases to compare with: this is a count, not a comparison.")
    if one.verdict == "alike":
        return _("Everybody's figure is the same here: it tells nobody apart.")
    points = number(100 * DIFFERENCE, 0)
    said = {
        "cannot_tell": _("Cannot tell: with so few cases even a difference of %(points)s points would mostly go unseen.", points=points),
        "as_expected": _("As this mix of cases leads us to expect; a difference of %(points)s points would have shown.", points=points),
        "read_low": _("Lower than chance explains, but too unreliable to tell people apart: read the cases together."),
        "read_high": _("Higher than chance explains, but too unreliable to tell people apart: read the cases together."),
        "lower": _("Lower than this mix of cases leads us to expect, reliably so. The cases say why; the figure doesn't."),
        "higher": _("Higher than this mix of cases leads us to expect, reliably so. The cases say why; the figure doesn't."),
    }  # fmt: skip
    return said[one.verdict]


def reliability_words(one: Figure) -> str:
    """How far the figure can tell people apart, and what would be needed."""
    if one.reliability is None:
        return ""
    if one.reliability >= CLASSIFY_MIN:
        return _("Reliability %(is)s, enough to tell people apart.", **{"is": number(one.reliability, 2)})
    if one.trials_needed is None:
        return _(
            "Reliability %(is)s: colleagues differ no more than chance explains.", **{"is": number(one.reliability, 2)}
        )
    return _(
        "Reliability %(is)s; telling one person from another needs 0.90, about %(needed)s cases.",
        **{"is": number(one.reliability, 2)},
        needed=number(one.trials_needed),
    )


def overall(figures: list[Figure]) -> str:
    """What may be concluded from all figures together."""
    if any(one.verdict in ("lower", "higher") for one in figures):
        return _(
            "At least one figure differs from what these cases lead us to expect. Read its cases before any word about it."
        )
    if any(one.is_flagged for one in figures):
        return _("One figure lies outside what chance explains, but cannot tell people apart. Read its cases together.")
    if any(one.is_compared for one in figures):
        return _("The figures cannot tell this person apart from colleagues, in either direction.")
    return _("There is too little to conclude anything from figures. Talk about the cases.")


def percent_words(value: float | None) -> str:
    return "–" if value is None else str(percent(value, 0))
