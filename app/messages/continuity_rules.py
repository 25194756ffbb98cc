"""What a case cost its customer: how often she changed the way, was passed on, or had to ask again. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a case's timeline: kind, when, its words and its data."""

    kind: str
    at: datetime
    text: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SoFar:
    """The effort, and what was said first and last.

    switches: from one way of contact to another. transfers: from one owner to the next. repeats: she wrote again before
    anybody answered. channels: the ways she came, in their order, each once.
    """

    switches: int
    transfers: int
    repeats: int
    channels: tuple[str, ...]
    first_said: Step | None
    last_said: Step | None
    last_told: Step | None


def so_far(steps: Iterable[Step]) -> SoFar:
    """Read the timeline, oldest first.

    Worked value: she telephones, mails, mails again unanswered, is answered, comes to the desk, and the case goes from
    Ana to Bo: 2 switches, 1 transfer, 2 repeats.
    """
    switches = transfers = repeats = 0
    channels: list[str] = []
    last: str | None = None
    waits = False
    first_said = last_said = last_told = None
    for step in steps:
        if step.kind in ("logged", "wrote"):
            channel = str(step.data.get("channel") or "")
            switches += last is not None and channel != last
            repeats += waits
            last, waits = channel, True
            channels.append(channel)
            if step.text:
                first_said, last_said = first_said or step, step
        elif step.kind in ("replied", "acknowledged"):
            waits = False
            last_told = step if step.text else last_told
        elif step.kind == "assigned":
            before, after = step.data.get("before") or {}, step.data.get("after") or {}
            transfers += before.get("owner") is not None and before.get("owner") != after.get("owner")
    return SoFar(switches, transfers, repeats, tuple(dict.fromkeys(channels)), first_said, last_said, last_told)
