"""Who may thank whom, who coaches whom, and what the evidence suggests to learn. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.kernel.references import ref

VALUES = ("care", "honesty", "courage", "ownership", "fairness")
TEXT_MIN, TEXT_MAX = 3, 1_000
SOON = timedelta(days=30)
LOOKBACK = timedelta(days=180)
# Single cases say nothing; this many with the same cause are worth a talk about learning, and no more than a talk.
CASES_MIN = 3
COACHES = ("supervisor", "manager", "hr")


@dataclass(frozen=True, slots=True)
class Certificate:
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to talk about. why: ended | ends | cause; name: the certificate; count: the cases behind a cause."""

    why: Literal["ended", "ends", "cause"]
    name: str = ""
    at: datetime | None = None
    case_ids: tuple[int, ...] = ()

    @property
    def case_refs(self) -> tuple[str, ...]:
        return tuple(ref("case", one) for one in self.case_ids)


def suggestions(
    certificates: Collection[Certificate], training_cases: Collection[int], now: datetime
) -> tuple[Suggestion, ...]:
    """What to learn, from certificates that ended or end soon and from cases whose cause was training."""
    newest: dict[str, datetime] = {}
    for one in certificates:
        newest[one.name] = max(one.expires_at, newest.get(one.name, one.expires_at))
    found = [
        Suggestion("ended" if ends <= now else "ends", name, ends)
        for name, ends in sorted(newest.items())
        if ends <= now + SOON
    ]
    if len(training_cases) >= CASES_MIN:
        found.append(Suggestion("cause", case_ids=tuple(sorted(training_cases))))
    return tuple(found)


def may_coach(
    *, coach_role: str | None, coach_site_id: int | None, coach_id: int | None, employee_id: int, employee_role: str,
    site_id: int, manager_id: int | None,
) -> bool:  # fmt: skip
    """A person's manager, for the frontline a supervisor of the same site, any manager and HR; never oneself."""
    if coach_id is None or coach_id == employee_id or coach_role not in COACHES:
        return False
    leads_here = coach_site_id == site_id and employee_role == "frontline"
    return coach_role in ("manager", "hr") or leads_here or coach_id == manager_id
