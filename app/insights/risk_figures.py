"""The calibration of the risk score as figures: for its page, the CSV and the API alike, and nothing under ten customers."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.insights.calibration_queries import Outcome, Sample, calibration
from app.insights.export_tables import HEADER, Cell, rows_of
from app.insights.figure_queries import Figure
from app.insights.measure_rules import Measure
from app.insights.queries import Part
from app.insights.rules import Share
from app.kernel.time import iso

NOT_FOR = _l(
    "To refuse, shorten or hurry anything, to give more or less, or as a chance: it is no probability, and it says nothing about"
    " whoever took care of the customer."
)
MEASURES: dict[Outcome, Measure] = {
    "back": Measure(
        "risk-calibration",
        _l("Had to come back, by risk"),
        _l(
            "Customers by the points that they had just before their first resolution of the period, with those who wrote again"
            " about the case or brought another one within 30 days."
        ),
        _l("had to come back ÷ customers, for each tenth of the points; resolutions 30 days old or older"),
        (
            "Makegood's own definition; what raises the points follows Knox & van Oest 2014, Journal of"
            " Marketing 78(5), and Maxham & Netemeyer 2002, Journal of Marketing 66(4)"
        ),
        NOT_FOR,
        watched="none",
    ),
    "left": Measure(
        "risk-calibration-left",
        _l("Left, by risk"),
        _l(
            "Customers by the points that they had just before their first resolution of the period, with those who didn't stay:"
            " what the newest later outcome within a year after says. Of whom nothing is known, nothing is counted."
        ),
        _l("didn't stay ÷ customers of whom it is known, for each tenth of the points"),
        (
            "Makegood's own definition; what raises the points follows Knox & van Oest 2014, Journal of"
            " Marketing 78(5), and Maxham & Netemeyer 2002, Journal of Marketing 66(4)"
        ),
        NOT_FOR,
        watched="none",
    ),
}


def figures(outcome: Outcome, found: Sample) -> list[Figure]:
    """All together, both halves, and each tenth with its points in the key, e.g. "tenth-3 28-36"."""
    of, rows = found.calibration, [("all", found.calibration.everybody)]
    rows += [("lower-half", of.lower), ("upper-half", of.upper)]
    rows += [(f"tenth-{one.number} {one.low}-{one.high}", one.share) for one in of.tenths]
    return [_figure(key, one, MEASURES[outcome].n_min) for key, one in rows]


def _figure(key: str, one: Share, n_min: int) -> Figure:
    if one.trials < n_min:
        return Figure(key, one.trials, None, None, None, None)
    return Figure(key, one.trials, one.successes, one.ratio, one.low, one.high)


def read(outcome: Outcome, part: Part, now: datetime) -> list[Figure]:
    """The figures of a part and a time."""
    return figures(outcome, calibration(outcome, part, now))


def table(
    outcome: Outcome, part: Part, now: datetime, said_of: Callable[[Figure], str]
) -> tuple[tuple[str, ...], list[list[Cell]]]:
    """The same as rows of a file, with the columns that every export of figures has."""
    found = read(outcome, part, now)
    return HEADER, rows_of(MEASURES[outcome], found, iso(part.since), iso(part.until), said_of)
