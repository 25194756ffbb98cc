"""The steps of a review, who takes them, and which cases are drawn. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal

from app.audit.rules import canonical

State = Literal["self_assessment", "conversation", "signing", "closed"]
Side = Literal["employee", "reviewer"]
STATES: tuple[State, ...] = ("self_assessment", "conversation", "signing", "closed")
ROLES = ("frontline", "supervisor", "manager", "hr")  # whose outcomes are reviewed
READERS = ("hr", "manager")  # who may look at a review a second time
AREAS = ("honesty", "promises", "fairness")
TONES = ("praise", "concern")
TEXT_MIN, TEXT_MAX = 3, 4_000
PERIOD_DAYS_MIN, PERIOD_DAYS_MAX = 28, 400
DRAWN = 5
CHOSEN_MAX = 5
APPEAL_DAYS = 30
SETTLED_AFTER = timedelta(days=30)  # a resolution counts as lasting when this much time has passed

# (state, deed) → who may do it. What isn't here can't be done then, by nobody.
STEPS: Mapping[tuple[State, str], Side | Literal["both"]] = {
    ("self_assessment", "assess"): "employee",
    ("self_assessment", "comment"): "employee",
    ("self_assessment", "choose"): "employee",
    ("conversation", "comment"): "employee",
    ("conversation", "choose"): "employee",
    ("conversation", "note"): "reviewer",
    ("conversation", "conduct"): "reviewer",
    ("conversation", "lock"): "reviewer",
    ("signing", "sign"): "both",
    ("signing", "unlock"): "both",
    ("closed", "appeal"): "employee",
}


def may_open(*, opener_role: str | None, opener_id: int | None, employee_role: str, manager_id: int | None) -> bool:
    """HR reviews everybody but HR; people in HR are reviewed by their own manager, so that HR never judges itself."""
    if employee_role == "hr":
        return opener_role in READERS and opener_id is not None and opener_id == manager_id
    return opener_role == "hr"


def may(state: str, deed: str, side: Side | None) -> bool:
    """Tell whether a side takes a step now."""
    wanted = STEPS.get((state, deed))  # type: ignore[arg-type]
    return side is not None and wanted in (side, "both")


def draw(case_ids: Sequence[int], seed: int, count: int = DRAWN) -> list[int]:
    """Choose cases at random; the same cases and seed choose the same, whatever their order."""
    known = sorted(set(case_ids))
    picked = Random(seed).sample(known, min(count, len(known)))  # noqa: S311 - a recorded draw, no secret
    return sorted(picked)


def period_mistake(since_on: date, until_on: date, today: date) -> str | None:
    """Name what is wrong with a period (until_on exclusive): order, ahead, short or long; None when nothing is."""
    if since_on >= until_on:
        return "order"
    if until_on > today:
        return "ahead"
    days = (until_on - since_on).days
    if days < PERIOD_DAYS_MIN:
        return "short"
    return "long" if days > PERIOD_DAYS_MAX else None


def can_appeal(closed_at: datetime | None, now: datetime) -> bool:
    return closed_at is not None and now < closed_at + timedelta(days=APPEAL_DAYS)


def content_hash(content: Mapping[str, Any]) -> str:
    """Name exactly what is signed: figures, words, cases and conduct items."""
    return hashlib.sha256(canonical(dict(content))).hexdigest()
