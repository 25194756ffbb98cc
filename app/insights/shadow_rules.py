"""What a draft in the shadow answered, and how often it agrees. Pure."""

from dataclasses import dataclass
from datetime import datetime

from app.insights.rules import Share, share


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a draft beside the live one."""

    remedy_id: int
    at: datetime
    live: str
    shadow: str
    clause: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often both answered alike, and the ways in which they differ: (live, shadow) → count."""

    asked: int
    pairs: dict[tuple[str, str], int]

    @property
    def differing(self) -> int:
        return sum(count for (live, shadow), count in self.pairs.items() if live != shadow)

    @property
    def alike(self) -> Share:
        return share(self.asked - self.differing, self.asked)
