"""One kind of mishap as the demo tells it.

Amounts are whole US dollars; `company.py` turns them into a site's money. {room}, {floor}, {minutes} and {day} are filled in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """One kind of mishap. severity: lowest and highest. remedies: (kind, least, most) in dollars, 0 for none."""

    category: str
    stage: str  # one of cases.rules.STAGES
    severity: tuple[int, int]
    attribution: str
    summaries: tuple[str, ...]
    descriptions: tuple[str, ...]
    wishes: tuple[str, ...]
    remedies: tuple[tuple[str, int, int], ...]
    causes: tuple[tuple[str, str], ...]  # (one of cases.rules.CAUSES, in words)
    resolutions: tuple[str, ...]
    loss: tuple[int, int] = (0, 0)
    weight: int = 3
