"""Which target a clock gets: by severity, narrowed by segment, channel and site. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One line of a policy version; an empty part fits everything."""

    severity: int
    milestone: str
    seconds: int
    segment: str | None = None
    channel: str | None = None
    site_id: int | None = None

    @property
    def is_narrow(self) -> bool:
        return (self.segment, self.channel, self.site_id) != (None, None, None)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a case is like, as far as targets ask."""

    severity: int
    segment: str | None = None
    channel: str | None = None
    site_id: int | None = None


def target_of(targets: Iterable[Target], milestone: str, traits: Traits) -> Target | None:
    """The line that holds: of those that fit, the one that names most; between equals site before segment before channel.

    Worked value: 8 hours for severity 2, 4 hours for severity 2 by e-mail and 1 hour at site 3: an e-mail at site 3 has 1 hour.
    """
    fitting = [line for line in targets if line.milestone == milestone and _fits(line, traits)]
    return max(fitting, key=_narrowness, default=None)


def targets_of(targets: Iterable[Target], traits: Traits) -> dict[str, int]:
    """Seconds by milestone, for every milestone that the case has a target for."""
    lines = [line for line in targets if _fits(line, traits)]
    found: dict[str, Target] = {}
    for line in lines:
        held = found.get(line.milestone)
        if held is None or _narrowness(line) > _narrowness(held):
            found[line.milestone] = line
    return {milestone: line.seconds for milestone, line in found.items()}


def _fits(line: Target, traits: Traits) -> bool:
    return (
        line.severity == traits.severity
        and line.segment in (None, traits.segment)
        and line.channel in (None, traits.channel)
        and line.site_id in (None, traits.site_id)
    )


def _narrowness(line: Target) -> tuple[int, bool, bool, bool]:
    named = (line.site_id is not None, line.segment is not None, line.channel is not None)
    return (sum(named), *named)
