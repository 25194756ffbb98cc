"""The pulse: its scales, what one answer comes to, and which totals may be shown without telling on fewer than five. Pure.

Source of the construct: Spreitzer 1995, psychological empowerment: meaning, competence, self-determination, impact; three
statements each, 1 to 7. The statements are our own words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from typing import Literal

from app.insights.mean_rules import mean_interval
from app.insights.rules import Share, share

SCALES = ("meaning", "competence", "self_determination", "impact")
PER_SCALE = 3
ITEMS = tuple(f"{scale}_{number}" for scale in SCALES for number in range(1, PER_SCALE + 1))
LEAST, MIDDLE, MOST = 1, 4, 7
SAID_MIN = 2  # of a scale's three statements; with fewer the scale counts as not said
GROUP_MIN = 5  # a team with fewer answers shows nothing
OPEN_MIN, OPEN_MAX = timedelta(days=3), timedelta(days=60)
NAME_MIN, NAME_MAX = 3, 80
# Means are added up in sixths, the common measure of halves and thirds, so that sums of parts are exact.
SIXTHS = 6

UnitKind = Literal["team", "site", "region", "company"]


@dataclass(frozen=True, slots=True)
class Sums:
    """Scores of one scale added up: how many, their sum in sixths, and the sum of the squared sixths."""

    count: int = 0
    sixths: int = 0
    squares: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.count + other.count, self.sixths + other.sixths, self.squares + other.squares)


@dataclass(frozen=True, slots=True)
class Group:
    """One group that was asked, with what its answers add up to; a sum for each of SCALES."""

    id: int
    site_id: int
    team_id: int | None
    region_id: int | None
    asked: int
    answered: int
    sums: tuple[Sums, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        return (self.answered, *(one.count for one in self.sums))


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """Whose total it is: a team, a site, a region or the company (id 0)."""

    kind: UnitKind
    id: int


COMPANY = Unit("company", 0)


@dataclass(frozen=True, slots=True)
class ScaleFigure:
    """A scale's mean with its 95 % interval, all within 1..7."""

    scale: str
    count: int
    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Say agree or disagree where the whole interval lies on one side of the middle of 1..7, else open."""
        return "agree" if self.low > MIDDLE else "disagree" if self.high < MIDDLE else "open"


@dataclass(frozen=True, slots=True)
class Total:
    """What may be shown of a unit: how many answered of how many asked, and the four scales."""

    unit: Unit
    rate: Share
    scales: tuple[ScaleFigure, ...]


def score(values: Sequence[int | None]) -> float | None:
    """Return what one person's statements of a scale come to: their mean; None when fewer than SAID_MIN were said."""
    said = [value for value in values if value is not None]
    return sum(said) / len(said) if len(said) >= SAID_MIN else None


def is_enough(counts: Iterable[int]) -> bool:
    """Tell whether everything counted, the answers and each scale, comes from GROUP_MIN people at least."""
    return all(count >= GROUP_MIN for count in counts)


def tells_on_nobody(counts: Iterable[int]) -> bool:
    """Tell whether what a total leaves over beside its shown parts is nobody, or GROUP_MIN people at least."""
    return all(count == 0 or count >= GROUP_MIN for count in counts)


def shown(groups: Sequence[Group]) -> dict[Unit, tuple[Group, ...]]:
    """Choose which totals of a closed pulse may be shown, to anybody at all; what a reader sees is a part of it.

    A total is shown when it is enough and the rest that is left when the shown parts are taken off it tells on nobody
    (complementary suppression). Teams lie in sites, sites in regions, these in the company, so no sum or difference of
    shown totals is about 1 to GROUP_MIN - 1 people, whoever puts together what they see.
    """
    found: dict[Unit, tuple[Group, ...]] = {}
    covered: set[int] = set()
    levels: tuple[UnitKind, ...] = ("team", "site", "region", "company")
    for level in levels:
        for unit, parts in _units(groups, level):
            rest = [one for one in parts if one.id not in covered]
            if is_enough(_added(parts)) and tells_on_nobody(_added(rest)):
                found[unit] = parts
        covered.update(one.id for unit, parts in found.items() if unit.kind == level for one in parts)
    return found


def units(groups: Sequence[Group]) -> tuple[Unit, ...]:
    """Everything that was asked, from the company down to its teams; not in the order of any figure."""
    levels: tuple[UnitKind, ...] = ("company", "region", "site", "team")
    return tuple(unit for level in levels for unit, _parts in _units(groups, level))


def _units(groups: Sequence[Group], kind: UnitKind) -> list[tuple[Unit, tuple[Group, ...]]]:
    found: dict[Unit, list[Group]] = {}
    for one in groups:
        unit_id = {"team": one.team_id, "site": one.site_id, "region": one.region_id, "company": 0}[kind]
        if unit_id is not None:
            found.setdefault(Unit(kind, unit_id), []).append(one)
    return [(unit, tuple(parts)) for unit, parts in sorted(found.items())]


def _added(groups: Sequence[Group]) -> tuple[int, ...]:
    return tuple(sum(one.counts[place] for one in groups) for place in range(1 + len(SCALES)))


def total_of(unit: Unit, groups: Sequence[Group]) -> Total:
    """Work out the figures of a unit that may be shown."""
    figures = []
    for place, scale in enumerate(SCALES):
        sums = sum((one.sums[place] for one in groups), Sums())
        mean = sums.sixths / sums.count / SIXTHS
        spread = max(0.0, sums.squares - sums.sixths**2 / sums.count) / (sums.count - 1)
        low, high = mean_interval(sums.count, mean, sqrt(spread) / SIXTHS, least=LEAST, most=MOST)
        figures.append(ScaleFigure(scale, sums.count, mean, low, high))
    rate = share(sum(one.answered for one in groups), sum(one.asked for one in groups))
    return Total(unit, rate, tuple(figures))
