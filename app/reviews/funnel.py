"""Where the marks of a funnel stand: limits, house, colleagues as unnamed rings, and one person. For pages and print.

Widths are in `width` units (100: percent of the drawing), heights in pixels, so that text keeps its size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from app.reviews.figure_rules import Figure, limits_along
from app.ui.charts import Tick, nice_ceiling

HEIGHT, HEAD, FOOT = 250, 12, 30
FIRST = 10
POINTS_MAX = 60
Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Place:
    x: float
    y: float
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Funnel:
    """The lines are lists of points as SVG writes them; rings stand in the order of their trials alone.

    lead_y: where the words beside the person's dot stand, away from the dot.
    """

    width: int
    height: int
    base: float
    house_y: float
    zone: str
    inner: tuple[str, str]
    outer: tuple[str, str]
    rings: tuple[Place, ...]
    me: Place
    lead_y: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def funnel(one: Figure, *, say: Say, count: Say, width: int = 100) -> Funnel | None:
    """Place one compared figure; None where there is nothing to compare with."""
    if not one.is_compared or one.house is None or one.n is None or one.adjusted is None:
        return None
    top_n = nice_ceiling(1.05 * max([one.n, *(n for n, _ in one.peers)]))
    step = max(1, ceil((top_n - FIRST) / POINTS_MAX))
    along = limits_along(one.house, range(FIRST, int(top_n) + 1, step))
    shown = [one.adjusted, *(at for _, at in one.peers)]
    edges = [limits.low / n for n, limits, _ in along] + [limits.high / n for n, limits, _ in along]
    bottom = max(0.0, floor(10 * min([*shown, *edges]) - 0.5) / 10)
    top = min(1.0, ceil(10 * max([*shown, *edges]) + 0.5) / 10)
    base = float(HEIGHT - FOOT)

    def x(n: float) -> float:
        return round(width * n / top_n, 2)

    def y(ratio: float) -> float:
        part = (min(max(ratio, bottom), top) - bottom) / (top - bottom)
        return round(base - (base - HEAD) * part, 1)

    lines = [
        [(x(n), y(getattr(limits[level], side) / n)) for n, *limits in along]
        for level in (0, 1)
        for side in ("low", "high")
    ]
    low, high, outer_low, outer_high = (" ".join(f"{at},{up}" for at, up in line) for line in lines)
    zone = " ".join(f"{at},{up}" for at, up in [*lines[0], *reversed(lines[1])])
    my_x = x(one.n)
    return Funnel(
        width, HEIGHT, base, y(one.house), zone, (low, high), (outer_low, outer_high),
        tuple(Place(x(n), y(at)) for n, at in one.peers),
        Place(my_x, y(one.adjusted), "end" if my_x > 0.6 * width else "start"),
        HEAD + 12.0 if y(one.adjusted) > base - 70 else base - 8,
        tuple(
            Tick(x(top_n * part), count(int(top_n * part)), "start" if not part else "end" if part == 1 else "middle")
            for part in (0.0, 0.5, 1.0)
        ),
        tuple(Tick(y(bottom + (top - bottom) * part), say(bottom + (top - bottom) * part)) for part in (0.0, 0.5, 1.0)),
    )  # fmt: skip
