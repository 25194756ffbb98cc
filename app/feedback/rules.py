"""What is asked after a resolution, when, whom, and which answer is a call for help. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

LINK = "survey"
ASKED_AFTER = timedelta(days=3)  # the habit of retail help desks after a refund
OPEN_FOR = timedelta(days=30)
FOLLOW_UP_SECONDS = 48 * 3_600  # wall clock, through weekends: the customer's point of view
COMMENT_MAX = 5_000
TEXT_MIN, TEXT_MAX = 3, 1_000
CSAT_LOW_MAX, NPS_LOW_MAX = 2, 6
CSAT_TOP_MIN, NPS_PROMOTER_MIN = 4, 9

# item: lowest and highest value. Three items of justice: outcome, process, treatment.
ITEMS: Mapping[str, tuple[int, int]] = {
    "csat": (1, 5),
    "nps": (0, 10),
    "ces": (1, 7),
    "outcome_fair": (1, 5),
    "process_fair": (1, 5),
    "treated_well": (1, 5),
}


@dataclass(frozen=True, slots=True)
class Scores:
    """One answer; an item that was left out is None."""

    csat: int | None = None
    nps: int | None = None
    ces: int | None = None
    outcome_fair: int | None = None
    process_fair: int | None = None
    treated_well: int | None = None

    def __post_init__(self) -> None:
        for item, (low, high) in ITEMS.items():
            value = getattr(self, item)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{item} lies between {low} and {high}")

    @property
    def is_empty(self) -> bool:
        return all(getattr(self, item) is None for item in ITEMS)


@dataclass(frozen=True, slots=True)
class Sums:
    """Count, sum and sum of squares of one item."""

    count: int
    total: int
    squares: int

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def half_width(self) -> float:
        """Half of the mean's 95 % interval by the normal approximation; count >= 2.

        Worked value: 1, 2, 3, 4, 5: the sample's variance is 2.5, so 1.96 x sqrt(2.5 / 5) = 1.39.
        """
        variance = max(0.0, (self.squares - self.total**2 / self.count) / (self.count - 1))
        return 1.96 * sqrt(variance / self.count)


def is_low(scores: Scores) -> bool:
    """Tell whether somebody should call: satisfied 1–2 of 5, or would recommend 0–6 of 10.

    Worked values: csat 2 is low, csat 3 isn't; nps 6 is low, nps 7 isn't; an answer without both isn't.
    """
    unhappy = scores.csat is not None and scores.csat <= CSAT_LOW_MAX
    return unhappy or (scores.nps is not None and scores.nps <= NPS_LOW_MAX)


def ask_at(resolved_at: datetime) -> datetime:
    """When the survey goes out."""
    return resolved_at + ASKED_AFTER


def is_open(sent_at: datetime | None, now: datetime) -> bool:
    """Tell whether a survey that went out may still be answered; the last instant is not included."""
    return sent_at is not None and now < sent_at + OPEN_FOR
