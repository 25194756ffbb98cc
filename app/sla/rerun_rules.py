"""What new hours or targets do to one open clock. Pure: preview, command and job ask the same function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.calendars.rules import Calendar, Pause
from app.sla import rules
from app.sla.condition_rules import PolicyRules
from app.sla.rules import Facts

KINDS = ("hours", "targets", "both")
# What was told to a customer or set by law never moves.
MOVABLE = ("acknowledge", "first_response", "next_update", "resolve", "follow_up", "approval", "ola", "uc")


@dataclass(frozen=True, slots=True)
class Held:
    """An open clock as it is stored."""

    id: int
    case_id: int
    case_ref: str
    milestone: str
    severity: int
    site_id: int
    team_id: int | None
    owner_id: int | None
    target_seconds: int
    started_at: datetime
    soon_at: datetime | None
    due_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None
    told: int | None
    policy_version_id: int | None
    calendar_version_id: int | None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """What a clock would count by: target (None: the policy has none any more, so it is cancelled), hours and rules."""

    target_seconds: int | None
    policy_version_id: int | None
    calendar_version_id: int | None
    calendar: Calendar
    rules: PolicyRules


@dataclass(frozen=True, slots=True)
class Move:
    """What a re-run would store. is_new_breach: the deadline had passed unseen; that stays, wherever it moves."""

    held: Held
    values: dict[str, Any]
    is_new_breach: bool

    @property
    def is_moved(self) -> bool:
        """Does a deadline move, or end?"""
        return self.values["due_at"] != self.held.due_at or self.values["cancelled_at"] is not None


def move(held: Held, pauses: tuple[Pause, ...], aim: Aim, now: datetime) -> Move:
    """Work out the stored values of a clock under other hours or targets; what has elapsed counts under the new ones."""
    is_new_breach = held.breached_at is None and held.due_at is not None and held.due_at < now
    breached_at = held.due_at if is_new_breach else held.breached_at
    told = rules.told_of(held.told, held.warned_at, held.breached_at)
    told = rules.BREACH if is_new_breach else told  # the sweep tells of it, inside working hours
    cancelled_at = now if aim.target_seconds is None else None
    facts = Facts(
        aim.target_seconds or held.target_seconds,
        held.started_at,
        None,
        cancelled_at,
        breached_at,
        _ended(pauses, cancelled_at),
    )
    ends = rules.deadline(facts, aim.calendar)
    values = {
        "id": held.id,
        "target_seconds": facts.target_seconds,
        "policy_version_id": aim.policy_version_id,
        "calendar_version_id": aim.calendar_version_id,
        "soon_at": ends.soon_at,
        "due_at": ends.due_at,
        "breached_at": breached_at,
        "cancelled_at": cancelled_at,
        "told": told,
        "next_notice_at": rules.next_notice_at(facts, aim.calendar, aim.rules, told, historic=False),
    }
    return Move(held, values, is_new_breach)


def _ended(pauses: tuple[Pause, ...], at: datetime | None) -> tuple[Pause, ...]:
    """A clock that is cancelled ends its pause."""
    return pauses if at is None else tuple((begins, at if to is None else to) for begins, to in pauses)
