"""Whether a score tells more from less: what became of customers by tenths of it, and one sentence of what may be concluded. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.insights.rules import Share, share

GROUPS = 10
HITS_MIN, COUNT_MIN = 10, 100
Verdict = Literal["few", "holds", "reversed", "unclear"]


@dataclass(frozen=True, slots=True)
class Graded:
    """One customer once: the points just before an instant, and whether what is asked about came after it."""

    points: int
    hit: bool


@dataclass(frozen=True, slots=True)
class Tenth:
    """number: 1 (lowest points) to 10. low, high: its points, both inclusive. share: how many of them it happened to."""

    number: int
    low: int
    high: int
    share: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """tenths: those that hold anybody, the lowest first. lower, upper: the tenths 1 to 5 and 6 to 10 together."""

    tenths: tuple[Tenth, ...]
    lower: Share
    upper: Share
    everybody: Share

    @property
    def verdict(self) -> Verdict:
        """What may be said: `holds` and `reversed` only where the 95 % intervals of the halves don't touch.

        Never below COUNT_MIN customers or with fewer than HITS_MIN of either outcome; a half without anybody leaves it unclear.
        """
        k, n = self.everybody.successes, self.everybody.trials
        if n < COUNT_MIN or min(k, n - k) < HITS_MIN:
            return "few"
        if self.lower.low is None or self.lower.high is None or self.upper.low is None or self.upper.high is None:
            return "unclear"
        return (
            "holds"
            if self.lower.high < self.upper.low
            else "reversed"
            if self.upper.high < self.lower.low
            else "unclear"
        )


def calibrate(graded: Iterable[Graded]) -> Calibration:
    """Part customers into tenths by their points.

    The tenth of a customer is 1 + ⌊10 × (how many have fewer points) ÷ n⌋, so equal points always lie in one tenth, and a tenth
    may be empty. Worked value: points 0, 0, 0, 5, 9 of five customers lie in tenths 1, 1, 1, 7 and 9.
    """
    rows = sorted(graded, key=lambda one: one.points)
    below: dict[int, int] = {}
    for place, one in enumerate(rows):
        below.setdefault(one.points, place)
    groups: dict[int, list[Graded]] = {}
    for one in rows:
        groups.setdefault(1 + GROUPS * below[one.points] // len(rows), []).append(one)
    tenths = tuple(
        Tenth(number, members[0].points, members[-1].points, _share(members))
        for number, members in sorted(groups.items())
    )
    half = GROUPS // 2
    lower = [one for number, members in groups.items() if number <= half for one in members]
    upper = [one for number, members in groups.items() if number > half for one in members]
    return Calibration(tenths, _share(lower), _share(upper), _share(rows))


def _share(rows: list[Graded]) -> Share:
    return share(sum(one.hit for one in rows), len(rows))
