"""Figures as a report: the same words on paper, in a mail and in its attachment. For pages and the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.insights import figure_queries, figures, measure_sheet
from app.insights.export_tables import HEADER, Cell, rows_of
from app.insights.figure_queries import Figure
from app.insights.measure_sheet import Line
from app.insights.measures import MEASURES, Measure
from app.insights.queries import Part
from app.kernel.sheets import csv_bytes
from app.kernel.time import iso
from app.people import queries as people
from app.ui.filters import locale_name

WIDTH = 150  # of a drawing on paper, in points
REPORT_WORDS: dict[str, Any] = {
    "overview": _l("Overview"), "desk": _l("A leader's desk"), "measure": _l("One measure"), "all": _l("All measures"),
}  # fmt: skip
EVERY_WORDS: dict[str, Any] = {"weekly": _l("Every week"), "monthly": _l("Every month")}
FORM_WORDS: dict[str, Any] = {"none": _l("Nothing"), "csv": _l("A file for a spreadsheet (CSV)"), "pdf": _l("PDF")}
_LOOKS = Path(__file__).parent / "print.css"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its interval as points from the left of a drawing."""

    at: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Section:
    """One measure: its lines, each with a drawing where there is something to draw."""

    measure: Measure
    rows: list[tuple[Line, Drawn | None]]


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    place: str
    since: datetime
    until: datetime
    zone: tzinfo
    sections: list[Section]


def title_of(report: str, measure: str | None) -> str:
    return str(MEASURES[measure].words) if measure else str(REPORT_WORDS[report])


def report_of(title: str, measures: Sequence[str], part: Part, zone: tzinfo) -> Report:
    """Measure a part of the company; what is too few to say is left out of every line."""
    names = figures.names_of(people.sites(), people.teams())
    places = [names.of("site", site_id) for site_id in part.site_ids]
    if part.team_id is not None:
        places.append(names.of("team", part.team_id))
    sections = []
    for name in measures:
        measure = MEASURES[name]
        # Bands of amounts with too few would fill pages with nothing; they stand on the measure's own page.
        found = [
            one for one in figure_queries.figures(name, part, part.until) if one.value is not None or ":" not in one.key
        ]
        lines = measure_sheet.lines(measure, found, names)
        sections.append(Section(measure, list(zip(lines, _drawn(measure, found), strict=True))))
    return Report(title, ", ".join(places), part.since, part.until, zone, sections)


def _drawn(measure: Measure, found: Sequence[Figure]) -> list[Drawn | None]:
    """On one scale for all of a measure: shares from 0 to 1, others up to their largest; what goes below zero isn't drawn."""
    said = [bound for one in found for bound in (one.value, one.low, one.high) if bound is not None]
    most = 1.0 if measure.unit == "share" else max(said, default=0.0)
    if most <= 0 or min(said, default=0) < 0:
        return [None] * len(found)

    def at(value: float | None) -> float | None:
        return None if value is None else round(value / most * WIDTH, 1)

    return [Drawn(at(one.value) or 0.0, at(one.low), at(one.high)) if one.value is not None else None for one in found]


def on_paper(report: Report) -> bytes:
    """Lay a report out on A4, tagged for screen readers. Raises PrinterMissing. Slow: before any deed."""
    from app.ui.paper import pdf  # the printer is heavy: only whoever prints loads it

    page = render("insights/report_print.html", report=report, width=WIDTH, language=locale_name().replace("_", "-"))
    return pdf(page, _LOOKS.read_text(encoding="utf-8"))


def as_csv(measures: Sequence[str], part: Part) -> tuple[bytes, int]:
    """The same figures for a spreadsheet, and how many rows they are."""
    rows: list[list[Cell]] = []
    said_of = measure_sheet.said_of(figures.names_of(people.sites(), people.teams()))
    for name in measures:
        found = figure_queries.figures(name, part, part.until)
        rows += rows_of(MEASURES[name], found, iso(part.since), iso(part.until), said_of(MEASURES[name]))
    return csv_bytes(HEADER, rows), len(rows)


def render(template: str, **given: Any) -> str:
    """Render a template without a request: what pages know about their reader isn't there."""
    return current_app.jinja_env.get_template(template).render(**given)


def place_words(site_id: int | None, team_id: int | None, names: figures.Names) -> str:
    if site_id is None:
        return _("All that I may see")
    site = names.of("site", site_id)
    return site if team_id is None else f"{site}, {names.of('team', team_id)}"
