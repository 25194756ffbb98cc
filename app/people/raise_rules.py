"""Break-glass: who may take which higher role for a short time, and for how long; pure."""

from collections.abc import Mapping
from datetime import timedelta

# Own role -> roles that may be taken. An auditor's is the widest look that changes nothing.
TARGETS: Mapping[str, tuple[str, ...]] = {
    "supervisor": ("manager",),
    "manager": ("admin", "auditor"),
    "admin": ("manager", "auditor"),
}
MINUTES = (15, 30, 60)
REASON_MIN, REASON_MAX = 20, 500


def targets(role: str) -> tuple[str, ...]:
    """The roles that somebody of this own role may take; none for those who decide about nobody."""
    return TARGETS.get(role, ())


def lasts(minutes: int) -> timedelta:
    assert minutes in MINUTES
    return timedelta(minutes=minutes)
