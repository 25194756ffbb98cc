"""What similar cases got, as a band, and when an offer asks for a reason or a second look. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

COUNT_MIN = 20
SAMPLE_MAX = 200
LOSS_PERCENT = 150
LOSS_SOURCE = "Haesevoets et al. 2017, Judgment and Decision Making 12(2)"


@dataclass(frozen=True, slots=True)
class Band:
    """Where eight of ten precedents lie, both ends inside, in minor units; middle is the median."""

    count: int
    low_minor: int
    middle_minor: int
    high_minor: int

    def is_outside(self, minor: int) -> bool:
        return not self.low_minor <= minor <= self.high_minor


def band_of(amounts: Sequence[int]) -> Band | None:
    """Return the band of what was given, or None below COUNT_MIN precedents.

    The ends are nearest ranks, as SQL's percentile_disc gives them, so that anybody can check them.
    Worked value: 1 to 20 give 2, 10 and 18.
    """
    if len(amounts) < COUNT_MIN:
        return None
    found = sorted(amounts)
    low, middle, high = (found[-(-len(found) * percent // 100) - 1] for percent in (10, 50, 90))
    return Band(len(found), low, middle, high)


def is_far_above(total_minor: int, loss_minor: int | None) -> bool:
    """Tell whether a customer would get more than LOSS_PERCENT of the loss that they told; softly, nothing is refused.

    Source: LOSS_SOURCE: satisfaction rises up to about that and falls beyond it. Worked value: 150.01 for 100.00 is.
    """
    return loss_minor is not None and loss_minor > 0 and total_minor * 100 > loss_minor * LOSS_PERCENT
