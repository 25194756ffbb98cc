"""What a clock was at a past moment, from the facts kept of it: how it is now, its pauses, and each change with its before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.kernel.time import parse_instant
from app.sla.rules import Facts


@dataclass(frozen=True, slots=True)
class Change:
    """One deed on a clock; `before` and `after` hold the stored values (changes.STORED), instants as ISO text."""

    at: datetime
    kind: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rest:
    """A pause. made_afterwards: written down when the clock was let run on, for the time in which it had stopped."""

    from_at: datetime
    to_at: datetime | None
    made_afterwards: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A clock as it stood: the facts known then, the hours it counted in, and the deadline that was stored."""

    facts: Facts
    calendar_version_id: int | None
    stored_due_at: datetime | None


def values_at(now: Mapping[str, Any], changes: Sequence[Change], at: datetime) -> Mapping[str, Any]:
    """The stored values as they were at `at`. now: as they are; changes: ascending."""
    found = changes[0].before if changes else now
    for change in changes:
        if change.at > at:
            break
        found = change.after
    return found


def past(
    started_at: datetime, now: Mapping[str, Any], changes: Sequence[Change], rests: Sequence[Rest], at: datetime
) -> Past:
    """Recompute what is needed to say what the clock showed at `at`."""
    values = values_at(now, changes, at)
    pauses = tuple(
        (rest.from_at, None if rest.to_at is not None and rest.to_at > at else rest.to_at)
        for rest in rests
        if rest.from_at <= at and not (rest.made_afterwards and rest.to_at is not None and rest.to_at > at)
    )
    facts = Facts(
        values["target_seconds"],
        started_at,
        _instant(values["stopped_at"]),
        _instant(values["cancelled_at"]),
        _instant(values["breached_at"]),
        pauses,
    )
    return Past(facts, values["calendar_version_id"], _instant(values["due_at"]))


def _instant(text: Any) -> datetime | None:
    return parse_instant(text) if isinstance(text, str) else text
