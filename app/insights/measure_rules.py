"""What a measure is. Pure."""

from dataclasses import dataclass
from typing import Any, Literal

from app.insights.rules import COUNT_MIN

Unit = Literal["share", "seconds", "ratio", "count"]
Credit = Literal["resolver", "giver", "decider", "keeper", ""]
Quadrant = Literal["customer", "employee", "process", "money"]
Tails = Literal["both", "low", "high", "none"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. name: as in addresses, stable. credited_to: whose counts a case belongs to; empty where it is nobody's.

    in_review: whether a review of one person may show it. watched: which tail asks for a closer look, never which is good.
    counted, of: what k and n count. n_min: below it no figure leaves the server.
    """

    name: str
    words: Any
    definition: Any
    formula: Any
    source: str
    not_for: Any
    unit: Unit = "share"
    credited_to: Credit = ""
    in_review: bool = False
    quadrant: Quadrant = "process"
    watched: Tails = "both"
    n_min: int = COUNT_MIN
