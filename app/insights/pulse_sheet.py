"""How a closed pulse is laid out for one reader: units by name, the figures of one of them, and its way through the pulses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.insights.pulse_queries import TREND_MAX, Reading
from app.insights.pulse_rules import COMPANY, LEAST, MOST, SCALES, Total, Unit
from app.insights.pulse_words import SCALE_WORDS, VERDICT_WORDS
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.people import queries as people
from app.people.models import Region
from app.ui.charts import INSET, IntervalPlot, IntervalRow, LineChart, Tick, line_chart
from app.ui.filters import date as date_words
from app.ui.filters import number

HEADER = (
    "pulse", "name", "opens_at", "closes_at", "unit", "unit_name", "asked", "answered", "rate_low_95", "rate_high_95", "scale",
    "n", "mean", "low_95", "high_95",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnitName:
    """A unit with its words; key: as it stands in an address, e.g. team-3."""

    unit: Unit
    words: str

    @property
    def key(self) -> str:
        return key_of(self.unit)


def key_of(unit: Unit) -> str:
    return unit.kind if unit == COMPANY else f"{unit.kind}-{unit.id}"


def named(units: Iterable[Unit]) -> list[UnitName]:
    """Name units: the company first, then regions, sites and teams, each by name and never by a figure. Three queries."""
    wanted = list(units)
    sites = {one.id: one.name for one in people.sites()} if wanted else {}
    teams = (
        {one.id: _("%(site)s, %(team)s", site=sites[one.site_id], team=one.name) for one in people.teams()}
        if wanted
        else {}
    )
    regions = {row.id: row.name for row in db.session.execute(select(Region.id, Region.name))} if wanted else {}
    gone = _("A part that is no more")
    words: Mapping[str, Mapping[int, str]] = {"site": sites, "team": teams, "region": regions}
    levels = ("company", "region", "site", "team")
    found = [UnitName(one, _("The company") if one == COMPANY else words[one.kind].get(one.id, gone)) for one in wanted]
    return sorted(found, key=lambda one: (levels.index(one.unit.kind), one.words, one.unit.id))


def unit_ref(unit: Unit) -> str:
    """The reference of a unit in files and the API, e.g. TE-3; "company" for the whole."""
    return "company" if unit == COMPANY else ref(unit.kind, unit.id)


def _place(value: float) -> float:
    return round(INSET + (100 - 2 * INSET) * (value - LEAST) / (MOST - LEAST), 2)


def plot(total: Total) -> IntervalPlot:
    """Place each scale's mean with its interval on the scale from 1 to 7."""
    ticks = tuple(Tick(_place(step), str(step)) for step in range(LEAST, MOST + 1))
    rows = tuple(
        IntervalRow(
            str(SCALE_WORDS[one.scale]), _("%(mean)s, n %(count)d", mean=number(one.mean, 1), count=one.count),
            f"{number(one.low, 1)}–{number(one.high, 1)}", _place(one.mean), _place(one.low), _place(one.high), None,
            str(VERDICT_WORDS[one.verdict]),
        )
        for one in total.scales
    )  # fmt: skip
    return IntervalPlot(rows, ticks)


def trend(readings: Sequence[Reading], unit: Unit) -> LineChart | None:
    """One line for each scale through the newest closed pulses, oldest first; where nothing may be shown a gap stays."""
    told = sorted(readings, key=lambda one: one.row.closes_at)[-TREND_MAX:]
    if sum(unit in one.totals for one in told) < 2:
        return None
    series: list[tuple[str, list[float | None]]] = [
        (
            str(SCALE_WORDS[scale]),
            [one.totals[unit].scales[place].mean if unit in one.totals else None for one in told],
        )
        for place, scale in enumerate(SCALES)
    ]
    return line_chart([str(date_words(one.row.closes_at)) for one in told], series, say=lambda value: number(value, 1))


def table(reading: Reading) -> list[list[Any]]:
    """Everything a reader may see of a pulse, one row for each unit and scale; what is hidden has no row."""
    row, rows = reading.row, []
    for one in named(reading.totals):
        total = reading.totals[one.unit]
        for scale in total.scales:
            rows.append(
                [
                    row.ref, row.name, iso(row.opens_at), iso(row.closes_at), unit_ref(one.unit), one.words, total.rate.trials,
                    total.rate.successes, _six(total.rate.low), _six(total.rate.high), scale.scale, scale.count,
                    _six(scale.mean), _six(scale.low), _six(scale.high),
                ]
            )  # fmt: skip
    return rows


def _six(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
