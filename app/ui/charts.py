"""Where the marks of a drawn figure stand. Widths are percent of the drawing, heights pixels, so text keeps its size."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Say = Callable[[float], str]
HEAT_STEPS = 7
INSET = 2.0  # percent kept free at both sides, so that a dot at the edge is whole


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar: its kind (a CSS suffix), start and width in percent."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: percent along it (or pixels down), its words, and how the words are anchored."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Bar:
    """One labelled row of one or more parts; `text` is what stands beside it."""

    label: str
    text: str
    parts: tuple[Part, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BarChart:
    rows: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Stroke:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Line:
    """One series: strokes between neighbours that both have a value; a gap stays a gap."""

    name: str
    dots: tuple[Dot, ...]
    strokes: tuple[Stroke, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """`scale_width` is the room that the words of the upright scale need, in pixels."""

    height: int
    scale_width: int
    base: float
    lines: tuple[Line, ...]
    labels: tuple[str, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """What one row of an interval plot says: `successes` of `trials`, bounds and target as ratios 0..1.

    `low` and `high` None mean: too few to say a proportion; nothing is drawn then.
    """

    label: str
    successes: int
    trials: int
    low: float | None
    high: float | None
    target: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """A row placed in percent; `x` None when there are too few to draw."""

    label: str
    of_text: str
    range_text: str
    x: float | None
    low: float | None
    high: float | None
    target: float | None
    note: str


@dataclass(frozen=True, slots=True)
class IntervalPlot:
    rows: tuple[IntervalRow, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def plain(value: float) -> str:
    """Say a number without a useless fraction."""
    return f"{value:g}"


def nice_ceiling(value: float) -> float:
    """Return the next round number at or above value, 1 for nothing; half of it is round too."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def _share(value: float, top: float) -> float:
    return round(100 * value / top, 2) if top > 0 else 0.0


def _inset(ratio: float) -> float:
    return round(INSET + (100 - 2 * INSET) * min(max(ratio, 0.0), 1.0), 2)


def _anchor(at: float) -> str:
    return "start" if at <= 5 else "end" if at >= 95 else "middle"


def bar_parts(*, limit: int, settled: int, reserved: int, ask: int = 0) -> tuple[Part, ...]:
    """Place what is used and asked of a limit, in whole units of any kind; what goes over is shown as over.

    The bar is as long as the limit, or as everything when that is more; then the limit's edge is marked.
    """
    total = settled + reserved + ask
    top = max(limit, total, 1)
    parts, start = [], 0
    for kind, amount in (("settled", settled), ("reserved", reserved), ("ask", ask)):
        inside = max(0, min(amount, limit - start))
        if inside:
            parts.append(Part(kind, _share(start, top), _share(inside, top)))
        start += amount
    if total > limit:
        parts.append(Part("over", _share(limit, top), _share(total - limit, top)))
        parts.append(Part("edge", max(0.0, round(_share(limit, top) - 0.3, 2)), 0.6))
    return tuple(parts)


def bar_chart(items: Sequence[tuple[str, float]], *, say: Say = plain, top: float | None = None) -> BarChart:
    """Place one bar per (label, value >= 0)."""
    ceiling = nice_ceiling(top if top is not None else max((value for _label, value in items), default=0))
    rows = tuple(Bar(label, say(v), (Part("1", 0, _share(v, ceiling)),), (say(v),)) for label, v in items)
    return BarChart(rows, _ticks(ceiling, say))


def stacked_bars(names: Sequence[str], items: Sequence[tuple[str, Sequence[float]]], *, say: Say = plain) -> BarChart:
    """Place one bar per (label, values), a part for each name; parts differ in colour and stand in the same order."""
    ceiling = nice_ceiling(max((sum(values) for _label, values in items), default=0))
    rows = []
    for label, values in items:
        start, parts = 0.0, []
        for index, value in enumerate(values):
            if value > 0:
                parts.append(Part(str(index % 5 + 1), _share(start, ceiling), _share(value, ceiling)))
            start += value
        rows.append(Bar(label, say(sum(values)), tuple(parts), tuple(say(value) for value in values)))
    return BarChart(tuple(rows), _ticks(ceiling, say), tuple(names))


