"""What a customer agreed to, and four flags about what happened to her. Pure.

Source of the flags: Magnini et al. 2007, J. Services Marketing 21(3): after a failure that was severe,
not the first, of a stable cause, or under the company's control, making it good does not make a customer more loyal than
she was before.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# Purpose → whether it holds while the customer said nothing: what is sent to her needs her yes, what only helps her doesn't.
PURPOSES = {"suggestions": True, "updates": False, "marketing": False}
SOURCES = ("desk", "phone", "email", "letter", "web", "import")
CHANNELS = ("phone", "email", "letter", "desk")
WISHES_MAX = 300
FLAGS = ("severe", "repeated", "stable_cause", "under_control")
SEVERE_MIN = 3
LOOK_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer about one purpose: when the customer said it, how, and who wrote it down."""

    id: int
    purpose: str
    given: bool
    said_at: datetime
    source: str
    recorded_at: datetime
    recorded_by: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """Where a purpose stands: `holds` is what programs ask; `last` is None while nothing was said."""

    purpose: str
    holds: bool
    last: Said | None


def consents(answers: Iterable[Said]) -> tuple[Consent, ...]:
    """Return every purpose with the last word on it: the one said last, and of two at one instant the one recorded last."""
    last: dict[str, Said] = {}
    for answer in sorted(answers, key=lambda one: (one.said_at, one.id)):
        last[answer.purpose] = answer
    return tuple(
        Consent(purpose, last[purpose].given if purpose in last else by_default, last.get(purpose))
        for purpose, by_default in PURPOSES.items()
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """One case of a customer, as far as the flags ask. cause: the root cause that was found, else None."""

    case_ref: str
    category: str
    cause: str | None
    severity: int
    attribution: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """One answer with its evidence, the newest case first. `about`: the cause or category that came back."""

    code: str
    is_up: bool
    evidence: tuple[str, ...] = ()
    about: str | None = None


def flags(cases: Sequence[Failure], now: datetime) -> tuple[Flag, ...]:
    """Answer the four questions over the failures of the last LOOK_BACK; a kind gesture (severity 0) is none.

    severe: one of severity SEVERE_MIN or more. repeated: two or more. stable_cause: two or more of one root cause, or of
    one category where no cause was found. under_control: one that is the company's to answer for.
    """
    failed = [case for case in cases if case.severity > 0 and now - LOOK_BACK < case.occurred_at <= now]
    failed.sort(key=lambda case: case.occurred_at, reverse=True)
    severe = [case for case in failed if case.severity >= SEVERE_MIN]
    ours = [case for case in failed if case.attribution == "company"]
    about, again = _again(failed)
    return (
        _flag("severe", severe),
        _flag("repeated", failed if len(failed) > 1 else []),
        _flag("stable_cause", again, about),
        _flag("under_control", ours),
    )


def _again(failed: Sequence[Failure]) -> tuple[str | None, list[Failure]]:
    """What came back most often, and its cases."""
    groups: dict[tuple[str, str], list[Failure]] = defaultdict(list)
    for case in failed:
        groups[("cause", case.cause) if case.cause else ("category", case.category)].append(case)
    (kind, name), found = max(groups.items(), key=lambda pair: len(pair[1]), default=(("", ""), []))
    return (f"{kind}:{name}", found) if len(found) > 1 else (None, [])


def _flag(code: str, evidence: Sequence[Failure], about: str | None = None) -> Flag:
    return Flag(code, bool(evidence), tuple(case.case_ref for case in evidence), about)