def _ticks(ceiling: float, say: Say) -> tuple[Tick, ...]:
    return tuple(Tick(at, say(ceiling * at / 100), _anchor(at)) for at in (0.0, 50.0, 100.0))


def line_chart(
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    say: Say = plain,
    height: int = 200,
    x_ticks_max: int = 6,
) -> LineChart:
    """Place one line per (name, values), values aligned with labels and None where nothing is known."""
    head, base = 12.0, float(height - 26)
    known = [value for _name, values in series for value in values if value is not None]
    ceiling = nice_ceiling(max(known, default=0))
    last = max(len(labels) - 1, 1)

    def dot(index: int, value: float) -> Dot:
        x = round(100 * index / last, 2) if len(labels) > 1 else 50.0
        return Dot(x, round(base - (base - head) * value / ceiling, 1), say(value))

    lines = []
    for name, values in series:
        placed = [None if value is None else dot(index, value) for index, value in enumerate(values)]
        pairs = zip(placed, placed[1:], strict=False)
        strokes = tuple(Stroke(a.x, a.y, b.x, b.y) for a, b in pairs if a is not None and b is not None)
        texts = tuple("–" if value is None else say(value) for value in values)
        lines.append(Line(name, tuple(found for found in placed if found is not None), strokes, texts))
    y_ticks = tuple(Tick(round(base - (base - head) * part, 1), say(ceiling * part)) for part in (0.0, 0.5, 1.0))
    scale_width = 10 + 7 * max(len(tick.text) for tick in y_ticks)
    return LineChart(height, scale_width, base, tuple(lines), tuple(labels), _x_ticks(labels, x_ticks_max), y_ticks)


def _x_ticks(labels: Sequence[str], most: int) -> tuple[Tick, ...]:
    """Choose at most `most` labels at equal distances, beginning with the first."""
    if len(labels) <= 1:
        return tuple(Tick(50.0, text) for text in labels)
    last = len(labels) - 1
    chosen = range(0, len(labels), math.ceil(len(labels) / most))
    return tuple(Tick(at := round(100 * index / last, 2), labels[index], _anchor(at)) for index in chosen)


def interval_plot(rows: Sequence[Interval], *, say: Say, of: Callable[[int, int], str]) -> IntervalPlot:
    """Place each proportion with its interval on one scale from 0 to 100 percent; every row also says k of n."""
    ticks = tuple(Tick(_inset(part), say(part)) for part in (0.0, 0.25, 0.5, 0.75, 1.0))
    return IntervalPlot(tuple(_interval_row(row, say, of) for row in rows), ticks)


def _interval_row(row: Interval, say: Say, of: Callable[[int, int], str]) -> IntervalRow:
    of_text = of(row.successes, row.trials)
    target = None if row.target is None else _inset(row.target)
    if row.low is None or row.high is None or row.trials == 0:
        return IntervalRow(row.label, of_text, "", None, None, None, target, row.note)
    middle = _inset(row.successes / row.trials)
    range_text = f"{say(row.low)}–{say(row.high)}"
    return IntervalRow(row.label, of_text, range_text, middle, _inset(row.low), _inset(row.high), target, row.note)


def heat_map(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float | None]]], *, say: Say = plain
) -> HeatMap:
    """Give each value one of 8 steps of shade, 0 for nothing; the number itself stands in the cell."""
    known = [value for _label, values in rows for value in values if value is not None]
    top = max(known, default=0)

    def cell(value: float | None) -> Cell:
        if value is None:
            return Cell(0, "–")
        return Cell(math.ceil(HEAT_STEPS * value / top) if top > 0 else 0, say(value))

    return HeatMap(tuple(columns), tuple((label, tuple(cell(value) for value in values)) for label, values in rows))
